/**
 * Which variables the gateway may have been started with. NODE_OPTIONS is Node's LD_PRELOAD: whoever sets it runs code in the gateway that
 * no measurement shows. By the time this runs such code has run already, so images start Node with an empty environment
 * (enclave/cvm, enclave/nitro); this is the second line, and says what the first one let through. Values are never told. @module
 */
import { MalformedError } from '../../errors.ts'
import { ENVIRONMENT_SETTINGS, type Environment } from './environment.ts'

/**
 * `sealed`: an image, where nothing is there by habit: what is not on the list is refused. `hardware`: a TEE that somebody set up by hand:
 * whatever brings in code or trust is refused. `trial`: a developer's machine with a simulated TEE: whatever brings in code.
 */
export type EnvironmentRules = 'sealed' | 'hardware' | 'trial'

/** What a machine sets by itself and nothing obeys beyond the place of a folder, a time zone and the language of messages. */
const HARMLESS: ReadonlySet<string> = new Set(['HOME', 'TZ', 'LANG', 'NO_COLOR'])

/** Of the S3 library: `storage.kind: s3` cannot do without them. They open a store that the gateway does not believe anyway. */
const CREDENTIALS: ReadonlySet<string> = new Set(['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'])

/** Each of these brings in code, or takes the place of some. */
const CODE =
  /^(?:NODE_OPTIONS|NODE_PATH|NODE_REPL_EXTERNAL_MODULE|NODE_COMPILE_CACHE|LD_(?!LIBRARY_PATH$).*|DYLD_.*|OPENSSL_(?:CONF|MODULES|ENGINES)|GCONV_PATH|GLIBC_TUNABLES|ELECTRON_RUN_AS_NODE)$/
/** Beyond NODE_ENV, which nothing here reads, these decide whom TLS believes, by which way packets go, or what is written where. */
const TRUST = /^(?:NODE_(?!ENV$).*|SSL_.*|(?:https?|all)_proxy|(?:HTTPS?|ALL)_PROXY|LD_LIBRARY_PATH)$/
/** Sizes of the heap bring in nothing; many machines set them. */
const ONLY_SIZES = /^\s*(?:--max-(?:old|semi)-space-size=[0-9]+\s*)*$/

/**
 * Refuses what the rules do not let through.
 * `named` are those that the configuration itself names, such as `apiKeyEnv`.
 * @throws MalformedError ENV_FORBIDDEN with the names
 */
export function checkEnvironment(
  env: Environment,
  { rules, named = [] }: { readonly rules: EnvironmentRules; readonly named?: readonly string[] },
): void {
  const forbidden = Object.entries(env)
    .filter(([name, value]) => value !== undefined && !isAllowed(name, value, { rules, named }))
    .map(([name]) => name.slice(0, 64))
    .sort()
  if (forbidden.length === 0) return
  const shown = forbidden.slice(0, 5).join(', ')
  const more = forbidden.length > 5 ? ` and ${forbidden.length - 5} more` : ''
  throw new MalformedError('ENV_FORBIDDEN', `the environment holds ${shown}${more}: start the gateway without`)
}

interface Rules {
  readonly rules: EnvironmentRules
  readonly named: readonly string[]
}

function isAllowed(name: string, value: string, { rules, named }: Rules): boolean {
  // A configuration that names NODE_OPTIONS as the place of a key makes it no better.
  if (CODE.test(name)) return rules === 'trial' && name === 'NODE_OPTIONS' && ONLY_SIZES.test(value)
  if (rules === 'trial') return true
  if (rules === 'hardware') return !TRUST.test(name)
  return HARMLESS.has(name) || isSetting(name) || isSecretName(name, named)
}

function isSetting(name: string): boolean {
  return ENVIRONMENT_SETTINGS.some(({ variable }) => variable === name)
}

/** Names that the operational file may give a secret for. */
export function isSecretName(name: string, named: readonly string[]): boolean {
  const isTaken = CODE.test(name) || TRUST.test(name) || HARMLESS.has(name) || name === 'PATH' || isSetting(name)
  return !isTaken && (CREDENTIALS.has(name) || named.includes(name))
}
