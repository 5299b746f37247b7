/** Rows of the engine behind HTTP, and of what is sent to it. @module */
import { startTestEngine } from './engine.ts'
import { changesUnlisted, sendsOther } from './hostile.ts'
import { CONFIGURATION, checkingEngine, inConfiguration, inGateway, type Swap } from './plant.ts'
import { askBoth, FIELD, FIELDS } from './questions.ts'

const UNLISTED =
  'A gateway whose process lists no splice for it. The receipt gives the digest of what the engine really got.'
const CHANGED_CODE =
  'A gateway that lies about what it sent: no receipt can show that, its measurement does. The simulated TEE is told of another launch digest.'
const OTHER_CODE = new Uint8Array(48).fill(9)
const ADDED = ',"chat_template_kwargs":{"enable_thinking":false}'

export const FORWARDING_SWAPS: readonly Swap[] = [
  {
    name: 'upstream host',
    member: 'exchange.upstream.host',
    change: 'changed upstream: host',
    code: 'CONFIG_UNMEASURED',
    pinned: 'none',
    note: 'Another baseUrl, where a server gives the same answers. The digest of the configuration pins it; policy has no pin of its own.',
    ask: async (world) => {
      const other = await startTestEngine()
      const answers = askBoth(world, FIELDS, () => world.start({ engineOrigin: other.origin }))
      return answers.finally(() => other.close())
    },
  },
  {
    name: 'engine version',
    member: 'claims.engine.version',
    change: 'changed engine: version',
    code: 'CONFIG_UNMEASURED',
    pinned: 'DEPENDENCY_UNPINNED',
    note: `${CONFIGURATION} Of an engine behind HTTP the version is the word of its operator.`,
    ...inConfiguration(FIELDS, () => ({ engineVersion: '0.11.1' })),
  },
  {
    name: 'a field dropped before forwarding',
    member: 'forwarded.digest',
    change: 'changed transforms: forwarded octets',
    code: 'TRANSFORM_MISMATCH',
    pinned: 'TRANSFORM_MISMATCH',
    note: UNLISTED,
    ...checkingEngine(inGateway(FIELDS, { wrap: changesUnlisted({ drop: FIELD }) }), true),
  },
  {
    name: 'a field added after hashing',
    member: 'forwarded.digest',
    change: 'changed transforms: forwarded octets',
    code: 'TRANSFORM_MISMATCH',
    pinned: 'TRANSFORM_MISMATCH',
    note: UNLISTED,
    ...checkingEngine(inGateway(FIELDS, { wrap: changesUnlisted({ add: ADDED }) }), true),
  },
  {
    name: 'a field dropped by changed code',
    member: 'quote.measurements.measurement',
    change: 'changed code: measurement',
    code: 'MEASUREMENT_MISMATCH',
    pinned: 'none',
    note: CHANGED_CODE,
    ...checkingEngine(
      inGateway(FIELDS, {
        wrap: sendsOther((body) => body.replace(FIELD, '')),
        snp: { fields: { measurement: OTHER_CODE } },
      }),
      false,
    ),
  },
  {
    name: 'a field added by changed code',
    member: 'quote.measurements.measurement',
    change: 'changed code: measurement',
    code: 'MEASUREMENT_MISMATCH',
    pinned: 'none',
    note: CHANGED_CODE,
    ...checkingEngine(
      inGateway(FIELDS, {
        wrap: sendsOther((body) => body.replace(FIELD, `${FIELD}${ADDED}`)),
        snp: { fields: { measurement: OTHER_CODE } },
      }),
      false,
    ),
  },
]
