/** The evidence of one log: found by leaf and session, over restarts, and never served as something that it is not. */
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  type CoveringEvidence,
  type CoveringWish,
  EvidenceStore,
  exportArchive,
} from '../../../src/server/evidence-store/index.ts'
import type { ObjectStore } from '../../../src/storage/index.ts'
import { MemoryFiles } from '../../kit/memory-files.ts'
import { createMemoryStore, memoryPath } from '../../kit/memory-store.ts'
import { captured, checkpointNote, ENDORSED, ISSUED_AT, LIFE, LOG_ID, sessionDigest, writeSession } from './captured.ts'

const DIGEST = sessionDigest('session')
const now = (grade: CoveringWish['grade'], seconds = 0): CoveringWish => ({ grade, nowSeconds: ISSUED_AT + seconds })
const WITNESSED = now('witnessed')

interface Fixture {
  readonly files: MemoryFiles
  readonly store: ObjectStore
  readonly evidence: EvidenceStore
  readonly faults: string[]
}

async function begin(): Promise<Fixture> {
  const files = new MemoryFiles()
  const store = createMemoryStore(files)
  const faults: string[] = []
  await writeSession(store, 'session')
  return { files, store, faults, evidence: EvidenceStore.begin(store, LOG_ID, (detail) => faults.push(detail)) }
}

function open({ store, faults }: Fixture): Promise<EvidenceStore> {
  return EvidenceStore.open(store, LOG_ID, (detail) => faults.push(detail))
}

/** Quotes at these sizes, a second apart, each with its leaf right behind. */
async function quoteAt(evidence: EvidenceStore, ...sizes: readonly number[]): Promise<void> {
  for (const [i, size] of sizes.entries()) {
    const quoted = captured({ size, iat: ISSUED_AT + i })
    const added = evidence.add(quoted)
    evidence.quoteAppended(quoted, size)
    await added
  }
}

const placed = (found: CoveringEvidence | undefined): readonly (number | undefined)[] => [
  found?.place.size,
  found?.witnessed?.size,
]

