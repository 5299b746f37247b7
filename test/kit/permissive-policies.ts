/** Policies that ask for nothing that can be left out, the ones of `npm run vectors`: tests change the one thing that they are about. */
import { readFileSync } from 'node:fs'
import { decodeJson, isJsonObject, type JsonObject } from '../../src/core/encoding/json.ts'

const policies = decodeJson(readFileSync('scripts/vectors/policies.json', 'utf8'))

function section(name: string): JsonObject {
  const found = isJsonObject(policies) ? policies[name] : undefined
  if (!isJsonObject(found)) throw new Error(`no policy of ${name}`)
  return found
}

export const TDX_POLICY: JsonObject = section('tdx')
export const NITRO_POLICY: JsonObject = section('nitro')
