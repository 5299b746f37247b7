/** Reading a write-ahead log back: torn, garbled, moved and forged groups. @module */
import { crc32 } from 'node:zlib'
import { beforeAll, describe, expect, test } from 'vitest'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { createEntry, logOrigin } from '../../../src/core/log/index.ts'
import { GroupBuffer } from '../../../src/server/log/group-buffer.ts'
import { readWriteAheadLog, type WalContents } from '../../../src/server/log/index.ts'
import { encodePreamble, signaturePrefix } from '../../../src/server/log/wal-format.ts'
import { logKey } from '../../core/log/log-key.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { answer, GENESIS, HOST, idOf, openLog, receiptOf, SIGNER } from './log-traffic.ts'

const WAL = '/log/wal/0.wal'

function readBytes(bytes: Uint8Array): Promise<WalContents> {
  const files = new MemoryFiles()
  files.put(WAL, bytes)
  return readWriteAheadLog('/log', files)
}

function at<T>(list: readonly T[], index: number): T {
  const item = list.at(index)
  if (item === undefined) throw new Error(`nothing at ${index}`)
  return item
}

describe('a log that was cut or damaged', () => {
  let bytes: Uint8Array
  /** Where each group ends. */
  const ends: number[] = []
  let whole: WalContents

  beforeAll(async () => {
    const files = new MemoryFiles()
    const log = await openLog(files)
    const path = `${log.directory}/wal/0.wal`
    const mark = (): number => ends.push(files.read(path)?.length ?? 0)
    mark()
    await answer(log, 1)
    mark()
    await log.recordIntent(idOf(2))
    mark()
    await Promise.all([log.recordIntent(idOf(3)), log.appendReceipt(receiptOf(2)).durable])
    mark()
    await log.appendEntry(createEntry('quote', encodeUtf8('quote'))).durable
    mark()
    bytes = files.read(path) ?? new Uint8Array(0)
    whole = await readBytes(bytes)
  })

  test('is read whole when it is whole', () => {
    expect(whole).toMatchObject({
      origin: logOrigin(HOST, SIGNER.publicKey),
      size: 4,
      counts: { intents: 3, receipts: 2, open: 1 },
      open: [idOf(3)],
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

  test('opens to the groups before, cut at every octet of the last three', async () => {
    for (let cut = at(ends, -4); cut < bytes.length; cut++) {
      const { groups, tail, counts } = await readBytes(bytes.subarray(0, cut))
      const complete = whole.groups.length - ends.filter((end) => end > cut).length
      expect(groups).toEqual(whole.groups.slice(0, complete))
      expect(counts.intents).toBe(counts.receipts + counts.open)
      const start = ends.filter((end) => end <= cut).at(-1) ?? 0
      expect(tail).toEqual(start === cut ? { kind: 'clean' } : { kind: 'torn', offset: start, octets: cut - start })
    }
  })

  test('never accepts a garbled group, with any octet of the last three changed', async () => {
    for (let place = at(ends, -4); place < bytes.length; place++) {
      const garbled = bytes.slice()
      garbled[place] = (garbled[place] ?? 0) ^ (1 << (place % 8))
      const { groups, tail } = await readBytes(garbled)
      const hit = whole.groups.length - ends.filter((end) => end > place).length
      expect(groups).toEqual(whole.groups.slice(0, hit))
      expect(tail).toMatchObject({
        kind: expect.stringMatching('torn|garbled'),
        offset: ends.filter((end) => end <= place).at(-1),
      })
    }
  })

  test('never accepts a group whose CRC was made to fit', async () => {
    const start = at(ends, -2)
    for (let place = start; place < bytes.length - 4; place++) {
      const forged = bytes.slice()
      forged[place] = (forged[place] ?? 0) ^ 1
      new DataView(forged.buffer).setUint32(forged.length - 4, crc32(forged.subarray(start, -4)), true)
      expect((await readBytes(forged)).groups).toEqual(whole.groups.slice(0, -1))
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
    for (const text of [new Uint8Array(0), bytes.subarray(0, 9), encodeUtf8('something else entirely')])
      await expect(readBytes(text)).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
    await expect(readWriteAheadLog('/log', new MemoryFiles())).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
  })

  test('does not pass under the origin of another log', async () => {
    const other = encodePreamble(logOrigin('other.example.com', SIGNER.publicKey))
    const own = encodePreamble(logOrigin(HOST, SIGNER.publicKey))
    const { groups, tail } = await readBytes(concatBytes(other, bytes.subarray(own.length)))
    expect(groups).toEqual([])
    expect(tail).toMatchObject({ kind: 'garbled', reason: expect.stringContaining('signed') })
    const nobody = encodePreamble('gw.example.com/log/none')
    await expect(readBytes(nobody)).rejects.toMatchObject({ failure: 'LOG_ORIGIN' })
  })

  test('does not make the reader allocate what a forged length asks for', async () => {
    const forged = bytes.slice()
    new DataView(forged.buffer).setUint32(at(ends, -2) + 4, 0xffffffff, true)
    expect((await readBytes(forged)).tail).toMatchObject({ kind: 'torn', offset: at(ends, -2) })
  })
})

describe('a group that the key signed against the laws of the log', () => {
  const origin = logOrigin(HOST, SIGNER.publicKey)
  const position = { number: 0, firstIndex: 0, firstSeq: 0, previous: new Uint8Array(32) }

  async function readGroup(fill: (group: GroupBuffer) => void, key = SIGNER): Promise<WalContents> {
    const group = new GroupBuffer()
    fill(group)
    const sign = (signed: Uint8Array): Uint8Array => key.sign(concatBytes(signaturePrefix(origin), signed))
    return readBytes(concatBytes(encodePreamble(origin), group.encode(position, sign).bytes))
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
    [
      'closes an intent twice',
      (group) => {
        lawful(group)
        group.addReceipt(receiptOf(2).entry, { ...receiptOf(2), intent: idOf(1) })
      },
    ],
    [
      'admits a request twice',
      (group) => {
        lawful(group)
        group.addIntent(idOf(1))
      },
    ],
  ]
  test.each(breaches)('is refused when it %s', async (_, fill) => {
    expect(await readGroup(fill)).toMatchObject({ size: 0, open: [], tail: { kind: 'garbled' } })
  })

  test('is refused when another key signed it', async () => {
    expect(await readGroup(lawful, logKey(8))).toMatchObject({ size: 0, tail: { kind: 'garbled' } })
  })
})
