/** MRTD: what the TDX module hashes while a loader adds the first pages (TDX module ABI, TDH.MEM.PAGE.ADD and TDH.MR.EXTEND). @module */
import { createHasher } from '../../crypto/index.ts'
import { encodeUtf8 } from '../../encoding/utf8.ts'
import type { Tdvf } from './tdvf.ts'
import { PAGE_SIZE, type TdvfSection } from './tdvf-sections.ts'

/**
 * In which order a loader works, which gives one firmware two digests.
 * - `page` each page is added and then measured, as QEMU does from version 9
 * - `section` all pages of a section are added and then measured, as QEMU 8 with Intel's patches did
 */
export type PageOrder = 'page' | 'section'

const RECORD_SIZE = 128
const CHUNK_SIZE = 256
const CHUNKS = PAGE_SIZE / CHUNK_SIZE
/** Where a record holds the address. */
const ADDRESS = 16

/** A record: name, zeros, address u64, zeros. */
function createRecord(name: string): { readonly octets: Uint8Array; at(address: number): Uint8Array } {
  const octets = new Uint8Array(RECORD_SIZE)
  octets.set(encodeUtf8(name))
  const view = new DataView(octets.buffer)
  return {
    octets,
    at(address) {
      view.setBigUint64(ADDRESS, BigInt(address), true)
      return octets
    },
  }
}

/** 48 octets: one hash over all records, not a chain. */
export function computeMrtd(firmware: Uint8Array, { sections }: Tdvf, order: PageOrder): Uint8Array {
  const hasher = createHasher('sha384')
  const added = createRecord('MEM.PAGE.ADD')
  const extended = createRecord('MR.EXTEND')
  // One update a page: a record of 128 octets each would cost more in calls than in hashing.
  const page = new Uint8Array(CHUNKS * (RECORD_SIZE + CHUNK_SIZE))
  const add = ({ address }: TdvfSection, offset: number): void => {
    hasher.update(added.at(address + offset))
  }
  const extend = (section: TdvfSection, offset: number): void => {
    if (!section.extended) return
    for (let chunk = 0; chunk < CHUNKS; chunk++) {
      const within = offset + chunk * CHUNK_SIZE
      const target = chunk * (RECORD_SIZE + CHUNK_SIZE)
      const from = section.dataOffset + within
      page.set(extended.at(section.address + within), target)
      page.set(firmware.subarray(from, from + CHUNK_SIZE), target + RECORD_SIZE)
    }
    hasher.update(page)
  }
  for (const section of sections) {
    const offsets = Array.from({ length: section.memorySize / PAGE_SIZE }, (_, i) => i * PAGE_SIZE)
    switch (order) {
      case 'page':
        for (const offset of offsets) {
          add(section, offset)
          extend(section, offset)
        }
        break
      case 'section':
        for (const offset of offsets) add(section, offset)
        for (const offset of offsets) extend(section, offset)
        break
      default:
        return order satisfies never
    }
  }
  return hasher.digest()
}
