/**
 * A configuration in two files, as images have it: the measured one is part of the image, the operational one comes from outside, from
 * whoever runs the machine. An attacker may write the second one: it is small, strict, and holds nothing that policy asks about. @module
 */
import { open } from 'node:fs/promises'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { isSecretName } from './allowed-environment.ts'
import { decodeDocument, readConfigText } from './decode-config.ts'
import type { Environment } from './environment.ts'
import type { ConfigPath } from './issue.ts'
import { MEASURED_FIELDS } from './measured-shape.ts'
import type { GatewayConfig } from './types.ts'
import { decodeYaml, type YamlDocument } from './yaml-document.ts'

/** Octets of the operational file, with whatever pads it. */
export const MAX_OPERATIONAL_SIZE: number = 64 * 1024
const MAX_SECRET_SIZE = 4096

export interface SplitConfig {
  readonly config: GatewayConfig
  /** Values for the variables that the configuration names; never shown. */
  readonly secrets: Readonly<Record<string, string>>
}

export interface SplitFiles {
  readonly measured: { readonly text: string; readonly file: string }
  readonly operational: { readonly text: string; readonly file: string }
}

/**
 * Decodes both. @throws CountersignError ERR_CONFIG with lines and columns; MalformedError CONFIG_UNMEASURED where the operational file has
 * something that must be measured, ENV_FORBIDDEN where it has a secret under a name that nothing asks for
 */
export function decodeSplitConfig({ measured, operational }: SplitFiles, env: Environment): SplitConfig {
  const inside = decodeYaml(measured.text, measured.file)
  const outside = decodeYaml(operational.text, operational.file)
  onlyKeys(inside, ['measured'], measured.file)
  refuseMeasured(outside, operational.file)
  onlyKeys(outside, ['operational', 'secrets'], operational.file)
  const config = decodeDocument(
    {
      value: { measured: member(inside.value, 'measured'), operational: member(outside.value, 'operational') },
      locate: (path, key) => {
        const isOutside = path[0] === 'operational'
        return {
          ...(isOutside ? outside : inside).locate(path, key),
          file: isOutside ? operational.file : measured.file,
        }
      },
    },
    { env, file: measured.file },
  )
  return { config, secrets: secretsOf(outside, { config, file: operational.file }) }
}

/** Reads both; the operational one may be a partition, whose rest is zero. @throws as {@link decodeSplitConfig} */
export async function loadSplitConfig(
  paths: { readonly measured: string; readonly operational: string },
  { env }: { readonly env: Environment },
): Promise<SplitConfig> {
  const [measured, operational] = await Promise.all([readConfigText(paths.measured), readBounded(paths.operational)])
  return decodeSplitConfig(
    { measured: { text: measured, file: paths.measured }, operational: { text: operational, file: paths.operational } },
    env,
  )
}

/** Variables that a configuration names as the places of its secrets. */
export function namedVariables({ measured, operational }: GatewayConfig): readonly string[] {
  const upstreams = Object.values(measured.upstreams).map((upstream) =>
    upstream.kind === 'http' ? upstream.apiKeyEnv : undefined,
  )
  const tools = (measured.tools ?? []).map((server) => ('apiKeyEnv' in server ? server.apiKeyEnv : undefined))
  const token = operational.witnesses === 'none' ? 'none' : operational.witnesses.enrolmentTokenEnv
  return [...upstreams, ...tools, token === 'none' ? undefined : token].filter((name) => name !== undefined)
}

async function readBounded(path: string): Promise<string> {
  const octets = new Uint8Array(MAX_OPERATIONAL_SIZE + 1)
  let size = 0
  try {
    const file = await open(path, 'r')
    try {
      for (;;) {
        const { bytesRead } = await file.read(octets, size, octets.length - size, size)
        size += bytesRead
        if (bytesRead === 0 || size === octets.length) break
      }
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `${path} cannot be read: give the operational settings there`, { cause })
  }
  return decodeOperationalText(octets.subarray(0, size), path)
}

/** Text that a file or a partition holds: up to the first zero octet, after which there is none but zeros. @throws CountersignError ERR_CONFIG */
export function decodeOperationalText(octets: Uint8Array, file: string): string {
  const zero = octets.indexOf(0)
  const end = zero === -1 ? octets.length : zero
  if (end > MAX_OPERATIONAL_SIZE)
    throw new CountersignError('ERR_CONFIG', `${file}: larger than ${MAX_OPERATIONAL_SIZE} octets`)
  if (octets.subarray(end).some((octet) => octet !== 0))
    throw new CountersignError('ERR_CONFIG', `${file}: something follows the zeros that pad it`)
  return decodeUtf8(octets.subarray(0, end))
}

function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined
}

function keysOf(value: unknown): readonly string[] {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : []
}

function place(document: YamlDocument, file: string, [path, key]: readonly [ConfigPath, string]): string {
  const { line, column } = document.locate(path, key)
  return `${file}:${line}:${column}: ${[...path, key].join('.')}`
}

/** A measured setting from outside would change what runs and not what is attested: it is refused by its own name. */
function refuseMeasured(document: YamlDocument, file: string): void {
  const top = keysOf(document.value).filter((key) => key === 'measured' || MEASURED_FIELDS.has(key))
  const below = keysOf(member(document.value, 'operational')).filter((key) => MEASURED_FIELDS.has(key))
  const [found] = [...top.map((key) => [[], key] as const), ...below.map((key) => [['operational'], key] as const)]
  if (found !== undefined)
    throw new MalformedError(
      'CONFIG_UNMEASURED',
      `${place(document, file, found)}: is measured: it can stand in the image's own configuration alone`,
    )
}

function onlyKeys(document: YamlDocument, allowed: readonly string[], file: string): void {
  const wrong = keysOf(document.value).find((key) => !allowed.includes(key))
  if (wrong !== undefined)
    throw new CountersignError(
      'ERR_CONFIG',
      `${place(document, file, [[], wrong])}: is not known here: this file has ${allowed.join(' and ')}`,
    )
}

function secretsOf(
  document: YamlDocument,
  { config, file }: { readonly config: GatewayConfig; readonly file: string },
): Readonly<Record<string, string>> {
  const secrets = member(document.value, 'secrets')
  const named = namedVariables(config)
  const entries = keysOf(secrets).map((name): readonly [string, string] => {
    if (!isSecretName(name, named))
      throw new MalformedError(
        'ENV_FORBIDDEN',
        `${place(document, file, [['secrets'], name])}: no setting asks for this variable`,
      )
    const value: unknown = member(secrets, name)
    if (typeof value !== 'string' || value === '' || value.length > MAX_SECRET_SIZE || /[\0\r\n]/.test(value))
      throw new CountersignError(
        'ERR_CONFIG',
        `${place(document, file, [['secrets'], name])}: must be one line of text`,
      )
    return [name, value]
  })
  return Object.fromEntries(entries)
}
