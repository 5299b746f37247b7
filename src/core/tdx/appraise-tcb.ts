/** Holds a platform against Intel's documents, and the result against a policy. Called once both signatures of a quote stand. @module */
import { digestUri, sha256 } from '../crypto/index.ts'
import { concatBytes, encodeHex, isZero, sameBytes } from '../encoding/bytes.ts'
import type { Checker } from '../verdict.ts'
import type { TdxCheck } from './checks.ts'
import type { TdxCollateral } from './collateral.ts'
import { checkNumbers, checkPlatformKind, checkQeIdentity, checkWindows, instant, masked } from './collateral-rules.ts'
import { checkDocuments, type TdxDocuments } from './documents.ts'
import type { PckExtension } from './pck.ts'
import type { TdxPolicy } from './policy.ts'
import type { QeReport } from './qe-report.ts'
import type { MatchedLevel, TcbPass, TdxTcb } from './tcb.ts'
import { currentLevels, evaluatePass, matchQeLevel, summarizeTcb } from './tcb-evaluation.ts'
import type { TcbInfo } from './tcb-info.ts'
import { findModule, moduleId, moduleVersion, type PlatformLevels } from './tcb-level.ts'
import type { ComponentStatus, TcbStatus } from './tcb-status.ts'
import type { TdReport } from './td-report.ts'

/** What is known of a platform by now. */
export interface TcbSubject {
  readonly body: TdReport
  readonly qeReport: QeReport
  readonly pck: PckExtension
  readonly rootFingerprint: string
}

/** The checks that Intel's documents decide. */
const DECIDED_BY_COLLATERAL = [
  'tcb-info-signature',
  'tcb-info',
  'qe-identity-signature',
  'qe-identity',
  'collateral-window',
  'collateral-number',
  'fmspc',
  'qe-identity-match',
  'qe-tcb',
  'module-identity',
  'tcb-level',
  'module-tcb',
  'tcb-status',
  'advisories',
] as const satisfies readonly TdxCheck[]

/**
 * Intel's word on the platform. Where policy asks for it and no collateral is there, the verdict cannot be ok; where policy does not ask,
 * the checks are shown as not performed.
 */
export async function appraiseTcb(
  check: Checker<TdxCheck>,
  subject: TcbSubject,
  policy: TdxPolicy,
  { at, collateral }: { readonly at: Date; readonly collateral: TdxCollateral | undefined },
): Promise<TdxTcb | 'unchecked'> {
  if (policy.tcb === 'unchecked') {
    for (const name of DECIDED_BY_COLLATERAL) check.unchecked(name, 'chain only: policy.tcb is unchecked')
    return 'unchecked'
  }
  if (collateral === undefined) {
    for (const name of DECIDED_BY_COLLATERAL)
      check.missing(name, `no collateral: fetch that of FMSPC ${subject.pck.fmspc}`)
    return 'unchecked'
  }
  const revocation = policy.revocation === 'unchecked' ? 'unchecked' : { crls: [collateral.rootCaCrl] }
  const { rootFingerprint } = subject
  const documents = await checkDocuments(check, collateral, { at, rootFingerprint, revocation })
  checkWindows(check, documents, at)
  checkNumbers(check, documents, policy)
  checkPlatformKind(check, documents, subject.pck)
  checkQeIdentity(check, subject.qeReport, documents.qeIdentity)
  const qe = checkQeLevel(check, subject.qeReport, documents, policy)
  checkModuleSigner(check, subject.body, documents.tcbInfo)
  const summary = summarizeTcb(...checkPasses(check, subject, { tcbInfo: documents.tcbInfo, qe }))
  checkStatus(check, summary, policy)
  return {
    ...summary,
    evaluationDataNumber: documents.tcbInfo.evaluationDataNumber,
    qeEvaluationDataNumber: documents.qeIdentity.evaluationDataNumber,
    collateralDigest: digestCollateral(documents, collateral),
  }
}

/** Floors that hold with and without collateral. */
export function appraiseFloors(check: Checker<TdxCheck>, { qeReport, pck }: TcbSubject, policy: TdxPolicy): void {
  const { minimumQeSvn, minimumPceSvn } = policy
  if (check.demands('qe-svn', minimumQeSvn, qeReport.isvSvn))
    check.that('qe-svn', qeReport.isvSvn >= minimumQeSvn, 'QE_TCB_STATUS', {
      seen: `QE ISVSVN ${qeReport.isvSvn}`,
      wanted: `at least ${minimumQeSvn}`,
    })
  if (check.demands('pce-svn', minimumPceSvn, pck.pceSvn))
    check.that('pce-svn', pck.pceSvn >= minimumPceSvn, 'TDX_TCB_STATUS', {
      seen: `PCESVN ${pck.pceSvn}`,
      wanted: `at least ${minimumPceSvn}`,
    })
}

/** Another signer's module, or one that is not for production, reports whatever it likes. */
export function checkSeam(check: Checker<TdxCheck>, { mrSignerSeam, seamAttributes }: TdReport): void {
  check.that('seam-identity', isZero(mrSignerSeam) && isZero(seamAttributes), 'TDX_SEAM_IDENTITY', {
    pass: "Intel's module, for production",
    fail: `MRSIGNERSEAM ${encodeHex(mrSignerSeam)}, SEAMATTRIBUTES ${encodeHex(seamAttributes)}; zeros are due`,
  })
}

