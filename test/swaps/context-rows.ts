/** Rows of tools, documents and memory. @module */
import { hidesOrder, hidesResult } from './hostile.ts'
import { CONFIGURATION, inConfiguration, inGateway, inServer, SAME, type Swap } from './plant.ts'
import { askRemembered, DOCUMENTS, TOOLS } from './questions.ts'
import { copyDocuments } from './world.ts'

export const CONTEXT_SWAPS: readonly Swap[] = [
  {
    name: 'tool schema',
    member: 'dependencies.tool-definitions',
    change: 'changed tool-definitions: weather',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: CONFIGURATION,
    ...inConfiguration(TOOLS, () => ({ townSchema: { type: 'string', description: 'With the name of who asks.' } })),
  },
  {
    name: 'tool result',
    member: 'exchange.tools.0.result',
    change: 'changed tool-call: weather__today: result',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `The tool server answers the same call otherwise. ${SAME}`,
    ...inServer(({ tools }) => {
      tools.weather = 'stormy'
      return () => {
        tools.weather = 'sunny'
      }
    }),
  },
  {
    name: 'tool result, hidden by the receipt',
    member: 'forwarded.transforms',
    change: 'changed transforms: tool-call',
    code: 'TOOL_TRANSCRIPT_MISMATCH',
    pinned: 'TOOL_TRANSCRIPT_MISMATCH',
    note: 'The receipt lists the result of the server, the model was given another one.',
    ...inGateway(TOOLS, { wrap: hidesResult('/today?town=Ulm: stormy') }),
  },
  {
    name: 'tool order',
    member: 'exchange.tools.*.tool',
    change: 'changed tool-call: weather__today',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `The model server makes the same two calls in another order. ${SAME}`,
    ...inServer(({ engine }) => {
      const { order } = engine
      engine.order = order.toReversed()
      return () => {
        engine.order = order
      }
    }),
  },
  {
    name: 'tool order, hidden by the receipt',
    member: 'exchange.tools.*.tool',
    change: 'changed tool-call: weather__today',
    code: 'TOOL_TRANSCRIPT_MISMATCH',
    pinned: 'TOOL_TRANSCRIPT_MISMATCH',
    note: 'The receipt lists the calls in another order than the model was given them.',
    ...inGateway(TOOLS, { wrap: hidesOrder() }),
  },
  {
    name: 'index (one chunk)',
    member: 'dependencies.retrieval-index',
    change: 'changed retrieval-index: docs',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `One word of one document. ${CONFIGURATION} With the old root the gateway does not begin.`,
    ...inConfiguration(DOCUMENTS, async ({ folder }) => ({
      documents: await copyDocuments(folder, (text) => text.replace('Sundays', 'Mondays')),
    })),
  },
  {
    name: 'memory (one turn)',
    member: 'dependencies.memory-before',
    change: 'changed memory-before: 2 messages',
    code: 'DEPENDENCY_UNPINNED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `The host puts the sealed state of another conversation in place. ${SAME} The chain of the receipts alone: STATE_CHAIN_BROKEN.`,
    ask: askRemembered,
  },
]
