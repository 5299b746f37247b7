/** The vendors' addresses of each document, from checked parts alone. specs/sev-snp.md section 8, specs/tdx.md section 6. @module */
import { encodeHex, isZero } from '../core/encoding/bytes.ts'
import { decodeTcb, type SnpProduct, type SnpSignerKind } from '../core/snp/index.ts'
import { CountersignError } from '../errors.ts'
import { CollateralError } from './errors.ts'
import { AMD_KDS, INTEL_CERTIFICATES, INTEL_PCS } from './sources.ts'

/** What selects a VCEK. */
export interface VcekSubject {
  readonly product: SnpProduct
  /** CHIP_ID, 64 octets. */
  readonly chipId: Uint8Array
  /** REPORTED_TCB, 8 octets. */
  readonly tcb: Uint8Array
}

/** Which CA issued a platform's PCK certificate. */
export type PckCa = 'platform' | 'processor'

/**
 * Which of Intel's TCB info is asked for. `standard` lags `early` by months, so that one platform may be UpToDate under the one and
 * OutOfDate under the other: results record what was asked.
 */
export type TcbSelection = { readonly update: 'early' | 'standard' } | { readonly tcbEvaluationDataNumber: number }

const CHIP_ID_SIZE = 64
const TURIN_ID_SIZE = 8
const SPL_NAMES = [
  ['fmc', 'fmcSPL'],
  ['bootLoader', 'blSPL'],
  ['tee', 'teeSPL'],
  ['snp', 'snpSPL'],
  ['microcode', 'ucodeSPL'],
] as const

/** @throws CollateralError for a masked chip; MalformedError PARSE_LENGTH, PARSE_RESERVED */
export function vcekAddress({ product, chipId, tcb }: VcekSubject): string {
  if (chipId.length !== CHIP_ID_SIZE) throw new CountersignError('ERR_USAGE', 'CHIP_ID has 64 octets')
  if (isZero(chipId))
    throw new CollateralError(
      'the report has no CHIP_ID (the host masks it), so its VCEK cannot be fetched: ask the host for the certificate table',
      { reached: false, retry: 'never' },
    )
  const levels = decodeTcb(tcb, product)
  const query = SPL_NAMES.flatMap(([component, name]) => {
    const level = levels[component]
    return level === undefined ? [] : [`${name}=${level}`]
  })
  return `https://${AMD_KDS}/vcek/v1/${product}/${encodeHex(hardwareId(product, chipId))}?${query.join('&')}`
}

/** The octets of CHIP_ID that name the chip: on Turin eight. */
export function hardwareId(product: SnpProduct, chipId: Uint8Array): Uint8Array {
  if (product !== 'Turin') return chipId
  if (!isZero(chipId.subarray(TURIN_ID_SIZE)))
    throw new CountersignError('ERR_USAGE', 'CHIP_ID of a Turin has zeros behind its first 8 octets')
  return chipId.slice(0, TURIN_ID_SIZE)
}

/** ASK or ASVK, and ARK. */
export function chainAddress(product: SnpProduct, signer: SnpSignerKind): string {
  return `https://${AMD_KDS}/${signer}/v1/${product}/cert_chain`
}

export function amdCrlAddress(product: SnpProduct, signer: SnpSignerKind): string {
  return `https://${AMD_KDS}/${signer}/v1/${product}/crl`
}

/** @throws CountersignError ERR_USAGE */
export function tcbInfoAddress(fmspc: string, selection: TcbSelection): string {
  if (!/^[0-9a-f]{12}$/.test(fmspc))
    throw new CountersignError('ERR_USAGE', 'an FMSPC is 12 digits of lower-case hexadecimal')
  return `https://${INTEL_PCS}/tdx/certification/v4/tcb?fmspc=${fmspc}&${selectionQuery(selection)}`
}

/** @throws CountersignError ERR_USAGE */
export function qeIdentityAddress(selection: TcbSelection): string {
  return `https://${INTEL_PCS}/tdx/certification/v4/qe/identity?${selectionQuery(selection)}`
}

export function pckCrlAddress(ca: PckCa): string {
  if (ca !== 'platform' && ca !== 'processor')
    throw new CountersignError('ERR_USAGE', 'the CA of a PCK certificate is "platform" or "processor"')
  return `https://${INTEL_PCS}/sgx/certification/v4/pckcrl?ca=${ca}&encoding=der`
}

export const ROOT_CRL_ADDRESS: string = `https://${INTEL_CERTIFICATES}/IntelSGXRootCA.der`

/** Intel takes one of both, never both. @throws CountersignError ERR_USAGE */
function selectionQuery(selection: TcbSelection): string {
  const number = 'tcbEvaluationDataNumber' in selection ? selection.tcbEvaluationDataNumber : undefined
  const update = 'update' in selection ? selection.update : undefined
  if ((number === undefined) === (update === undefined))
    throw new CountersignError('ERR_USAGE', 'give update or tcbEvaluationDataNumber, one of both')
  if (update !== undefined && update !== 'early' && update !== 'standard')
    throw new CountersignError('ERR_USAGE', 'update is "early" or "standard"')
  if (number !== undefined && !(Number.isSafeInteger(number) && number > 0))
    throw new CountersignError('ERR_USAGE', 'tcbEvaluationDataNumber is a positive integer')
  return number === undefined ? `update=${update}` : `tcbEvaluationDataNumber=${number}`
}
