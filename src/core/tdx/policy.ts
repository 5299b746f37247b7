/** What a verifier demands of TDX evidence. Every field is required; to leave a check out is spelled `"unchecked"`. @module */
import type { JsonValue } from '../encoding/json.ts'
import { distinct, hexList, listOf, POLICY_CODES } from '../encoding/policy-lists.ts'
import { ObjectReader } from '../encoding/shape.ts'
import { TDX_QUOTE_VERSIONS, type TdxQuoteVersion } from './quote.ts'
import { ACCEPTABLE_TCB_STATUSES, type AcceptableTcbStatus } from './tcb-status.ts'
import { TD_ATTRIBUTE_NAMES, type TdAttributeName } from './td-attributes.ts'
import { TD_BODY_TYPES, type TdBodyType } from './td-report.ts'

export type TdxDemand = 'required' | 'unchecked'
/** Values in lower-case hex, any of them. */
export type TdxPins = readonly string[] | 'unchecked'

/**
 * Debugging is not in here: a trust domain with any bit of the TUD octet is never accepted, nor is a quoting enclave in debug mode, a
 * foreign vendor of it, a foreign signer of the TDX module, or a platform that is revoked.
 */
export interface TdxPolicy {
  readonly quoteVersions: readonly TdxQuoteVersion[]
  /** 2 is TD 1.0, 3 is TD 1.5. */
  readonly bodyTypes: readonly TdBodyType[]
  /** `required`: Intel's TCB info and QE identity decide. `unchecked`: signatures and chain alone are judged, and the verdict says so. */
  readonly tcb: TdxDemand
  /** Intel's statuses that are accepted. */
  readonly tcbStatuses: readonly AcceptableTcbStatus[]
  /** Advisories that are accepted where the status is not UpToDate. */
  readonly advisories: 'none' | readonly string[] | 'unchecked'
  /** Floor for both documents: whoever serves old ones that have not expired would pick the answer. */
  readonly minimumEvaluationDataNumber: number | 'unchecked'
  /** Whether PCK certificate, its CA and the TCB signing certificate must be covered by current revocation lists. */
  readonly revocation: TdxDemand
  /** Platform instances (32 hex digits, of multi-package platforms) that may answer. */
  readonly platformInstanceIds: TdxPins
  /** Kinds of platform (12 hex digits) that may not. */
  readonly deniedFmspcs: TdxPins
  readonly minimumQeSvn: number | 'unchecked'
  readonly minimumPceSvn: number | 'unchecked'
  /** Floors for the 16 levels of TEE_TCB_SVN, those of the launch, each compared on its own. TEE_TCB_SVN2 is for `tcb` to judge. */
  readonly minimumTeeTcbSvn: readonly number[] | 'unchecked'
  /** Measurements of TDX modules. */
  readonly mrSeams: TdxPins
  readonly septVeDisable: TdxDemand
  /** Attributes that may be set besides SEPT_VE_DISABLE. MIGRATABLE asks for a pinned service trust domain. */
  readonly allowedAttributes: 'none' | readonly TdAttributeName[] | 'unchecked'
  /** TDATTRIBUTES and XFAM as a whole, 16 hex digits in the order of the quote. */
  readonly tdAttributes: TdxPins
  readonly xfams: TdxPins
  /** MRSERVICETD: `forbidden` is zero; a list is zero or one of it. */
  readonly serviceTds: 'forbidden' | TdxPins
  readonly mrConfigIds: TdxPins
  readonly mrOwners: TdxPins
  readonly mrOwnerConfigs: TdxPins
}

const DEMANDS = ['required', 'unchecked'] as const
const ADVISORY = /^[A-Z0-9][A-Z0-9-]{1,63}$/
const COMPONENTS = 16
const MAX_SVN = 0xff
const MAX_WIDE_SVN = 0xffff

/**
 * Decodes the `tdx` part of a policy.
 * @param value from a file; or a policy made by hand, in which a field that is absent or of another form must not mean unchecked
 * @throws MalformedError POLICY_INCOMPLETE, POLICY_UNKNOWN_KEY, POLICY_INVALID (empty lists are invalid)
 */
export function decodeTdxPolicy(value: JsonValue | TdxPolicy): TdxPolicy {
  const reader = new ObjectReader(value, 'policy.tdx', POLICY_CODES)
  const floor = (key: string, max: number): number | 'unchecked' =>
    reader.unlessUnchecked(key, () => reader.integer(key, { max }))
  const policy: TdxPolicy = {
    quoteVersions: listOf(reader, 'quoteVersions', TDX_QUOTE_VERSIONS),
    bodyTypes: listOf(reader, 'bodyTypes', TD_BODY_TYPES),
    tcb: reader.oneOf('tcb', DEMANDS),
    tcbStatuses: listOf(reader, 'tcbStatuses', ACCEPTABLE_TCB_STATUSES),
    advisories: unlessNone(reader, 'advisories', () =>
      distinct(reader, 'advisories', reader.strings('advisories', ADVISORY)),
    ),
    minimumEvaluationDataNumber: floor('minimumEvaluationDataNumber', Number.MAX_SAFE_INTEGER),
    revocation: reader.oneOf('revocation', DEMANDS),
    platformInstanceIds: hexList(reader, 'platformInstanceIds', 16),
    deniedFmspcs: hexList(reader, 'deniedFmspcs', 6),
    minimumQeSvn: floor('minimumQeSvn', MAX_WIDE_SVN),
    minimumPceSvn: floor('minimumPceSvn', MAX_WIDE_SVN),
    minimumTeeTcbSvn: reader.unlessUnchecked('minimumTeeTcbSvn', () => components(reader, 'minimumTeeTcbSvn')),
    mrSeams: hexList(reader, 'mrSeams', 48),
    septVeDisable: reader.oneOf('septVeDisable', DEMANDS),
    allowedAttributes: unlessNone(reader, 'allowedAttributes', () =>
      listOf(reader, 'allowedAttributes', TD_ATTRIBUTE_NAMES),
    ),
    tdAttributes: hexList(reader, 'tdAttributes', 8),
    xfams: hexList(reader, 'xfams', 8),
    serviceTds: reader.value('serviceTds') === 'forbidden' ? 'forbidden' : hexList(reader, 'serviceTds', 48),
    mrConfigIds: hexList(reader, 'mrConfigIds', 48),
    mrOwners: hexList(reader, 'mrOwners', 48),
    mrOwnerConfigs: hexList(reader, 'mrOwnerConfigs', 48),
  }
  reader.end()
  const { allowedAttributes: allowed, serviceTds } = policy
  // Whoever may move a trust domain away holds its memory: only a service trust domain that is known may.
  if (typeof allowed !== 'string' && allowed.includes('MIGRATABLE') && typeof serviceTds === 'string')
    throw reader.invalid('allowedAttributes', 'may hold MIGRATABLE only where serviceTds is a list')
  return policy
}

function components(reader: ObjectReader, key: string): readonly number[] {
  const levels = reader.array(key).map((item) => {
    if (typeof item !== 'number' || !Number.isSafeInteger(item) || item < 0 || item > MAX_SVN)
      throw reader.invalid(key, `must hold integers from 0 to ${MAX_SVN}`)
    return item
  })
  if (levels.length !== COMPONENTS) throw reader.invalid(key, `must hold ${COMPONENTS} levels`)
  return levels
}

function unlessNone<T>(reader: ObjectReader, key: string, read: () => T): T | 'none' | 'unchecked' {
  return reader.value(key) === 'none' ? 'none' : reader.unlessUnchecked(key, read)
}
