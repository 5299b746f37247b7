/** The configuration file to a GatewayConfig: strict shape, defaults, overrides, cross checks, digest. @module */
import { readFile } from 'node:fs/promises'
import { digestUri } from '../../core/crypto/index.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import type { JsonValue } from '../../core/encoding/json.ts'
import { CountersignError } from '../../errors.ts'
import { crossCheck } from './cross-checks.ts'
import type { Environment } from './environment.ts'
import { checkVariables, overrideOperational, unknownVariables, variableOf } from './environment.ts'
import { type ConfigIssue, type ConfigPath, formatPath } from './issue.ts'
import { shapeConfig } from './shape.ts'
import type { GatewayConfig, MeasuredConfig } from './types.ts'
import { decodeYaml, type Position } from './yaml-document.ts'

export interface DecodeConfigOptions {
  /** The environment, for overrides; `{}` for none. */
  readonly env: Environment
  /** How messages name the file. */
  readonly file?: string
}

const MAX_SHOWN = 10

/**
 * Decodes the text of a configuration file.
 * @throws CountersignError ERR_CONFIG; the message has one line for each fault: `file:line:column: field: what to do`
 * @example
 * const config = decodeConfig(await readFile('countersign.yaml', 'utf8'), { env: process.env })
 */
export function decodeConfig(yamlText: string, { env, file = 'configuration' }: DecodeConfigOptions): GatewayConfig {
  return decodeDocument(decodeYaml(yamlText, file), { env, file })
}

/** A document, or two in one: then each place says which file it is in. */
export interface ConfigDocument {
  readonly value: unknown
  locate(path: ConfigPath, key?: string): Position & { readonly file?: string }
}

/** The decoded text to a configuration. @throws CountersignError ERR_CONFIG */
export function decodeDocument(
  document: ConfigDocument,
  { env, file }: { readonly env: Environment; readonly file: string },
): GatewayConfig {
  const [unknown] = unknownVariables(env)
  if (unknown !== undefined)
    throw new CountersignError(
      'ERR_CONFIG',
      `environment variable ${unknown} is not known: unset it (measured settings can be changed in the file alone)`,
    )
  const report = (issues: readonly ConfigIssue[]): void => refuse(issues, { document, env, file })
  report(checkVariables(env))
  const shaped = shapeConfig(overrideOperational(document.value, env))
  if (!shaped.ok) {
    report(shaped.issues)
    throw new CountersignError('ERR_CONFIG', `${file} is not valid`)
  }
  const { measured, operational } = shaped
  report(crossCheck(measured, operational))
  return { measured, operational, digest: digestMeasured(measured) }
}

/** @throws CountersignError ERR_CONFIG */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `${path} cannot be read: give the path of a configuration file`, { cause })
  }
}

/** Reads and decodes a configuration file. @throws CountersignError ERR_CONFIG, also when it cannot be read */
export async function loadConfig(path: string, options: { readonly env: Environment }): Promise<GatewayConfig> {
  return decodeConfig(await readConfigText(path), { ...options, file: path })
}

/** `sha256:` over JCS of the measured part after defaults: what sessions and lock files name. */
export function digestMeasured(measured: MeasuredConfig): string {
  return digestUri(encodeJcs(measuredJson(measured)))
}

/** The measured part as plain JSON data. */
export function measuredJson(measured: MeasuredConfig): JsonValue {
  return JSON.parse(JSON.stringify(measured))
}

function refuse(
  issues: readonly ConfigIssue[],
  { document, env, file }: { readonly document: ConfigDocument; readonly env: Environment; readonly file: string },
): void {
  if (issues.length === 0) return
  const lines = issues.slice(0, MAX_SHOWN).map(({ path, key, message }) => {
    const variable = variableOf(path, env)
    if (variable !== undefined) return `environment variable ${variable}: ${message}`
    const { line, column, file: within = file } = document.locate(path, key)
    return `${within}:${line}:${column}: ${formatPath(key === undefined ? path : [...path, key])}: ${message}`
  })
  if (issues.length > MAX_SHOWN) lines.push(`and ${issues.length - MAX_SHOWN} more`)
  throw new CountersignError('ERR_CONFIG', lines.join('\n'))
}
