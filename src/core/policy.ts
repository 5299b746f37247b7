/** `countersign.policy.json`, written by hand: what a verifier demands. Every field is required; to leave one out is spelled `"unchecked"`. @module */
import { MalformedError } from '../errors.ts'
import { decodeJson, type JsonValue } from './encoding/json.ts'
import { distinct, forEditors, listOf, POLICY_CODES } from './encoding/policy-lists.ts'
import { ObjectReader } from './encoding/shape.ts'
import { decodeEventLogPolicy, type EventLogPolicy } from './event-log/index.ts'
import { DIGEST_URI } from './evidence/resource-descriptor.ts'
import { readSigner, type SignerIdentity } from './lock.ts'
import { decodeWitnessPolicy, type WitnessPolicy } from './log/index.ts'
import { decodeNitroPolicy, type NitroPolicy } from './nitro/index.ts'
import type { UpstreamKind } from './receipt/claims.ts'
import { DISCLOSURE_NAMES, type DisclosureName } from './receipt/disclosures.ts'
import { type DependencyPins, type EnginePin, readDependencyPins, readEnginePin } from './receipt/pins.ts'
import { decodeSnpPolicy, type SnpPolicy } from './snp/index.ts'
import { decodeTdxPolicy, type TdxPolicy } from './tdx/index.ts'

export const PLATFORMS = ['snp', 'tdx', 'nitro'] as const
export type Platform = (typeof PLATFORMS)[number]

export const GRADES = ['signed', 'quoted', 'witnessed'] as const
/** How firmly history holds a receipt; each is stronger than the one before. wire.md section 5. */
export type Grade = (typeof GRADES)[number]

const ACCEPTED_UPSTREAMS = ['embedded', 'local', 'remote'] as const
export type AcceptedUpstream = Exclude<UpstreamKind, 'attested'>

export const BINDINGS = ['tls-spki', 'tls-exporter', 'ohttp'] as const
/** What ties a connection to keys of a session. formats.md, Channel. */
export type Binding = (typeof BINDINGS)[number]

/** Who may revoke, and how old their list may be. formats.md, Revocations. */
export interface RevocationPolicy {
  /** Base64url: an Ed25519 key (32 octets), or an uncompressed point of P-256 (65). */
  readonly keys: readonly string[]
  readonly maximumAgeSeconds: number
}

/** Who may approve a lock: identities that build nothing themselves. */
export interface ApprovalPolicy {
  readonly approvers: readonly SignerIdentity[]
}

export interface Policy {
  readonly version: 1
  /** Goes up with each change, by hand: a lock file names the least that may be used with it. */
  readonly revision: number
  /** Platforms that may vouch. Each one listed has its section below. */
  readonly platforms: readonly Platform[]
  readonly snp?: SnpPolicy
  readonly tdx?: TdxPolicy
  /** Due with `tdx`: what the event log of the guest must show. */
  readonly eventLog?: EventLogPolicy | 'unchecked'
  readonly nitro?: NitroPolicy
  /** Narrows the built-in roots to these certificates (`sha256:…`); it can never add one. */
  readonly roots: 'built-in' | readonly string[]
  /** Roots of simulators (`sha256:…`). Whatever rests on one is marked simulated. Empty outside trials. */
  readonly dangerouslyTrustSimulatedRoots: readonly string[]
  /** Prefixes that a log's origin must begin with, each ending in `/log/`. */
  readonly origins: readonly string[] | 'unchecked'
  /** The least grade that passes. */
  readonly grade: Grade
  /** Judging with a nonce of one's own, over a connection of one's own: by which of `channel` it must be bound to the session. */
  readonly live: { readonly maxAgeSeconds: number; readonly channel: readonly Binding[] | 'unchecked' }
  /**
   * Judging old receipts. `nitro-document`: AWS's security module says when. `unchecked`: the time is taken as given and the verdict
   * says so.
   */
  readonly audit: {
    readonly time: 'witnessed' | 'nitro-document' | 'unchecked'
    /** Lines of a C2SP tlog-policy: witnesses, groups, the quorum. Logs need not be listed: their keys come from attested sessions. */
    readonly witnesses: readonly string[] | 'unchecked'
  }
  /** `locked`: measurement, configuration and model must equal one row of the lock file. */
  readonly measurements: 'locked' | 'unchecked'
  readonly models: 'locked' | 'unchecked'
  /** What templates, prompts, tools, indexes, memory and parameters may be, by role: each role that is named is pinned. */
  readonly dependencies: DependencyPins | 'unchecked'
  /** Engines that may answer. */
  readonly engines: readonly EnginePin[] | 'unchecked'
  /** Where the model may run. `attested` cannot be listed: nothing judges the evidence of an upstream. */
  readonly upstreams: readonly AcceptedUpstream[]
  /** Disclosures that must be at hand. */
  readonly disclosures: readonly DisclosureName[]
  /** `replayed`: the forwarded octets must follow from the request by the listed splices. */
  readonly transforms: 'replayed' | 'unchecked'
  readonly revocations: RevocationPolicy | 'unchecked'
  readonly lockApproval: ApprovalPolicy | 'unchecked'
}

function decodeDependencyPins(reader: ObjectReader): DependencyPins {
  const pins = readDependencyPins(reader.object('dependencies'))
  // Nothing pinned would look like pins.
  if (Object.keys(pins).length === 0) throw reader.invalid('dependencies', 'must name a role: else spell "unchecked"')
  return pins
}

function decodeEnginePins(reader: ObjectReader): readonly EnginePin[] {
  const pins = reader.array('engines').map((pin, i) => readEnginePin(pin, `policy.engines[${i}]`, POLICY_CODES))
  if (pins.length === 0) throw reader.invalid('engines', 'must not be empty: spell "unchecked" to leave the check out')
  return pins
}