describe('what covers a leaf', () => {
  it('is the earliest quoted checkpoint above it, under its own session', async () => {
    const { evidence, store } = await begin()
    await quoteAt(evidence, 4, 8)
    await writeSession(store, 'next')
    await evidence.add(captured({ size: 12, session: 'next', iat: ISSUED_AT + 9 }))
    expect(placed(await evidence.covering(3, DIGEST, WITNESSED))).toEqual([4, undefined])
    expect(placed(await evidence.covering(4, DIGEST, WITNESSED))).toEqual([8, undefined])
    expect(await evidence.covering(8, DIGEST, WITNESSED)).toBeUndefined()
    expect(placed(await evidence.covering(8, sessionDigest('next'), WITNESSED))).toEqual([12, undefined])
    expect(placed(await evidence.newest(DIGEST))).toEqual([8, undefined])
  })

  it('is witnessed when a cosigned checkpoint holds the leaf of its quote', async () => {
    const { evidence } = await begin()
    await quoteAt(evidence, 4, 8, 12)
    await evidence.witnessed(checkpointNote(8), 8)
    // The leaf of the quote over 8 leaves is leaf 8: a tree of 8 does not hold it.
    expect(placed(await evidence.covering(3, DIGEST, WITNESSED))).toEqual([4, 8])
    expect(placed(await evidence.covering(4, DIGEST, WITNESSED))).toEqual([8, undefined])
    await evidence.witnessed(checkpointNote(13), 13)
    expect(placed(await evidence.covering(4, DIGEST, WITNESSED))).toEqual([8, 13])
    expect((await evidence.covering(4, DIGEST, WITNESSED))?.witnessed?.note).toBe(checkpointNote(13))
    expect(await evidence.newestWitnessed()).toBe(checkpointNote(13))
  })

  it('is never witnessed by what lies before its quote has a leaf', async () => {
    const { evidence } = await begin()
    await evidence.add(captured({ size: 4 }))
    await evidence.witnessed(checkpointNote(9), 9)
    expect(placed(await evidence.covering(3, DIGEST, WITNESSED))).toEqual([4, undefined])
  })

  it('is in force where something in force covers it, unless a witness is asked for', async () => {
    const { evidence } = await begin()
    await quoteAt(evidence, 4)
    await evidence.witnessed(checkpointNote(5), 5)
    await evidence.add(captured({ size: 8, iat: ISSUED_AT + LIFE }))
    expect(placed(await evidence.covering(3, DIGEST, now('quoted')))).toEqual([4, 5])
    expect(placed(await evidence.covering(3, DIGEST, now('quoted', LIFE)))).toEqual([8, undefined])
    expect(placed(await evidence.covering(3, DIGEST, now('witnessed', LIFE)))).toEqual([4, 5])
    expect(placed(await evidence.covering(3, DIGEST, now('quoted', 2 * LIFE)))).toEqual([4, 5])
  })

  it('of two with one size is the first: its quote may be witnessed already', async () => {
    const { evidence } = await begin()
    await quoteAt(evidence, 4)
    await evidence.add(captured({ size: 4, iat: ISSUED_AT + 60 }))
    expect((await evidence.at(4))?.place.iat).toBe(ISSUED_AT)
  })

  it('is never of two sessions at one size: the second would have no record', async () => {
    const { evidence } = await begin()
    await evidence.add(captured({ size: 4 }))
    await expect(evidence.add(captured({ size: 4, session: 'next' }))).rejects.toThrow('under another session')
    expect((await evidence.at(4))?.place.session).toBe(DIGEST)
  })

  it('has the leaf of its own quote, not that of another over the same checkpoint', async () => {
    const { evidence } = await begin()
    const first = captured({ size: 4 })
    const second = captured({ size: 4, iat: ISSUED_AT + 1 })
    await Promise.all([evidence.add(first), evidence.add(second)])
    const kept = (await evidence.at(4))?.place.iat === ISSUED_AT ? first : second
    const other = kept === first ? second : first
    evidence.quoteAppended(other, 4)
    expect((await evidence.at(4))?.place.quoteIndex).toBeUndefined()
    evidence.quoteAppended(kept, 5)
    expect((await evidence.at(4))?.place.quoteIndex).toBe(5)
  })
})

describe('evidence that another attempt brings over the same checkpoint', () => {
  it('is written when the first could not be: nobody is told of a record that is not there', async () => {
    const fixture = await begin()
    fixture.files.onStep = () => {
      throw new Error('full')
    }
    await expect(fixture.evidence.add(captured({ size: 4 }))).rejects.toThrow('full')
    await expect(fixture.evidence.add(captured({ size: 4, iat: ISSUED_AT + 1 }))).rejects.toThrow('full')
    fixture.files.onStep = () => {}
    await fixture.evidence.add(captured({ size: 4, iat: ISSUED_AT + 2 }))
    expect((await (await open(fixture)).at(4))?.place.iat).toBe(ISSUED_AT + 2)
  })

  it('waits for the disk while the first is on its way', async () => {
    const fixture = await begin()
    let resume = (): void => {}
    const held = new Promise<void>((resolve) => {
      resume = resolve
    })
    fixture.files.onStep = () => held
    const settled: string[] = []
    const both = ['first', 'second'].map((which, i) =>
      fixture.evidence.add(captured({ size: 4, iat: ISSUED_AT + i })).then(() => settled.push(which)),
    )
    for (let i = 0; i < 50; i++) await Promise.resolve()
    expect(settled).toEqual([])
    resume()
    await Promise.all(both)
    expect((await (await open(fixture)).at(4))?.place.size).toBe(4)
  })
})

