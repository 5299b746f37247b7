/** Firmware images made for tests: pages of a pattern, SEV metadata and the table at the end, each as the specification has it or as a test wants it. */
import { concatBytes } from '../../src/core/encoding/bytes.ts'
import { encodeGuid } from '../../src/core/measurement/ovmf/guid.ts'

export const OVMF_GUIDS = {
  table: '96b582de-1fb2-45f7-baea-a366c55a082d',
  sevMetadata: 'dc886566-984a-4798-a75e-5585a7bf67cc',
  sevHashes: '7255371f-3a3b-4b04-927b-1da6efa8d454',
  resetBlock: '00f771de-1a7e-4fcb-890e-68c77e2fb44e',
  svsm: 'a789a612-0597-4c4b-a49f-cbb1fe9d1ddd',
} as const

export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 0xff, value >> 8)
}

export function u32(value: number): Uint8Array {
  const out = new Uint8Array(4)
  new DataView(out.buffer).setUint32(0, value, true)
  return out
}

export interface TableEntry {
  readonly guid: string
  readonly content: Uint8Array
  /** Otherwise what it is. */
  readonly size?: number
}

/** The table, without the 32 octets behind it. @param size of the whole, where a test wants another than it is */
export function encodeTable(entries: readonly TableEntry[], size?: number): Uint8Array {
  const encoded = entries.map(({ guid, content, size: said = content.length + 18 }) =>
    concatBytes(content, u16(said), encodeGuid(guid)),
  )
  const whole = concatBytes(...encoded)
  return concatBytes(whole, u16(size ?? whole.length + 18), encodeGuid(OVMF_GUIDS.table))
}

/** Octets that differ from page to page and look like nothing. */
export function pattern(size: number, seed = 1): Uint8Array {
  const out = new Uint8Array(size)
  let state = seed >>> 0
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    out[i] = state >>> 24
  }
  return out
}

/** An image of `size` octets with the table at its end. */
export function imageWithTable(table: Uint8Array, size = 8192): Uint8Array {
  const image = pattern(size)
  image.set(table, size - 32 - table.length)
  return image
}