function decodeRevocations(reader: ObjectReader): RevocationPolicy {
  const keys = reader.strings('keys', /^(?:[\w-]{43}|B[\w-]{86})$/)
  return { keys: distinct(reader, 'keys', keys), maximumAgeSeconds: reader.integer('maximumAgeSeconds', { min: 1 }) }
}

function decodeApproval(reader: ObjectReader): ApprovalPolicy {
  const approvers = reader
    .array('approvers')
    .map((value, i) => new ObjectReader(value, `policy.lockApproval.approvers[${i}]`, POLICY_CODES).whole(readSigner))
  distinct(
    reader,
    'approvers',
    approvers.map(({ issuer, identity }) => `${issuer} ${identity}`),
  )
  return { approvers }
}

function decodeLive(reader: ObjectReader): Policy['live'] {
  return {
    maxAgeSeconds: reader.integer('maxAgeSeconds', { min: 1, max: 86_400 }),
    channel: reader.unlessUnchecked('channel', () => listOf(reader, 'channel', BINDINGS)),
  }
}

function decodeAudit(reader: ObjectReader): Policy['audit'] {
  const audit = {
    time: reader.oneOf('time', ['witnessed', 'nitro-document', 'unchecked']),
    witnesses: reader.unlessUnchecked('witnesses', () => reader.strings('witnesses', /^[^\r\n]*$/)),
  }
  if (audit.witnesses !== 'unchecked') witnessPolicyOf(audit.witnesses)
  return audit
}

const DECODED: WeakMap<readonly string[], { readonly text: string; readonly policy: WitnessPolicy }> = new WeakMap()

/**
 * The witnesses of a policy, decoded.
 * @throws MalformedError POLICY_INVALID for lines out of form, and for a quorum of nobody, which would mean unchecked
 */
export function witnessPolicyOf(lines: readonly string[]): WitnessPolicy {
  const text = `${lines.join('\n')}\n`
  const known = DECODED.get(lines)
  // A policy made by hand may be changed in place: by what it asked for before, a stricter one would pass.
  if (known?.text === text) return known.policy
  const policy = decodeWitnessPolicy(text)
  if (policy.quorum === 'none')
    throw new MalformedError('POLICY_INVALID', 'policy.audit.witnesses: spell "unchecked" to ask for no witness')
  DECODED.set(lines, { text, policy })
  return policy
}

/** A platform that is listed needs its section; one that is not may have it, for the day when it is. */
function decodeSections(reader: ObjectReader, platforms: readonly Platform[]): Pick<Policy, Platform | 'eventLog'> {
  const due = (platform: Platform): boolean => platforms.includes(platform) || reader.has(platform)
  return {
    ...(due('snp') && { snp: decodeSnpPolicy(reader.value('snp')) }),
    ...(due('tdx') && {
      tdx: decodeTdxPolicy(reader.value('tdx')),
      eventLog: reader.unlessUnchecked('eventLog', () => decodeEventLogPolicy(reader.value('eventLog'))),
    }),
    ...(due('nitro') && { nitro: decodeNitroPolicy(reader.value('nitro')) }),
  }
}

/**
 * Decodes a policy file.
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID, JSON_*
 */
export function decodePolicy(source: Uint8Array | string): Policy {
  return readPolicy(decodeJson(source))
}

/**
 * Reads what a file holds, or holds a policy made by hand to the same form: a field that is absent or of another form there must not mean
 * unchecked.
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID
 */
export function readPolicy(value: JsonValue | Policy): Policy {
  const reader = new ObjectReader(value, 'policy', POLICY_CODES)
  forEditors(reader)
  if (reader.value('version') !== 1) throw reader.invalid('version', 'must be 1')
  const platforms = listOf(reader, 'platforms', PLATFORMS)
  const policy: Policy = {
    version: 1,
    revision: reader.integer('revision'),
    platforms,
    ...decodeSections(reader, platforms),
    roots:
      reader.value('roots') === 'built-in'
        ? 'built-in'
        : distinct(reader, 'roots', reader.strings('roots', DIGEST_URI)),
    dangerouslyTrustSimulatedRoots: reader.strings('dangerouslyTrustSimulatedRoots', DIGEST_URI),
    origins: reader.unlessUnchecked('origins', () =>
      distinct(reader, 'origins', reader.strings('origins', /^[^\s/+]+\/log\/$/)),
    ),
    grade: reader.oneOf('grade', GRADES),
    live: reader.object('live').whole(decodeLive),
    audit: reader.object('audit').whole(decodeAudit),
    measurements: reader.oneOf('measurements', ['locked', 'unchecked']),
    models: reader.oneOf('models', ['locked', 'unchecked']),
    dependencies: reader.unlessUnchecked('dependencies', () => decodeDependencyPins(reader)),
    engines: reader.unlessUnchecked('engines', () => decodeEnginePins(reader)),
    upstreams: listOf(reader, 'upstreams', ACCEPTED_UPSTREAMS),
    disclosures: listOf(reader, 'disclosures', DISCLOSURE_NAMES),
    transforms: reader.oneOf('transforms', ['replayed', 'unchecked']),
    revocations: reader.unlessUnchecked('revocations', () => reader.object('revocations').whole(decodeRevocations)),
    lockApproval: reader.unlessUnchecked('lockApproval', () => reader.object('lockApproval').whole(decodeApproval)),
  }
  reader.end()
  if (policy.models === 'locked' && policy.measurements === 'unchecked')
    throw reader.invalid('models', 'cannot be locked while measurements are unchecked: rows are tuples')
  return policy
}