function checkQeLevel(
  check: Checker<TdxCheck>,
  report: QeReport,
  { qeIdentity }: TdxDocuments,
  policy: TdxPolicy,
): MatchedLevel<ComponentStatus> {
  const level = matchQeLevel(qeIdentity, report)
  if (level === undefined)
    return check.fail('qe-tcb', 'QE_TCB_STATUS', `ISVSVN ${report.isvSvn} of the quoting enclave is below every level`)
  check.that('qe-tcb', acceptsComponent(level.status, policy), 'QE_TCB_STATUS', {
    seen: `ISVSVN ${report.isvSvn}: ${level.status}`,
    wanted: policy.tcbStatuses.join(' or '),
  })
  return level
}

/** An outdated part makes the whole OutOfDate or OutOfDateConfigurationNeeded: which of them is for the status to say. */
function acceptsComponent(status: ComponentStatus, { tcbStatuses }: TdxPolicy): boolean {
  switch (status) {
    case 'UpToDate':
      return true
    case 'OutOfDate':
      return tcbStatuses.includes('OutOfDate') || tcbStatuses.includes('OutOfDateConfigurationNeeded')
    case 'Revoked':
      return false
    default:
      return status satisfies never
  }
}

/** The zero rule of {@link checkSeam} is ours; this one is the document's, under its mask and as a whole. */
function checkModuleSigner(check: Checker<TdxCheck>, body: TdReport, tcbInfo: TcbInfo): void {
  const versioned = moduleVersion(body.teeTcbSvn) > 0
  const signer = versioned ? findModule(tcbInfo, body.teeTcbSvn) : tcbInfo.module
  if (signer === undefined)
    check.fail('module-identity', 'TDX_MODULE', `the TCB info lists no module ${moduleId(body.teeTcbSvn)}`)
  const { seamAttributes } = body
  const right =
    sameBytes(body.mrSignerSeam, signer.mrSigner) &&
    sameBytes(seamAttributes, signer.attributes) &&
    sameBytes(masked(seamAttributes, signer.attributesMask), signer.attributes)
  check.that('module-identity', right, 'TDX_SEAM_IDENTITY', {
    pass: versioned ? moduleId(body.teeTcbSvn) : 'tdxModule',
    fail: `MRSIGNERSEAM ${encodeHex(body.mrSignerSeam)}, SEAMATTRIBUTES ${encodeHex(seamAttributes)}; the TCB info says ${encodeHex(signer.mrSigner)}, ${encodeHex(signer.attributes)}`,
  })
}

const STEP_CODES = { 'module-identity': 'TDX_MODULE', 'tcb-level': 'TDX_TCB_NONE', 'module-tcb': 'TDX_MODULE' } as const

/** Both passes, or the end of the judgement where one finds no level. */
function checkPasses(
  check: Checker<TdxCheck>,
  { body, pck }: TcbSubject,
  levels: Parameters<typeof evaluatePass>[0],
): readonly [TcbPass, TcbPass] {
  const launch: PlatformLevels = { components: pck.components, pceSvn: pck.pceSvn, teeTcbSvn: body.teeTcbSvn }
  const evaluate = (platform: PlatformLevels, when: string): TcbPass => {
    const outcome = evaluatePass(levels, platform)
    return outcome.ok ? outcome.pass : check.fail(outcome.step, STEP_CODES[outcome.step], `${when}: ${outcome.detail}`)
  }
  const passes = [evaluate(launch, 'at launch'), evaluate(currentLevels(launch, body), 'now')] as const
  const [{ platform, module }] = passes
  check.pass('tcb-level', `${platform.status}, ${instant(platform.tcbDate)}`)
  check.pass(
    'module-tcb',
    module ? `${module.id}: ${module.status}, ${instant(module.tcbDate)}` : 'no level of its own',
  )
  return passes
}

/**
 * Revoked is in no policy; what is outdated is accepted only by name, and with its advisories by name. Intel's status is that of the
 * launch where the module that runs now is no better: one that is revoked holds the memory all the same.
 */
function checkStatus(check: Checker<TdxCheck>, tcb: ReturnType<typeof summarizeTcb>, policy: TdxPolicy): void {
  const accepted: readonly TcbStatus[] = policy.tcbStatuses
  const passes = `at launch ${tcb.launch.status}, now ${tcb.current.status}`
  const revoked = tcb.status === 'Revoked' || tcb.current.status === 'Revoked'
  check.that('tcb-status', !revoked && accepted.includes(tcb.status), 'TDX_TCB_STATUS', {
    pass: `${tcb.status} (${passes}), TCB of ${instant(tcb.tcbDate)}`,
    fail: `${tcb.status} (${passes}), ${accepted.join(' or ')} is due`,
    seen: tcb.status,
    wanted: accepted.join(' or '),
  })
  const seen = tcb.advisoryIds.join(', ') || 'none'
  const { advisories } = policy
  if (!check.demands('advisories', advisories, seen)) return
  const listed = advisories === 'none' ? [] : advisories
  const foreign = tcb.status === 'UpToDate' ? [] : tcb.advisoryIds.filter((id) => !listed.includes(id))
  check.that('advisories', foreign.length === 0, 'TDX_ADVISORY', {
    fail: `${foreign.join(', ')}: not accepted`,
    seen,
    wanted: advisories === 'none' ? 'none' : `none but ${listed.join(', ')}`,
  })
}

/** Over a digest of each part, so that no two sets share it. Issuer chains have no place in it: they decide nothing but whether it counts. */
function digestCollateral({ digests }: TdxDocuments, { pckCrl, rootCaCrl }: TdxCollateral): string {
  return digestUri(concatBytes(...digests, sha256(pckCrl), sha256(rootCaCrl)))
}
