/** Answers whose receipt shows sampling parameters: those that were asked for, and others. */
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { DEPENDENCY_ROLES } from '../../../src/core/receipt/disclosed.ts'
import { showParameters } from '../../../src/core/receipt/parameters.ts'
import type { Splice } from '../../../src/core/transform/splice.ts'
import type { AnswerRecipe } from '../../kit/issue-answer.ts'
import type { AnswerFixture } from './recipe.ts'

const ROLE = 'sampling-parameters'
const ASKED = { temperature: 0.7, seed: 42, stop: ['END'], max_tokens: 64 } as const
const REQUEST = encodeUtf8(
  '{"model":"demo","messages":[{"role":"user","content":"What does a receipt prove?"}],"temperature":0.7,"seed":42,"stop":["END"],"max_tokens":64}',
)

interface Shown {
  readonly used?: JsonObject
  readonly source?: 'client' | 'gateway'
  readonly splices?: readonly Splice[]
}

/** A receipt that shows these parameters, by name and by digest. */
function showing({ used = ASKED, source = 'client', splices = [] }: Shown): AnswerRecipe {
  const digest = { sha256: encodeHex(sha256(encodeJcs(used))) }
  const named = { name: showParameters(used), digest, annotations: { scheme: 'jcs', role: ROLE, source } }
  const dependencies = Object.fromEntries(DEPENDENCY_ROLES.map((role) => [role, role === ROLE ? [named] : 'none']))
  return { request: REQUEST, splices, disclosed: (values) => ({ ...values, dependencies }) }
}

/** A change of the gateway to its octets. */
function change(from: string, to: string): Splice {
  const at = decodeUtf8(REQUEST).indexOf(from)
  return { at, remove: encodeUtf8(from).length, insert: encodeUtf8(to), role: ROLE }
}

/** Behind all that the client wrote: a parser that keeps the last of two equal keys takes this one. */
function adding(member: string): Splice {
  return { at: REQUEST.length - 1, remove: 0, insert: encodeUtf8(`,${member}`), role: ROLE }
}

const without = (name: string): JsonObject => Object.fromEntries(Object.entries(ASKED).filter(([key]) => key !== name))

const GOOD: readonly (readonly [name: string, title: string, shown: Shown])[] = [
  ['as-asked', 'parameters as they were asked for', {}],
  [
    'resolved',
    'parameters that the engine resolved, the limit under its other name',
    {
      source: 'gateway',
      used: { ...without('max_tokens'), top_p: 1, n: 1, max_completion_tokens: 64 },
    },
  ],
  [
    'filled',
    'a default that the gateway filled in, as listed',
    { source: 'gateway', used: { ...ASKED, top_p: 0.9 }, splices: [adding('"top_p":0.9')] },
  ],
  [
    'renamed',
    'a limit that the gateway renamed, as listed',
    {
      source: 'gateway',
      used: { ...without('max_tokens'), max_completion_tokens: 64 },
      splices: [change('"max_tokens"', '"max_completion_tokens"')],
    },
  ],
  [
    'replaced',
    'a temperature that the gateway replaced, as listed',
    { source: 'gateway', used: { ...ASKED, temperature: 0 }, splices: [change('0.7', '0')] },
  ],
]

const BAD: readonly (readonly [name: string, title: string, shown: Shown])[] = [
  ['temperature', 'another temperature than was asked for', { used: { ...ASKED, temperature: 1 }, source: 'gateway' }],
  ['seed', 'another seed than was asked for', { used: { ...ASKED, seed: 43 }, source: 'gateway' }],
  ['limit', 'another limit under another name', { used: { ...without('max_tokens'), max_completion_tokens: 16 } }],
  ['dropped', 'a parameter that was left out', { used: without('temperature'), source: 'gateway' }],
  ['stop', 'another stop string in the name of the client', { used: { ...ASKED, stop: ['STOP'] } }],
  ['added', 'a parameter that the client did not give, in its name', { used: { ...ASKED, top_k: 1 } }],
  [
    'overridden',
    'a second temperature behind the one that was asked for',
    { source: 'gateway', used: { ...ASKED, temperature: 0 }, splices: [adding('"temperature":0')] },
  ],
]

export const PARAMETER_FIXTURES: readonly AnswerFixture[] = [
  ...GOOD.map(([name, title, shown]): AnswerFixture => {
    return { row: 'R16', name: `r16-${name}`, title, code: 'ok', recipe: showing(shown) }
  }),
  ...BAD.map(([name, title, shown]): AnswerFixture => {
    return { row: 'R16', name: `r16-${name}`, title, code: 'PARAMS_MISMATCH', recipe: showing(shown) }
  }),
]
