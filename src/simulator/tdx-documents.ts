/** TCB info and QE identity as a simulated Intel prints them: fields, defaults, text. Signing is in tdx-collateral. @module */
import { encodeHex } from '../core/encoding/bytes.ts'
import { encodeUtf8 } from '../core/encoding/utf8.ts'
import type { PckCa } from './tdx-pki.ts'
import { SIMULATED_PLATFORM, type SimulatedPlatform } from './tdx-platform.ts'

/** What every level of a document says. */
interface LevelFields {
  /** `YYYY-MM-DDThh:mm:ssZ`. */
  readonly date: string
  readonly status: string
  readonly advisories?: readonly string[]
}

/** A level of the platform. Intel's have 16 components of each kind. */
export interface PlatformLevelFields extends LevelFields {
  readonly sgx: readonly number[]
  readonly pceSvn: number
  readonly tdx: readonly number[]
}

/** A level of the TDX module or of the quoting enclave. */
export interface SvnLevelFields extends LevelFields {
  readonly isvSvn: number
}

/** Hexadecimal, as printed. */
export interface ModuleFields {
  readonly mrSigner: string
  readonly attributes: string
  readonly attributesMask: string
}

export interface ModuleIdentityFields extends ModuleFields {
  readonly id: string
  readonly levels: readonly SvnLevelFields[]
}

interface DocumentFields {
  readonly id: string
  readonly version: number
  readonly issueDate: Date
  readonly nextUpdate: Date
  readonly evaluationNumber: number
}

export interface TcbInfoFields extends DocumentFields {
  /** Hexadecimal, as printed: Intel writes either case. */
  readonly fmspc: string
  readonly pceId: string
  readonly tcbType: number
  readonly module: ModuleFields
  readonly modules: readonly ModuleIdentityFields[]
  readonly levels: readonly PlatformLevelFields[]
}

export interface QeIdentityFields extends DocumentFields {
  readonly miscSelect: string
  readonly miscSelectMask: string
  readonly attributes: string
  readonly attributesMask: string
  readonly mrSigner: string
  readonly isvProdId: number
  readonly levels: readonly SvnLevelFields[]
}

export interface CollateralSubject {
  readonly ca: PckCa
  readonly platform: SimulatedPlatform
  readonly clock: () => Date
}

const DAY_MS = 86_400_000
const LIFE_DAYS = 30
const EVALUATION_NUMBER = 19
const NO_SIGNER = '00'.repeat(48)
const MODULE: ModuleFields = {
  mrSigner: NO_SIGNER,
  attributes: '0000000000000000',
  attributesMask: 'FFFFFFFFFFFFFFFF',
}

/** MRSIGNER of the simulated quoting enclave: text that says so. */
export const SIMULATED_QE_SIGNER: Uint8Array = encodeUtf8('SIMULATED QUOTING ENCLAVE SIGNER')

/** Sixteen components, of which the first are given. */
export function components(...first: readonly number[]): readonly number[] {
  return Array.from({ length: 16 }, (_, index) => first[index] ?? 0)
}

/** Three levels: up to date, out of date, revoked. */
export const SIMULATED_LEVELS: readonly PlatformLevelFields[] = [
  {
    sgx: components(...SIMULATED_PLATFORM.cpuSvn),
    pceSvn: SIMULATED_PLATFORM.pceSvn,
    tdx: components(5, 0, 3),
    date: '2026-05-14T00:00:00Z',
    status: 'UpToDate',
  },
  {
    sgx: components(2, 2, 2, 2, 3, 1, 0, 5),
    pceSvn: 13,
    tdx: components(4, 0, 2),
    date: '2025-03-12T00:00:00Z',
    status: 'OutOfDate',
    advisories: ['INTEL-SA-01036', 'INTEL-SA-01099'],
  },
  {
    sgx: components(1, 1, 1, 1, 1),
    pceSvn: 5,
    tdx: components(3),
    date: '2023-02-15T00:00:00Z',
    status: 'Revoked',
    advisories: ['INTEL-SA-00837'],
  },
]

/** Modules of major versions 1 and 3. */
export const SIMULATED_MODULES: readonly ModuleIdentityFields[] = [
  {
    id: 'TDX_03',
    ...MODULE,
    levels: [{ isvSvn: 3, date: '2026-05-14T00:00:00Z', status: 'UpToDate' }],
  },
  {
    id: 'TDX_01',
    ...MODULE,
    levels: [
      { isvSvn: 5, date: '2026-05-14T00:00:00Z', status: 'UpToDate' },
      { isvSvn: 4, date: '2025-03-12T00:00:00Z', status: 'OutOfDate', advisories: ['INTEL-SA-01192'] },
      { isvSvn: 2, date: '2023-08-09T00:00:00Z', status: 'Revoked', advisories: ['INTEL-SA-00960'] },
    ],
  },
]