describe('over a restart', () => {
  it('everything is found again, octet by octet, with its witness', async () => {
    const fixture = await begin()
    const { evidence } = fixture
    for (const [i, tee] of (['snp', 'tdx', 'nitro'] as const).entries()) {
      const quoted = captured({ size: 4 * (i + 1), tee, iat: ISSUED_AT + i })
      const added = evidence.add(quoted)
      evidence.quoteAppended(quoted, 4 * (i + 1) + 1)
      await added
    }
    await evidence.witnessed(checkpointNote(6), 6)
    const again = await open(fixture)
    expect(again.sizes).toEqual([4, 8, 12])
    expect(again.witnessedSizes).toEqual([6])
    for (const [i, tee] of (['snp', 'tdx', 'nitro'] as const).entries()) {
      const size = 4 * (i + 1)
      const found = await again.at(size)
      expect(found?.place.quoteIndex).toBe(size + 1)
      expect(found && exportArchive(found)).toEqual(exportArchive(captured({ size, tee, iat: ISSUED_AT + i })))
    }
    expect(placed(await again.covering(0, DIGEST, WITNESSED))).toEqual([4, 6])
    expect(placed(await again.covering(4, DIGEST, WITNESSED))).toEqual([8, undefined])
    expect(fixture.faults).toEqual([])
  })

  it('the place of a quote that was appended late is found too', async () => {
    const fixture = await begin()
    const quoted = captured({ size: 4 })
    await fixture.evidence.add(quoted)
    fixture.evidence.quoteAppended(quoted, 7)
    await fixture.evidence.close()
    expect((await (await open(fixture)).at(4))?.place.quoteIndex).toBe(7)
  })

  it('parts that quotes share lie there once', async () => {
    const { evidence, store } = await begin()
    await quoteAt(evidence, 4, 8, 12)
    const parts = ['certificate table', 'vcek', 'ask', 'ark', 'crl of today']
    expect(await store.list('endorsements')).toEqual(parts.map((part) => encodeHex(sha256(encodeUtf8(part)))).sort())
  })

  it('an older record is whole whatever moment the machine stopped at', async () => {
    const whole = await begin()
    await quoteAt(whole.evidence, 4)
    const before = whole.files.steps.length
    const newer = { ...ENDORSED.snp('report 8'), auxblob: encodeUtf8('another table') }
    await whole.evidence.add(captured({ size: 8, quote: newer }))
    const after = whole.files.steps.length
    for (let stop = before; stop < after; stop++) {
      const fixture = await begin()
      await quoteAt(fixture.evidence, 4)
      fixture.files.onStep = (_step, count) => {
        if (count > stop) throw new Error('stopped')
      }
      await expect(fixture.evidence.add(captured({ size: 8, quote: newer }))).rejects.toThrow('stopped')
      const left = { ...fixture, store: createMemoryStore(fixture.files.afterCrash(() => true)) }
      const again = await open(left)
      expect(placed(await again.covering(3, DIGEST, WITNESSED))).toEqual([4, undefined])
      // A record that is there has all its parts.
      expect([undefined, 8]).toContain((await again.covering(4, DIGEST, WITNESSED))?.place.size)
      expect(fixture.faults).toEqual([])
    }
  })
})

