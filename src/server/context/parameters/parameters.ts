/** Sampling parameters of a model: what the gateway fills in where the client says nothing, and renames for the model server. @module */
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { LENGTH_LIMITS } from '../../../core/receipt/parameters.ts'
import { entriesOf, type NumericParameter } from '../../config/numeric-parameters.ts'
import type { MeasuredConfig, ModelConfig } from '../../config/types.ts'
import { ContextRefusal } from '../refusal.ts'
import type { ContextRequest, ContextSource } from '../types.ts'

const ROLE = 'sampling-parameters'

const COMPLETIONS: readonly NumericParameter[] = [
  'temperature',
  'top_p',
  'top_k',
  'min_p',
  'typical_p',
  'seed',
  'max_tokens',
  'frequency_penalty',
  'presence_penalty',
  'repetition_penalty',
  'repeat_penalty',
]

/** What each API has: a parameter that it does not have is not put into its requests. */
const KNOWN: Readonly<Record<string, readonly NumericParameter[]>> = {
  '/v1/chat/completions': [...COMPLETIONS, 'max_completion_tokens'],
  '/v1/completions': COMPLETIONS,
  '/v1/responses': ['temperature', 'top_p', 'max_output_tokens'],
}

/** What was used is no dependency of this source: it is read from the octets that the model server is given. */
export function createParameters({ models }: Pick<MeasuredConfig, 'models'>): ContextSource {
  const byId = new Map(models.map((model) => [model.id, model]))
  return {
    prepare: async (request) => {
      const model = byId.get(request.modelId)
      const known = Object.hasOwn(KNOWN, request.path) ? KNOWN[request.path] : undefined
      if (model !== undefined && known !== undefined) change(request, model, known)
      return {}
    },
  }
}

function change(
  { fields, edits }: ContextRequest,
  { defaults = {}, rename = {} }: ModelConfig,
  known: readonly NumericParameter[],
): void {
  const given = new Set<string>(known.filter((name) => isThere(fields[name])))
  for (const [from, to] of entriesOf(rename)) {
    if (!known.includes(to) || fields[from] === undefined) continue
    if (!isThere(fields[from])) {
      edits.remove(from, ROLE)
      continue
    }
    // Which of two the model server would take is its own matter: nobody could say what was asked for.
    if (isThere(fields[to]))
      throw new ContextRefusal(`Give \`${from}\` or \`${to}\`, not both: they are one for this model.`, { param: from })
    if (fields[to] !== undefined) edits.remove(to, ROLE)
    edits.renameMember(from, to, ROLE)
    given.add(to)
  }
  for (const [name, value] of entriesOf(defaults)) {
    const names = LENGTH_LIMITS.includes(name) ? LENGTH_LIMITS : [name]
    if (!known.includes(name) || names.some((one) => given.has(one))) continue
    const octets = { octets: encodeUtf8(JSON.stringify(value)), role: ROLE }
    if (fields[name] === undefined) edits.add(name, octets)
    else edits.replace(name, octets)
  }
}

/** Null stands for absent. */
function isThere(value: unknown): boolean {
  return value !== undefined && value !== null
}