/** Of the quoting enclave. */
export const SIMULATED_QE_LEVELS: readonly SvnLevelFields[] = [
  { isvSvn: 4, date: '2026-05-14T00:00:00Z', status: 'UpToDate' },
  { isvSvn: 3, date: '2025-03-12T00:00:00Z', status: 'OutOfDate', advisories: ['INTEL-SA-00615'] },
  { isvSvn: 2, date: '2023-08-09T00:00:00Z', status: 'Revoked' },
]

/** From a day ago, for so many days; whole seconds. */
export function publicationWindow(clock: () => Date, days: number = LIFE_DAYS): { thisUpdate: Date; nextUpdate: Date } {
  const start = Math.floor(clock().getTime() / 1000) * 1000 - DAY_MS
  return { thisUpdate: new Date(start), nextUpdate: new Date(start + days * DAY_MS) }
}

function published({
  clock,
}: CollateralSubject): Pick<DocumentFields, 'issueDate' | 'nextUpdate' | 'evaluationNumber'> {
  const { thisUpdate, nextUpdate } = publicationWindow(clock)
  return { issueDate: thisUpdate, nextUpdate, evaluationNumber: EVALUATION_NUMBER }
}

/** What is published of this platform unless told otherwise. */
export function defaultTcbInfo(subject: CollateralSubject): TcbInfoFields {
  return {
    id: 'TDX',
    version: 3,
    ...published(subject),
    fmspc: encodeHex(subject.platform.fmspc).toUpperCase(),
    pceId: encodeHex(subject.platform.pceId),
    tcbType: 0,
    module: MODULE,
    modules: SIMULATED_MODULES,
    levels: SIMULATED_LEVELS,
  }
}

/** Likewise, of the quoting enclave. */
export function defaultQeIdentity(subject: CollateralSubject): QeIdentityFields {
  return {
    id: 'TD_QE',
    version: 2,
    ...published(subject),
    miscSelect: '00000000',
    miscSelectMask: 'FFFFFFFF',
    attributes: '11000000000000000000000000000000',
    attributesMask: 'FBFFFFFFFFFFFFFF0000000000000000',
    mrSigner: encodeHex(SIMULATED_QE_SIGNER).toUpperCase(),
    isvProdId: 2,
    levels: SIMULATED_QE_LEVELS,
  }
}

function timestamp(date: Date): string {
  return date.toISOString().replace('.000Z', 'Z')
}

function levelTail({ date, status, advisories }: LevelFields): object {
  return { tcbDate: date, tcbStatus: status, ...(advisories && { advisoryIDs: advisories }) }
}

function svnLevel(level: SvnLevelFields): object {
  return { tcb: { isvsvn: level.isvSvn }, ...levelTail(level) }
}

function moduleFields({ mrSigner, attributes, attributesMask }: ModuleFields): object {
  return { mrsigner: mrSigner, attributes, attributesMask }
}

/** Compact JSON with its keys in Intel's order. */
export function encodeTcbInfo(fields: TcbInfoFields): string {
  const svns = (all: readonly number[]): readonly object[] => all.map((svn) => ({ svn }))
  return JSON.stringify({
    id: fields.id,
    version: fields.version,
    issueDate: timestamp(fields.issueDate),
    nextUpdate: timestamp(fields.nextUpdate),
    fmspc: fields.fmspc,
    pceId: fields.pceId,
    tcbType: fields.tcbType,
    tcbEvaluationDataNumber: fields.evaluationNumber,
    tdxModule: moduleFields(fields.module),
    tdxModuleIdentities: fields.modules.map((module) => ({
      id: module.id,
      ...moduleFields(module),
      tcbLevels: module.levels.map(svnLevel),
    })),
    tcbLevels: fields.levels.map((level) => ({
      tcb: { sgxtcbcomponents: svns(level.sgx), pcesvn: level.pceSvn, tdxtcbcomponents: svns(level.tdx) },
      ...levelTail(level),
    })),
  })
}

/** Likewise. */
export function encodeQeIdentity(fields: QeIdentityFields): string {
  return JSON.stringify({
    id: fields.id,
    version: fields.version,
    issueDate: timestamp(fields.issueDate),
    nextUpdate: timestamp(fields.nextUpdate),
    tcbEvaluationDataNumber: fields.evaluationNumber,
    miscselect: fields.miscSelect,
    miscselectMask: fields.miscSelectMask,
    attributes: fields.attributes,
    attributesMask: fields.attributesMask,
    mrsigner: fields.mrSigner,
    isvprodid: fields.isvProdId,
    tcbLevels: fields.levels.map(svnLevel),
  })
}
