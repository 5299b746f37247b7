import { describe, expect, it } from 'vitest'
import {
  encodeTable,
  imageWithTable,
  OVMF_GUIDS,
  type TableEntry,
  u32,
} from '../../../../scripts/differential/snp-images.mjs'
import { readOvmfTable } from '../../../../src/core/measurement/ovmf/footer.ts'
import { decodeGuid, encodeGuid } from '../../../../src/core/measurement/ovmf/guid.ts'
import { MalformedError } from '../../../../src/errors.ts'

const METADATA: TableEntry = { guid: OVMF_GUIDS.sevMetadata, content: u32(0x600) }
const RESET: TableEntry = { guid: OVMF_GUIDS.resetBlock, content: u32(0x80b004) }

function refusalOf(image: Uint8Array): string {
  try {
    readOvmfTable(image)
  } catch (error) {
    if (error instanceof MalformedError) return `${error.failure}: ${error.message}`
    throw error
  }
  return 'none'
}

describe('GUIDs of firmware', () => {
  it('are stored with their first three groups turned round', () => {
    const stored = encodeGuid('00112233-4455-6677-8899-aabbccddeeff')
    expect([...stored.subarray(0, 8)]).toEqual([0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66])
    expect(decodeGuid(stored)).toBe('00112233-4455-6677-8899-aabbccddeeff')
  })
})

describe('the table at the end of OVMF', () => {
  it('gives each entry with where its data is', () => {
    const image = imageWithTable(encodeTable([METADATA, RESET]))
    const table = readOvmfTable(image)
    expect([...table.keys()].sort()).toEqual([RESET.guid, METADATA.guid].sort())
    const entry = table.get(METADATA.guid)
    expect([...(entry?.content ?? [])]).toEqual([0, 6, 0, 0])
    expect(entry?.offset).toBe(8192 - 32 - 18 - 22 - 22)
  })

  it('may be empty, and an entry may hold nothing', () => {
    expect(readOvmfTable(imageWithTable(encodeTable([]))).size).toBe(0)
    const bare = { guid: OVMF_GUIDS.svsm, content: new Uint8Array() }
    expect(readOvmfTable(imageWithTable(encodeTable([bare]))).get(OVMF_GUIDS.svsm)?.content.length).toBe(0)
  })

  it('reads a view that does not begin where its memory does', () => {
    const image = imageWithTable(encodeTable([RESET]))
    const shifted = new Uint8Array(image.length + 3)
    shifted.set(image, 3)
    expect(readOvmfTable(shifted.subarray(3)).get(RESET.guid)?.offset).toBe(8192 - 32 - 18 - 22)
  })

  const whole = imageWithTable(encodeTable([METADATA, RESET]))
  it.each([
    ['nothing', new Uint8Array(), 'OVMF_FORMAT: the firmware ends at 0x0, before its table'],
    ['less than a table', new Uint8Array(49), 'OVMF_FORMAT: the firmware ends at 0x31, before its table'],
    ['one octet cut from the end', whole.subarray(0, 8191), 'OVMF_FORMAT: no table at 0x1fcf: its GUID is not there'],
    ['a page cut from the end', whole.subarray(0, 4096), 'OVMF_FORMAT: no table at 0xfd0: its GUID is not there'],
    ['cut in the middle of the table', whole.subarray(8192 - 82), 'OVMF_FORMAT: the table that ends at 0x32'],
    ['no table', new Uint8Array(8192), 'OVMF_FORMAT: no table at 0x1fd0'],
  ])('is refused with its offset: %s', (_, image, message) => {
    expect(refusalOf(image)).toContain(message)
  })

  it.each([
    ['a table of no size', encodeTable([RESET], 0), 'the table that ends at 0x1fe0 has an impossible size, 0'],
    ['a table below itself', encodeTable([RESET], 17), 'the table that ends at 0x1fe0 has an impossible size, 17'],
    [
      'a table beyond the file',
      encodeTable([RESET], 0xffff),
      'the table that ends at 0x1fe0 has an impossible size, 65535',
    ],
    ['a table that ends in an entry', encodeTable([METADATA, RESET], 18 + 22 + 9), '9 octets at 0x1faf are too few'],
    ['an entry of no size', encodeTable([{ ...RESET, size: 0 }]), 'that ends at 0x1fce has an impossible size, 0'],
    ['an entry that would loop', encodeTable([METADATA, { ...RESET, size: 17 }]), 'impossible size, 17'],
    [
      'an entry beyond the table',
      encodeTable([{ ...RESET, size: 23 }]),
      'that ends at 0x1fce has an impossible size, 23',
    ],
    ['an entry over its neighbour', encodeTable([METADATA, { ...RESET, size: 27 }]), '17 octets at 0x1fa2 are too few'],
    ['an entry there twice', encodeTable([RESET, METADATA, RESET]), 'that ends at 0x1fa2 is there twice'],
  ])('is refused with its offset: %s', (_, table, message) => {
    expect(refusalOf(imageWithTable(table))).toContain(message)
  })

  it('is not read from a file larger than any firmware', () => {
    expect(refusalOf(new Uint8Array(64 * 1024 * 1024 + 1))).toContain('more than 67108864')
  })

  it('reads or refuses, and never fails otherwise, whatever one octet of it is', () => {
    const table = encodeTable([METADATA, RESET])
    const outcomes = new Set<string>()
    for (let at = 8192 - 32 - table.length; at < 8192 - 32; at++)
      for (const flip of [1, 0x80, 0xff]) {
        const image = imageWithTable(table)
        image[at] = (image[at] ?? 0) ^ flip
        outcomes.add(refusalOf(image).split(':')[0] ?? '')
      }
    expect([...outcomes].sort()).toEqual(['OVMF_FORMAT', 'none'])
  })
})
