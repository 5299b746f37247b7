/** Calls of tools between two answers: each planted change is its own row, and ids and times are none. */
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import type { ResourceDescriptor } from '../../../src/core/evidence/resource-descriptor.ts'
import { archiveOf, changesBetween, dependency, EXCHANGE, hex, type Planted, rowsBetween } from './answers.ts'

const call = (tool: string, more: JsonObject = {}): JsonObject => ({
  id: `call_${tool}`,
  by: 'gateway',
  tool,
  identity: `sha256:${hex('server')}`,
  schema: `sha256:${hex(`schema of ${tool}`)}`,
  arguments: `sha256:${hex('{}')}`,
  result: `sha256:${hex('result')}`,
  outcome: 'ok',
  duration_ms: 3,
  ...more,
})
const standingFor = (tools: readonly JsonObject[]): readonly ResourceDescriptor[] => [
  {
    name: `${tools.length} calls`,
    digest: { sha256: digestUri(encodeJcs(tools)).slice(7) },
    annotations: { scheme: 'jcs', role: 'tool-call', source: 'gateway' },
  },
]
const calling = (tools: readonly JsonObject[], more: JsonObject = {}): Planted => ({
  exchange: { ...EXCHANGE, tools, ...more },
  dependencies: { 'tool-call': standingFor(tools) },
})
const between = (before: readonly JsonObject[], after: readonly JsonObject[]): readonly string[] =>
  changesBetween(archiveOf(calling(before)), archiveOf(calling(after)))

const LOOK = call('docs__look')
const READ = call('docs__read')
const other = (text: string): string => `sha256:${hex(text)}`

describe('calls of tools', () => {
  it.each<[string, JsonObject, string]>([
    ['another schema', { schema: other('x') }, 'docs__look: schema'],
    ['another server', { identity: other('x') }, 'docs__look: identity'],
    ['other arguments', { arguments: other('x') }, 'docs__look: arguments'],
    ['another result', { result: other('x') }, 'docs__look: result'],
    ['another outcome', { outcome: 'timeout' }, 'docs__look: outcome'],
    ['another one who ran it', { by: 'client' }, 'docs__look: by'],
  ])('show %s as one row', (_, change, row) => {
    expect(between([LOOK, READ], [{ ...LOOK, ...change }, READ])).toEqual([`changed tool-call: ${row}`])
  })

  it('show what was left out, put in, or exchanged for another tool', () => {
    expect(between([LOOK, READ], [READ])).toEqual(['removed tool-call: docs__look'])
    expect(between([READ], [LOOK, READ])).toEqual(['added tool-call: docs__look'])
    expect(between([LOOK], [READ])).toEqual(['removed tool-call: docs__look', 'added tool-call: docs__read'])
  })

  it('show another order', () => {
    expect(between([LOOK, READ], [READ, LOOK])).toEqual(['changed tool-call: docs__look'])
    const rows = rowsBetween(archiveOf(calling([LOOK, READ])), archiveOf(calling([READ, LOOK])))
    expect(rows.filter(({ state }) => state === 'changed')).toMatchObject([{ before: 'place 1', after: 'place 2' }])
  })

  it('are the same whatever their ids and times', () => {
    expect(
      between(
        [LOOK, READ],
        [
          { ...LOOK, id: 'x', duration_ms: 900 },
          { ...READ, id: 'y' },
        ],
      ),
    ).toEqual([])
  })

  it('that are left to the client are shown by their arguments', () => {
    const asking = (text: string): Planted => ({
      exchange: { ...EXCHANGE, calls: [{ id: text, tool: 'weather', arguments: other(text) }] },
    })
    expect(changesBetween(archiveOf(asking('Ulm')), archiveOf(asking('Aalen')))).toEqual([
      'changed tool-call: weather, left to the client: arguments',
    ])
    expect(changesBetween(archiveOf(), archiveOf(asking('Ulm')))).toEqual([
      'added tool-call: weather, left to the client',
    ])
  })

  it('cannot be told where the exchange is withheld, but for their count', () => {
    const withheld = (tools: readonly JsonObject[]): Planted => ({
      ...calling(tools),
      disclosed: ({ exchange: _, ...rest }) => rest,
    })
    const rows = (before: Planted, after: Planted): readonly unknown[] =>
      rowsBetween(archiveOf(before), archiveOf(after))
        .filter(({ group, state }) => group === 'tool-call' && state !== 'same')
        .map(({ name, state }) => [name, state])
    const later = [{ ...LOOK, id: 'x' }, READ]
    expect(rows(calling([LOOK, READ]), withheld(later))).toEqual([['2 calls', 'unknown']])
    expect(rows(withheld([LOOK]), withheld([LOOK]))).toEqual([])
    const named = [dependency('tool-call', 'docs/search', 'x')]
    expect(rows(withheld([LOOK, READ]), { ...withheld([LOOK]), dependencies: { 'tool-call': 'none' } })).toEqual([
      ['2 calls', 'removed'],
    ])
    expect(
      rows(
        { dependencies: { 'tool-call': named } },
        { ...withheld([]), dependencies: { 'tool-call': [dependency('tool-call', 'docs/search', 'y')] } },
      ),
    ).toEqual([['docs/search', 'changed']])
  })

  it('do not come apart where records have no form', () => {
    const [odd, odder] = [{ tool: 7 }, 3].map((one) => archiveOf({ exchange: { ...EXCHANGE, tools: [one] } }))
    if (odd === undefined || odder === undefined) throw new Error('two answers')
    expect(changesBetween(odd, odder)).toEqual(['removed tool-call: 7'])
  })
})

describe('a run', () => {
  const at = (step: number, parent: string): Planted => ({
    exchange: { ...EXCHANGE, run: { step, parents: [other(parent)] } },
  })

  it('is shown by its steps, not by the receipts that it follows', () => {
    expect(changesBetween(archiveOf(at(1, 'a')), archiveOf(at(1, 'b')))).toEqual([])
    expect(changesBetween(archiveOf(at(1, 'a')), archiveOf(at(2, 'a')))).toEqual(['changed exchange: step of the run'])
  })
})