describe('a store of the host', () => {
  async function altered(name: string, bytes: string): Promise<Fixture & { readonly again: EvidenceStore }> {
    const fixture = await begin()
    await quoteAt(fixture.evidence, 4, 8)
    await fixture.evidence.witnessed(checkpointNote(9), 9)
    await fixture.store.write([{ name, bytes: encodeUtf8(bytes) }])
    return { ...fixture, again: await open(fixture) }
  }

  it('has a record passed over that does not decode, and told of', async () => {
    const { again, faults } = await altered(`log/${LOG_ID}/evidence/4`, '{}')
    expect(placed(await again.covering(3, DIGEST, WITNESSED))).toEqual([8, 9])
    expect(await again.at(4)).toBeUndefined()
    expect(again.sizes).toEqual([8])
    expect(faults).toHaveLength(1)
  })

  it('has a record passed over that stands under the name of another', async () => {
    const { store, ...fixture } = await begin()
    await quoteAt(fixture.evidence, 4, 8)
    const bytes = (await store.read(`log/${LOG_ID}/evidence/8`)) ?? new Uint8Array(0)
    await store.write([{ name: `log/${LOG_ID}/evidence/4`, bytes }])
    const again = await open({ store, ...fixture })
    expect(placed(await again.covering(3, DIGEST, WITNESSED))).toEqual([8, undefined])
    expect(fixture.faults).toEqual([`log/${LOG_ID}/evidence/4 is of size 8`])
  })

  it('has no certificate taken that is not the one of its name', async () => {
    const name = `endorsements/${encodeHex(sha256(encodeUtf8('vcek')))}`
    const { again, faults } = await altered(name, 'of the host')
    expect(await again.covering(3, DIGEST, WITNESSED)).toBeUndefined()
    expect(faults).toHaveLength(2)
  })

  it('has no session taken that is not the one of its name', async () => {
    const { again, faults } = await altered(`log/${LOG_ID}/session/${DIGEST.slice(7)}`, 'another')
    expect(await again.covering(3, DIGEST, WITNESSED)).toBeUndefined()
    expect(faults.length).toBeGreaterThan(0)
  })

  it('has no note taken for a witness that is of another size', async () => {
    const { again, faults } = await altered(`log/${LOG_ID}/witnessed/9`, checkpointNote(8))
    expect(placed(await again.covering(3, DIGEST, WITNESSED))).toEqual([4, undefined])
    expect(faults).toEqual([`log/${LOG_ID}/witnessed/9 is of another size`])
  })

  it('may hold names of another form: nobody reads them', async () => {
    const { again } = await altered(`log/${LOG_ID}/evidence/08`, '{}')
    expect(again.sizes).toEqual([4, 8])
  })

  it('that takes no more octets costs no older record, and the newest serves from memory', async () => {
    const fixture = await begin()
    await quoteAt(fixture.evidence, 4)
    fixture.files.onStep = () => {
      throw new Error('full')
    }
    await expect(fixture.evidence.add(captured({ size: 8, iat: ISSUED_AT + 1 }))).rejects.toThrow('full')
    expect(placed(await fixture.evidence.covering(4, DIGEST, WITNESSED))).toEqual([8, undefined])
    fixture.files.onStep = () => {}
    await fixture.evidence.add(captured({ size: 12, iat: ISSUED_AT + 2 }))
    expect(fixture.evidence.sizes).toEqual([4, 12])
    expect(placed(await fixture.evidence.covering(4, DIGEST, WITNESSED))).toEqual([12, undefined])
  })
})

describe('thinning a store', () => {
  it('removes records and notes that nothing needs, and what is left covers all', async () => {
    const fixture = await begin()
    const sizes = Array.from({ length: 20 }, (_, i) => 2 * (i + 1))
    await quoteAt(fixture.evidence, ...sizes)
    for (const size of [9, 21, 33]) await fixture.evidence.witnessed(checkpointNote(size), size)
    await fixture.evidence.thin(ISSUED_AT + 2 * LIFE)
    // One minute: the last, and the last whose leaf a cosigned checkpoint holds.
    expect(fixture.evidence.sizes).toEqual([32, 40])
    expect(fixture.evidence.witnessedSizes).toEqual([33])
    expect(placed(await fixture.evidence.covering(0, DIGEST, WITNESSED))).toEqual([32, 33])
    expect(placed(await fixture.evidence.covering(39, DIGEST, WITNESSED))).toEqual([40, undefined])
    const again = await open(fixture)
    expect([again.sizes, again.witnessedSizes]).toEqual([[32, 40], [33]])
    expect(fixture.files.read(memoryPath(`log/${LOG_ID}/evidence/2`))).toBeUndefined()
    expect(fixture.faults).toEqual([])
  })
})
