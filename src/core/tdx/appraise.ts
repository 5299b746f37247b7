/** Compares an authentic trust domain with a policy. Called by {@link verifyTdxQuote} once signatures and platform stand. @module */
import { encodeHex, isZero } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Checker } from '../verdict.ts'
import type { TdxCheck } from './checks.ts'
import type { TdxPins, TdxPolicy } from './policy.ts'
import { decodeTdAttributes, type TdAttributes, xfamIsPossible } from './td-attributes.ts'
import type { TdReport } from './td-report.ts'

/** MRSEAM and the floor of TEE_TCB_SVN. */
export function appraiseModule(check: Checker<TdxCheck>, { mrSeam, teeTcbSvn }: TdReport, policy: TdxPolicy): void {
  checkListed(check, 'module-listed', 'TDX_MODULE', { field: 'MRSEAM', seen: mrSeam, wanted: policy.mrSeams })
  const { minimumTeeTcbSvn: floor } = policy
  const seen = `TEE_TCB_SVN ${teeTcbSvn.join('.')}`
  if (!check.demands('tee-tcb-svn', floor, seen)) return
  const reached = teeTcbSvn.every((level, index) => level >= (floor[index] ?? Number.POSITIVE_INFINITY))
  check.that('tee-tcb-svn', reached, 'TDX_MODULE', { seen, wanted: `each at least ${floor.join('.')}` })
}

/** TDATTRIBUTES and XFAM: what the host may do with the trust domain, and which state of the processor it shares. */
export function appraiseAttributes(check: Checker<TdxCheck>, body: TdReport, policy: TdxPolicy): void {
  const attributes = decodeTdAttributes(body.tdAttributes)
  const hex = `TDATTRIBUTES ${encodeHex(body.tdAttributes)}`
  check.that('debug', !attributes.untrusted, 'TDX_DEBUG', { pass: 'off', fail: `${hex} has a bit of the TUD octet` })
  check.that('attributes-reserved', attributes.reserved === 0n, 'TDX_ATTRIBUTES_RESERVED', {
    pass: hex,
    fail: `${hex} has bits without a meaning, 0x${attributes.reserved.toString(16)}`,
  })
  if (check.demands('sept-ve', policy.septVeDisable, attributes.septVeDisable ? 'set' : 'not set'))
    check.that('sept-ve', attributes.septVeDisable, 'TDX_SEPT_VE', { pass: 'set', fail: `${hex} lacks bit 28` })
  checkMigration(check, body, { attributes, policy })
  checkAllowed(check, attributes, policy)
  const { tdAttributes, xfam } = body
  checkListed(check, 'attributes-pinned', 'TDX_ATTRIBUTES', {
    field: 'TDATTRIBUTES',
    seen: tdAttributes,
    wanted: policy.tdAttributes,
  })
  check.that('xfam-fixed', xfamIsPossible(xfam), 'TDX_XFAM', {
    pass: encodeHex(xfam),
    fail: `XFAM ${encodeHex(xfam)} lacks x87 or SSE, or has a feature that no module gives`,
  })
  checkListed(check, 'xfam-pinned', 'TDX_XFAM', { field: 'XFAM', seen: xfam, wanted: policy.xfams })
}

/** MRSERVICETD: what it measures can read and write this trust domain. */
export function appraiseServiceTd(check: Checker<TdxCheck>, { mrServiceTd }: TdReport, policy: TdxPolicy): void {
  const { serviceTds: wanted } = policy
  const seen = mrServiceTd === undefined ? 'none (TD 1.0)' : encodeHex(mrServiceTd)
  if (!check.demands('service-td', wanted, seen)) return
  const bound = mrServiceTd !== undefined && !isZero(mrServiceTd)
  const pinned = wanted !== 'forbidden' && wanted.includes(seen)
  check.that('service-td', !bound || pinned, 'TDX_SERVICE_TD', {
    pass: bound ? seen : 'none',
    fail: `MRSERVICETD ${seen} is ${wanted === 'forbidden' ? 'bound' : 'not pinned'}`,
    seen,
    wanted: wanted === 'forbidden' ? 'none' : `none or ${wanted.join(' or ')}`,
  })
}

/** MRCONFIGID, MROWNER, MROWNERCONFIG: given by the host or the owner at launch. */
export function appraiseOwner(check: Checker<TdxCheck>, body: TdReport, policy: TdxPolicy): void {
  const code = 'MEASUREMENT_MISMATCH'
  checkListed(check, 'config-id', code, { field: 'MRCONFIGID', seen: body.mrConfigId, wanted: policy.mrConfigIds })
  checkListed(check, 'owner', code, { field: 'MROWNER', seen: body.mrOwner, wanted: policy.mrOwners })
  const { mrOwnerConfig: seen } = body
  checkListed(check, 'owner-config', code, { field: 'MROWNERCONFIG', seen, wanted: policy.mrOwnerConfigs })
}

/** A trust domain that may be moved is as good as the service trust domain that moves it: that one must be there and pinned. */
function checkMigration(
  check: Checker<TdxCheck>,
  { mrServiceTd }: TdReport,
  { attributes, policy }: { readonly attributes: TdAttributes; readonly policy: TdxPolicy },
): void {
  const { serviceTds } = policy
  const migratable = attributes.names.includes('MIGRATABLE')
  const pinned =
    typeof serviceTds !== 'string' &&
    mrServiceTd !== undefined &&
    !isZero(mrServiceTd) &&
    serviceTds.includes(encodeHex(mrServiceTd))
  check.that('migration', !migratable || pinned, 'TDX_ATTRIBUTES', {
    pass: migratable ? 'by a pinned service trust domain' : 'off',
    fail: 'TDATTRIBUTES have bit 29, MIGRATABLE, and no pinned service trust domain is bound',
  })
}

function checkAllowed(check: Checker<TdxCheck>, { names }: TdAttributes, { allowedAttributes }: TdxPolicy): void {
  const seen = names.join(', ') || 'none'
  if (!check.demands('attributes', allowedAttributes, seen)) return
  const allowed = allowedAttributes === 'none' ? [] : allowedAttributes
  const foreign = names.filter((name) => !allowed.includes(name))
  check.that('attributes', foreign.length === 0, 'TDX_ATTRIBUTES', {
    fail: `${foreign.join(', ')}: not allowed`,
    seen,
    wanted: allowed.length === 0 ? 'none' : `none but ${allowed.join(', ')}`,
  })
}

function checkListed(
  check: Checker<TdxCheck>,
  name: TdxCheck,
  code: FailureCode,
  { field, seen, wanted }: { readonly field: string; readonly seen: Uint8Array; readonly wanted: TdxPins },
): void {
  const hex = encodeHex(seen)
  if (!check.demands(name, wanted, hex)) return
  check.that(name, wanted.includes(hex), code, {
    fail: `${field} is ${hex}, ${wanted.length === 1 ? wanted[0] : `one of ${wanted.length}`} is due`,
    seen: hex,
    wanted: wanted.join(' or '),
  })
}
