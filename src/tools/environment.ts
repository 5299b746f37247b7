/** Values of the environment that tool servers are given; configurations hold their names. @module */
import { CountersignError } from '../errors.ts'
import type { ToolDeps } from './types.ts'

/** @throws CountersignError ERR_CONFIG for one that is not set */
export function readVariables(id: string, names: readonly string[], env: ToolDeps['env']): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, read(id, name, env)]))
}

/** The bearer token. @throws CountersignError ERR_CONFIG where it is not set, or no token */
export function readBearer(id: string, name: string | undefined, env: ToolDeps['env']): string | undefined {
  if (name === undefined) return undefined
  const token = read(id, name, env)
  if (/^[\x21-\x7e]+$/.test(token)) return token
  throw new CountersignError('ERR_CONFIG', `environment variable ${name} must hold one bearer token for ${id}`)
}

function read(id: string, name: string, env: ToolDeps['env']): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new CountersignError(
    'ERR_CONFIG',
    `environment variable ${name} is not set: measured.tools names it for ${id}; set it`,
  )
}
