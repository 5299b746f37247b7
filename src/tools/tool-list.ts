/** The list of a server's tools, and the digest by which a configuration pins it. @module */
import { digestUri } from '../core/crypto/index.ts'
import { encodeJcs } from '../core/encoding/jcs.ts'
import { CountersignError } from '../errors.ts'
import type { ToolDefinition } from './types.ts'

export interface ToolList {
  readonly definitions: readonly ToolDefinition[]
  readonly digest: string
}

/**
 * The digest is SHA-256 over JCS of `[{name, description, inputSchema}]` in the order of the names, so that a server may list them in any.
 * @throws CountersignError ERR_CONFIG for a name that is there twice: a call would not say which one it means
 */
export function toolListOf(tools: readonly ToolDefinition[]): ToolList {
  const definitions = [...tools].sort(({ name: a }, { name: b }) => (a < b ? -1 : a > b ? 1 : 0))
  const twice = definitions.find(({ name }, i) => definitions[i + 1]?.name === name)
  if (twice !== undefined) throw new CountersignError('ERR_CONFIG', 'a tool server lists two tools of one name')
  const listed = definitions.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))
  return { definitions, digest: digestUri(encodeJcs(listed)) }
}
