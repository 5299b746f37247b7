/** Reading a write-ahead log back: torn, garbled, moved and forged groups. @module */
import { crc32 } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry, logOrigin } from '../../../src/core/log/index.ts'
import { GroupBuffer } from '../../../src/server/log/group-buffer.ts'
import { recoverLog } from '../../../src/server/log/index.ts'
import { CRC_SIZE, encodePreamble, FIRST_POSITION, signaturePrefix } from '../../../src/server/log/wal-format.ts'
import { scanWal } from '../../../src/server/log/wal-scan.ts'
import { logKey } from '../../core/log/log-key.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { answer, GENESIS, HOST, idOf, NOTHING, openLog, receiptOf, SIGNER, segmentPath } from './log-traffic.ts'
import { readWal, type WalContents } from './wal-contents.ts'

const ID = encodeBase64Url(SIGNER.publicKey)
/** Space that was reserved behind the last group. */
const RESERVED = new Uint8Array(512)

function diskWith(bytes: Uint8Array): MemoryFiles {
  const files = new MemoryFiles()
  files.put(memoryPath(`private/${ID}/wal/0`), bytes)
  return files
}

function readBytes(bytes: Uint8Array): Promise<WalContents> {
  return readWal(createMemoryStore(diskWith(bytes)), ID)
}

function at<T>(list: readonly T[], index: number): T {
  const item = list.at(index)
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}

function preambleOf(origin: string): Uint8Array {
  return encodePreamble({ segment: 0, origin, position: FIRST_POSITION, secondsBefore: 0 })
}

describe('a log that was cut or damaged', () => {
  let bytes: Uint8Array
  /** Where each group ends. */
  const ends: number[] = []
  let whole: WalContents

  /** Where the index part of each group ends. */
  const indexEnds: number[] = []

  beforeAll(async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    await answer(log, 1)
    await log.recordIntent(idOf(2))
    await Promise.all([log.recordIntent(idOf(3)), log.appendReceipt(receiptOf(2)).durable])
    await log.appendEntry(createEntry('quote', encodeUtf8('quote'))).durable
    await scanWal(createMemoryStore(files), ID, {
      from: 0,
      visit: ({ place, layout }) => {
        ends.push(place.offset + layout.size)
        indexEnds.push(place.offset + layout.sealed)
        return undefined
      },
    })
    bytes = files.read(segmentPath(log))?.slice(0, ends.at(-1)) ?? new Uint8Array(0)
    whole = await readBytes(bytes)
  })

  test('is read whole when it is whole', () => {
    expect(whole).toMatchObject({
      origin: logOrigin(HOST, SIGNER.publicKey),
      size: 4,
      counts: { intents: 3, receipts: 2, open: 1 },
      tail: { kind: 'clean' },
    })
    expect(whole.groups.flatMap(({ entries }) => entries)).toEqual([
      createEntry('genesis', GENESIS),
      receiptOf(1).entry,
      receiptOf(2).entry,
      createEntry('quote', encodeUtf8('quote')),
    ])
    expect(whole.groups.flatMap(({ records }) => records)).toEqual(
      [1, 2].map((n) => {
        const { jti, intent, sealed } = receiptOf(n)
        return { ordinal: 0, jti, intent, sealed }
      }),
    )
  })

  test('is read to the last group where space was reserved behind it', async () => {
    expect(await readBytes(concatBytes(bytes, RESERVED))).toEqual(whole)
    const { tail } = await readBytes(concatBytes(bytes, RESERVED, Uint8Array.of(1)))
    expect(tail).toMatchObject({ kind: 'garbled', offset: bytes.length })
  })

  test.each([
    ['cut', new Uint8Array(0)],
    ['written in part into reserved space', RESERVED],
  ])('opens to the groups before, %s at every octet of the last three', async (_, behind) => {
    for (let cut = at(ends, -4); cut < bytes.length; cut++) {
      const kept = concatBytes(bytes.subarray(0, cut), behind)
      const { groups, tail, counts } = await readBytes(kept)
      const lost = ends.filter((end) => end > cut)
      // Zeros may be what was written: a group is whole when all of it reads as it was written.
      const isWhole = (end: number): boolean => {
        const index = ends.indexOf(end)
        return cut >= at(indexEnds, index) && cut + CRC_SIZE >= end && behind.length > 0
      }
      const complete = whole.groups.length - lost.filter((end) => !isWhole(end)).length
      expect(groups).toEqual(whole.groups.slice(0, complete))
      expect(counts.intents).toBe(counts.receipts + counts.open)
      const start = ends[complete - 1] ?? 0
      const octets = bytes.subarray(0, cut).findLastIndex((octet) => octet !== 0) + 1 - start
      if (octets > 0 && complete < whole.groups.length && tail.kind !== 'clean')
        expect(tail).toEqual({ kind: 'torn', segment: 0, offset: start, octets })
      expect(tail.kind).not.toBe('garbled')
      expect(tail.kind === 'clean').toBe(octets <= 0 || lost.every(isWhole))
    }
  })

  test('never accepts a garbled index part, with any bit of the last three groups changed', async () => {
    for (let place = at(ends, -4); place < bytes.length; place++) {
      const garbled = bytes.slice()
      garbled[place] = (garbled[place] ?? 0) ^ (1 << (place % 8))
      const { groups, tail } = await readBytes(garbled)
      const hit = whole.groups.length - ends.filter((end) => end > place).length
      if (place >= at(indexEnds, hit)) {
        // Sealed octets are not what the log signs: the leaf stays, and whoever reads the record finds the damage.
        expect(groups.map(({ entries }) => entries)).toEqual(whole.groups.map(({ entries }) => entries))
        continue
      }
      expect(groups).toEqual(whole.groups.slice(0, hit))
      expect(tail).toMatchObject({ kind: expect.stringMatching('torn|garbled'), offset: at(ends, hit - 1) })
    }
  })

  test('never accepts a group whose CRC was made to fit', async () => {
    const start = at(ends, -2)
    const end = at(indexEnds, -1) - CRC_SIZE
    for (let place = start; place < end; place++) {
      if (place >= start + 112 && place < start + 116) continue
      const forged = bytes.slice()
      forged[place] = (forged[place] ?? 0) ^ 1
      const view = new DataView(forged.buffer)
      view.setUint32(start + 112, crc32(forged.subarray(start, start + 112)), true)
      view.setUint32(end, crc32(forged.subarray(start, end)), true)
      expect((await readBytes(forged)).groups, `${place - start}`).toEqual(whole.groups.slice(0, -1))
    }
  })

  test('does not accept a group twice, out of place, or without the one before', async () => {
    const group = (n: number): Uint8Array => bytes.subarray(at(ends, n - 1), at(ends, n))
    const upTo = (n: number): Uint8Array => bytes.subarray(0, at(ends, n))
    const last = ends.length - 1
    for (const [text, kept] of [
      [concatBytes(bytes, group(last)), last + 1],
      [concatBytes(upTo(last - 2), group(last)), last - 1],
      [concatBytes(upTo(last - 2), group(last), group(last - 1)), last - 1],
    ] as const) {
      const { groups, tail } = await readBytes(text)
      expect(tail).toMatchObject({ kind: 'garbled', reason: expect.stringContaining('does not continue') })
      expect(groups.length).toBeLessThanOrEqual(whole.groups.length)
      expect(groups.length).toBe(whole.groups.length - (last + 1 - kept))
    }
  })

  test('is no log without its preamble', async () => {
    for (const text of [new Uint8Array(0), bytes.subarray(0, 99), encodeUtf8('something else entirely'), RESERVED])
      await expect(readBytes(text)).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
    await expect(recoverLog(createMemoryStore(), ID, NOTHING)).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
  })

  test('does not pass under the origin of another log', async () => {
    const other = preambleOf(logOrigin('other.example.com', SIGNER.publicKey))
    const own = preambleOf(logOrigin(HOST, SIGNER.publicKey))
    const { groups, tail } = await readBytes(concatBytes(other, bytes.subarray(own.length)))
    expect(groups).toEqual([])
    expect(tail).toMatchObject({ kind: 'garbled', reason: expect.stringContaining('signed') })
    const nobody = preambleOf('gw.example.com/log/none')
    await expect(readBytes(nobody)).rejects.toMatchObject({ failure: 'LOG_ORIGIN' })
  })

  test('does not make the reader allocate what a forged length asks for', async () => {
    const forged = bytes.slice()
    const view = new DataView(forged.buffer)
    view.setUint32(at(ends, -2) + 4, 0xffffffff, true)
    view.setUint32(at(ends, -2) + 112, crc32(forged.subarray(at(ends, -2), at(ends, -2) + 112)), true)
    expect((await readBytes(forged)).tail).toMatchObject({ kind: 'torn', offset: at(ends, -2) })
  })
})

