/** TCB_VERSION: firmware levels, in two layouts. Compared component by component, never as one number. AMD 56860, TCB_VERSION. @module */
import { MalformedError } from '../../errors.ts'
import type { SnpProduct } from './product.ts'

/** Firmware levels. `fmc` exists on Turin alone. */
export interface Tcb {
  readonly fmc?: number
  readonly bootLoader: number
  readonly tee: number
  readonly snp: number
  readonly microcode: number
}

export type TcbComponent = keyof Tcb

/**
 * Where each component stands in the eight octets; the others are reserved.
 *
 * | octet | Milan, Genoa | Turin |
 * | --- | --- | --- |
 * | 0 | boot loader | FMC |
 * | 1 | TEE | boot loader |
 * | 2 | reserved | TEE |
 * | 3 | reserved | SNP |
 * | 4, 5 | reserved | reserved |
 * | 6 | SNP | reserved |
 * | 7 | microcode | microcode |
 */
const EARLY: readonly (readonly [TcbComponent, number])[] = [
  ['bootLoader', 0],
  ['tee', 1],
  ['snp', 6],
  ['microcode', 7],
]
const TURIN: readonly (readonly [TcbComponent, number])[] = [
  ['fmc', 0],
  ['bootLoader', 1],
  ['tee', 2],
  ['snp', 3],
  ['microcode', 7],
]

const TCB_SIZE = 8

/** The components of a product's layout and their octets. */
export function tcbLayout(product: SnpProduct): readonly (readonly [TcbComponent, number])[] {
  return product === 'Turin' ? TURIN : EARLY
}

/**
 * Reads eight octets in the layout of `product`.
 * @throws MalformedError PARSE_LENGTH, PARSE_RESERVED
 */
export function decodeTcb(bytes: Uint8Array, product: SnpProduct): Tcb {
  if (bytes.length !== TCB_SIZE)
    throw new MalformedError('PARSE_LENGTH', `a TCB version has ${bytes.length} bytes, not 8`)
  const layout = tcbLayout(product)
  for (const [at, byte] of bytes.entries())
    if (byte !== 0 && !layout.some(([, octet]) => octet === at))
      throw new MalformedError('PARSE_RESERVED', `octet ${at} of a ${product} TCB version is not zero`)
  const [first = 0, second = 0, third = 0, fourth = 0, , , seventh = 0, microcode = 0] = bytes
  return product === 'Turin'
    ? { fmc: first, bootLoader: second, tee: third, snp: fourth, microcode }
    : { bootLoader: first, tee: second, snp: seventh, microcode }
}

/** The eight octets of firmware levels in the layout of `product`. */
export function encodeTcb(tcb: Tcb, product: SnpProduct): Uint8Array {
  const bytes = new Uint8Array(TCB_SIZE)
  for (const [component, octet] of tcbLayout(product)) bytes[octet] = tcb[component] ?? 0
  return bytes
}

/** The first component of `tcb` that is below `floor`; undefined when none is. */
export function firstBelow(tcb: Tcb, floor: Tcb): TcbComponent | undefined {
  return TURIN.find(([component]) => (tcb[component] ?? 0) < (floor[component] ?? 0))?.[0]
}

/** For people, for example `bootLoader 10, tee 0, snp 23, microcode 84`. */
export function formatTcb({ fmc, bootLoader, tee, snp, microcode }: Tcb): string {
  const levels = `bootLoader ${bootLoader}, tee ${tee}, snp ${snp}, microcode ${microcode}`
  return fmc === undefined ? levels : `fmc ${fmc}, ${levels}`
}
