/** Who asks: an API key from the Authorization header, or anyone where no keys are in use. @module */
import { findApiKey, type OperationalConfig } from '../config/index.ts'

/** What the gateway needs to know of a caller. */
export interface Caller {
  /** Empty where no API keys are in use. */
  readonly tenant: string
  readonly models: readonly string[] | 'all'
  /** As it was presented; absent where none are in use. Only keys may be derived from it. */
  readonly apiKey?: string
}

const ANYONE: Caller = { tenant: '', models: 'all' }
const BEARER = /^Bearer +([\x21-\x7e]+)$/i

/** @returns undefined when keys are in use and this is none of them */
export function authenticate(
  authorization: string | undefined,
  keys: OperationalConfig['apiKeys'],
): Caller | undefined {
  if (keys === 'dangerously-none') return ANYONE
  const [, presented] = BEARER.exec(authorization ?? '') ?? []
  const found = presented === undefined ? undefined : findApiKey(keys, presented)
  return found && presented !== undefined
    ? { tenant: found.tenant, models: found.models, apiKey: presented }
    : undefined
}

export function mayUse({ models }: Caller, model: string): boolean {
  return models === 'all' || models.includes(model)
}