describe('a group that the key signed against the laws of the log', () => {
  const origin = logOrigin(HOST, SIGNER.publicKey)

  async function readGroup(fill: (group: GroupBuffer) => void, key = SIGNER): Promise<WalContents> {
    const group = new GroupBuffer()
    fill(group)
    const signer = { prefix: signaturePrefix(origin), sign: (signed: Uint8Array): Uint8Array => key.sign(signed) }
    return readBytes(concatBytes(preambleOf(origin), group.encode(FIRST_POSITION, 0, signer).bytes))
  }
  const genesis = createEntry('genesis', GENESIS)
  const lawful = (group: GroupBuffer): void => {
    group.addEntry(genesis)
    group.addIntent(idOf(1))
    group.addReceipt(receiptOf(1).entry, receiptOf(1))
  }

  test('passes when it keeps them', async () => {
    expect(await readGroup(lawful)).toMatchObject({ size: 2, tail: { kind: 'clean' } })
  })

  const breaches: readonly (readonly [string, (group: GroupBuffer) => void])[] = [
    ['is empty', () => {}],
    ['begins without a genesis', (group) => group.addEntry(receiptOf(1).entry)],
    [
      'has a second genesis',
      (group) => {
        lawful(group)
        group.addEntry(genesis)
      },
    ],
    [
      'has an entry of an unknown type',
      (group) => {
        lawful(group)
        group.addEntry(new Uint8Array(33).fill(9))
      },
    ],
    [
      'has a receipt without a record',
      (group) => {
        lawful(group)
        group.addEntry(receiptOf(2).entry)
      },
    ],
    [
      'has a record of another entry',
      (group) => {
        group.addEntry(genesis)
        group.addIntent(idOf(1))
        group.addReceipt(createEntry('nonce', idOf(1)), receiptOf(1))
      },
    ],
    [
      'closes an intent that was never admitted',
      (group) => {
        lawful(group)
        group.addReceipt(receiptOf(2).entry, receiptOf(2))
      },
    ],
  ]
  test.each(breaches)('is refused when it %s', async (_, fill) => {
    expect(await readGroup(fill)).toMatchObject({ size: 0, tail: { kind: 'garbled' } })
  })

  test('is refused when another key signed it', async () => {
    expect(await readGroup(lawful, logKey(8))).toMatchObject({ size: 0, tail: { kind: 'garbled' } })
  })
})
