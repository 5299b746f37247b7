/** Entries, notes, checkpoints, proofs and tiles: one text for each value, and decoders that refuse everything else. @module */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  createEntry,
  decodeCheckpoint,
  decodeEntry,
  decodeEntryBundle,
  decodeLogOrigin,
  decodeNote,
  decodeTilePath,
  decodeTlogProof,
  decodeVkey,
  ENTRY_TYPES,
  encodeCheckpoint,
  encodeEntry,
  encodeEntryBundle,
  encodeNote,
  encodeTilePath,
  encodeTlogProof,
  encodeVkey,
  logOrigin,
  matchOriginKey,
  noteKey,
  signCheckpoint,
  signNote,
  type Tile,
  tilesOf,
  verifyCheckpoint,
  verifyNoteSignature,
} from '../../../src/core/log/index.ts'
import { MalformedError } from '../../../src/errors.ts'
import { logKey } from './log-key.ts'

const KEY = logKey(1)
const ORIGIN = logOrigin('gw.example.com', KEY.publicKey)

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof MalformedError) return error.failure
    throw error
  }
  return 'accepted'
}

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })
const count = fc.oneof(fc.nat({ max: 300 }), fc.maxSafeNat())
const checkpoint = fc.record({ origin: fc.constant(ORIGIN), size: count, root: hash })
const signature = fc.record({
  name: fc.constantFrom('a', 'witness.example/w1', 'ключ'),
  keyId: fc.uint8Array({ minLength: 4, maxLength: 4 }),
  signature: fc.uint8Array({ minLength: 1, maxLength: 70 }),
})
const note = fc.record({
  text: fc.constantFrom('a\n', 'a\n\nb\n', '\n', 'line\n\n'),
  signatures: fc.array(signature, { minLength: 1, maxLength: 5 }),
})
const proof = fc.record(
  {
    extra: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    index: count,
    hashes: fc.array(hash, { maxLength: 53 }),
    checkpoint: fc.constantFrom('', 'anything\n', '\n\n'),
  },
  { requiredKeys: ['index', 'hashes', 'checkpoint'] },
)
const tile: fc.Arbitrary<Tile> = fc.record({
  level: fc.oneof(fc.constant('entries' as const), fc.nat({ max: 63 })),
  index: count,
  width: fc.integer({ min: 1, max: 256 }),
})

function roundTrips<T>(values: fc.Arbitrary<T>, again: (value: T) => unknown, numRuns = 100): void {
  fc.assert(
    fc.property(values, (value) => {
      expect(again(value)).toEqual(value)
    }),
    { numRuns },
  )
}

describe('what is encoded decodes to itself', () => {
  const type = fc.constantFrom('genesis', 'receipt', 'quote', 'epoch', 'nonce', 'recovered')
  const bundle = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 256 })
  const key = hash.map((publicKey) => noteKey('a/b', publicKey))
  test('checkpoints', () => roundTrips(checkpoint, (value) => decodeCheckpoint(encodeCheckpoint(value))))
  test('notes', () => roundTrips(note, (value) => decodeNote(encodeNote(value))))
  test('proofs', () => roundTrips(proof, (value) => decodeTlogProof(encodeTlogProof(value))))
  test('tile paths', () => roundTrips(tile, (value) => decodeTilePath(encodeTilePath(value))))
  test('entries', () => roundTrips(fc.record({ type, digest: hash }), (value) => decodeEntry(encodeEntry(value))))
  test('bundles', () => roundTrips(bundle, (value) => decodeEntryBundle(encodeEntryBundle(value)), 30))
  test('verifier keys', () => roundTrips(key, (value) => decodeVkey(encodeVkey(value))))
})

describe('what is mutated is refused or says what it says', () => {
  const signed = signCheckpoint({ origin: ORIGIN, size: 7, root: new Uint8Array(32).fill(9) }, KEY).note
  const hashes = [new Uint8Array(32), new Uint8Array(32).fill(1)]
  const texts = {
    checkpoint: signed.slice(0, signed.indexOf('\n\n') + 1),
    note: signed,
    proof: encodeTlogProof({ extra: Uint8Array.of(1, 2), index: 3, hashes, checkpoint: signed }),
    tile: 'tile/2/x001/x234/067.p/9',
    vkey: encodeVkey(noteKey(ORIGIN, KEY.publicKey)),
    origin: ORIGIN,
  } as const
  const decoders: Readonly<Record<keyof typeof texts, (text: string) => string>> = {
    checkpoint: (text) => encodeCheckpoint(decodeCheckpoint(text)),
    note: (text) => encodeNote(decodeNote(text)),
    proof: (text) => encodeTlogProof(decodeTlogProof(text)),
    tile: (text) => encodeTilePath(decodeTilePath(text)),
    vkey: (text) => encodeVkey(decodeVkey(text)),
    origin: (text) => {
      const { host, publicKey } = decodeLogOrigin(text)
      return logOrigin(host, publicKey)
    },
  }
  const splice = fc.record({
    at: fc.nat(),
    remove: fc.nat({ max: 5 }),
    insert: fc.oneof(
      fc.string({ maxLength: 4 }),
      fc.constantFrom('\n', '\r\n', '0', '=', '+', ' ', '/', '..', '\u2014 ', '\0', '\u0085', '\ud800'),
    ),
  })

  test.each(['checkpoint', 'note', 'proof', 'tile', 'vkey', 'origin'] as const)('%s', (kind) => {
    const decode = decoders[kind]
    fc.assert(
      fc.property(fc.array(splice, { minLength: 1, maxLength: 3 }), (splices) => {
        const text = splices.reduce<string>((old, { at, remove, insert }) => {
          const place = at % (old.length + 1)
          return old.slice(0, place) + insert + old.slice(place + remove)
        }, texts[kind])
        let again = ''
        if (refusal(() => (again = decode(text))) === 'accepted') expect(again).toBe(text)
      }),
      { numRuns: 1_500 },
    )
  })

  test('octets that are no text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        for (const decode of [decodeCheckpoint, decodeNote, decodeTlogProof])
          expect(refusal(() => decode(bytes))).not.toBe('accepted')
      }),
    )
  })
})

describe('entries', () => {
  test('are one octet of type and a digest', () => {
    const entry = createEntry('nonce', encodeUtf8('abc'))
    expect(Buffer.from(entry).toString('hex')).toBe(
      '04ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(Object.values(ENTRY_TYPES)).toEqual([0, 1, 2, 3, 4, 5])
  })
  test.each([
    ['of an unknown type', [6, ...new Uint8Array(32)], 'PARSE_INVALID'],
    ['that are cut', [1, ...new Uint8Array(31)], 'EVIDENCE_TRUNCATED'],
    ['with octets behind', [1, ...new Uint8Array(33)], 'PARSE_TRAILING'],
  ])('%s are refused', (_, octets, code) => {
    expect(refusal(() => decodeEntry(Uint8Array.from(octets)))).toBe(code)
  })
  test('with a digest of another length are not made', () => {
    expect(() => encodeEntry({ type: 'receipt', digest: new Uint8Array(31) })).toThrow('32 octets')
  })
})

describe('notes', () => {
  // The example of Go's golang.org/x/mod/sumdb/note, which defined the format.
  const VKEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  const NOTE =
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n" +
    '\n' +
    '\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

  test('of another implementation verify', async () => {
    await expect(verifyNoteSignature(decodeNote(NOTE), decodeVkey(VKEY))).resolves.toBeUndefined()
  })
  test('of another implementation fail with one word changed', async () => {
    const forged = decodeNote(NOTE.replace('answer', 'answers'))
    await expect(verifyNoteSignature(forged, decodeVkey(VKEY))).rejects.toMatchObject({
      failure: 'CHECKPOINT_SIGNATURE',
    })
  })
  test('fail when one of two signatures by the same key is broken', async () => {
    const key = noteKey('a', KEY.publicKey)
    const good = decodeNote(signNote('text\n', 'a', KEY))
    const [line] = good.signatures
    if (line === undefined) throw new Error('unsigned')
    const broken = { ...line, signature: new Uint8Array(64) }
    await expect(verifyNoteSignature({ ...good, signatures: [line, broken] }, key)).rejects.toThrow('does not verify')
  })
  test('with more than 64 signatures are refused', () => {
    const line = `\u2014 a ${Buffer.alloc(68).toString('base64')}\n`
    expect(refusal(() => decodeNote(`text\n\n${line.repeat(64)}`))).toBe('accepted')
    expect(refusal(() => decodeNote(`text\n\n${line.repeat(65)}`))).toBe('CHECKPOINT_SIGNATURE')
  })
  test('larger than the limit are refused', () => {
    expect(refusal(() => decodeNote(`${'x'.repeat(131_072)}\n\n\u2014 a AAAAAAA=\n`))).toBe('CHECKPOINT_FORMAT')
  })
  test.each([
    ['whose id is not that of the key', VKEY.replace('c74f20a3', 'c74f20a4')],
    ['with an upper-case id', VKEY.replace('c74f20a3', 'C74F20A3')],
    ['of another algorithm', VKEY.replace('+ARpc', '+Ahpc')],
    ['without a name', VKEY.slice('PeterNeumann'.length)],
    ['with a space in the name', VKEY.replace('Peter', 'Peter ')],
    ['with a key of 31 octets', 'a+00000000+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='],
  ])('refuse a verifier key %s', (_, vkey) => {
    expect(refusal(() => decodeVkey(vkey))).toBe('PARSE_INVALID')
  })
  test('are signed by signers that keep a state of their own', () => {
    class CountingSigner {
      readonly publicKey: Uint8Array = KEY.publicKey
      signed = 0
      sign(bytes: Uint8Array): Uint8Array {
        this.signed++
        return KEY.sign(bytes)
      }
    }
    const signer = new CountingSigner()
    expect(signNote('text\n', 'a', signer)).toBe(signNote('text\n', 'a', KEY))
    expect(signer.signed).toBe(1)
  })
  test('are not signed under a name that cannot stand in them', () => {
    expect(() => signNote('text\n', 'a+b', KEY)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(() => signNote('text', 'a', KEY)).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(() => noteKey('a', new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})

describe('origins', () => {
  test('certify one key', () => {
    expect(refusal(() => matchOriginKey(ORIGIN, KEY.publicKey))).toBe('accepted')
    expect(refusal(() => matchOriginKey(ORIGIN, logKey(2).publicKey))).toBe('LOG_ORIGIN')
  })
  test.each([
    ['without a key', 'gw.example.com/log'],
    ['below another path', ORIGIN.replace('/log/', '/logs/')],
    ['with a path behind', `${ORIGIN}/x`],
    ['with padding', `${ORIGIN}=`],
    ['with a key of 31 octets', `gw.example.com/log/${'A'.repeat(42)}`],
    ['of a host in upper case', ORIGIN.replace('gw', 'GW')],
    ['without a host', ORIGIN.slice(ORIGIN.indexOf('/'))],
  ])('%s are refused', (_, origin) => {
    expect(refusal(() => decodeLogOrigin(origin))).toBe('LOG_ORIGIN')
  })
  test('are made with a port or of an IPv6 literal, not of a URL', () => {
    for (const host of ['localhost:8080', '[::1]:8080', 'gw.example.com'])
      expect(decodeLogOrigin(logOrigin(host, KEY.publicKey)).host).toBe(host)
    for (const host of ['', 'https://gw.example.com', 'gw example', 'GW.example.com', 'a+b'])
      expect(() => logOrigin(host, KEY.publicKey)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG' }))
  })
  test('stand in signed checkpoints that verify', async () => {
    const { note, body, ...head } = signCheckpoint({ origin: ORIGIN, size: 3, root: new Uint8Array(32) }, KEY)
    const vkey = encodeVkey(noteKey(ORIGIN, KEY.publicKey))
    const verdict = await verifyCheckpoint({ checkpoint: note, vkey, origin: ORIGIN })
    expect(verdict).toMatchObject({ ok: true, value: { ...head, body, note } })
  })
  test.each([
    ['a size of -1', { size: -1 }],
    ['a root of 31 octets', { root: new Uint8Array(31) }],
    ['an origin of two words', { origin: 'a b' }],
  ])('checkpoints with %s are not made', (_, change) => {
    const make = () => encodeCheckpoint({ origin: ORIGIN, size: 1, root: new Uint8Array(32), ...change })
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })
})

describe('tiles', () => {
  test('a tree of 70,000 has those of the specification', () => {
    const ofLevel = (level: Tile['level']) => tilesOf(70_000).filter((candidate) => candidate.level === level)
    for (const level of ['entries', 0] as const) {
      expect(ofLevel(level)).toHaveLength(274)
      expect(ofLevel(level).at(-1)).toEqual({ level, index: 273, width: 112 })
    }
    expect(ofLevel(1)).toEqual([
      { level: 1, index: 0, width: 256 },
      { level: 1, index: 1, width: 17 },
    ])
    expect(ofLevel(2)).toEqual([{ level: 2, index: 0, width: 1 }])
  })
  test('a tree of 256 has a full tile and one of width 1 above', () => {
    expect(tilesOf(256).map(encodeTilePath)).toEqual(['tile/entries/000', 'tile/0/000', 'tile/1/000.p/1'])
  })
  test('growing writes what is new, and no full tile twice', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }), (steps) => {
        const written: string[] = []
        let size = 0
        for (const step of steps) {
          written.push(...tilesOf(size + step, size).map(encodeTilePath))
          size += step
        }
        expect(tilesOf(size, size)).toEqual([])
        const full = written.filter((path) => !path.includes('.p/'))
        expect(new Set(full).size).toBe(full.length)
        for (const path of tilesOf(size).map(encodeTilePath)) expect(written).toContain(path)
      }),
    )
  })
  test('the index is written in thousands', () => {
    expect(encodeTilePath({ level: 0, index: 1234067, width: 256 })).toBe('tile/0/x001/x234/067')
    expect(encodeTilePath({ level: 'entries', index: 999, width: 3 })).toBe('tile/entries/999.p/3')
  })
  test.each([
    'tile/64/000',
    'tile/00/000',
    'tile/-1/000',
    'tile/0/0',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/../000',
    'tile/0/000/',
    '/tile/0/000',
    'tile/entries/000 ',
    'tile/0/x999/x999/x999/x999/x999/999',
    'TILE/0/000',
    'tile/0/000%2e',
  ])('%s is no tile', (path) => {
    expect(refusal(() => decodeTilePath(path))).toBe('PARSE_INVALID')
  })
  test('bundles of more than 256 entries, cut entries and long entries are refused', () => {
    expect(refusal(() => decodeEntryBundle(new Uint8Array(2 * 257)))).toBe('PARSE_LENGTH')
    expect(refusal(() => decodeEntryBundle(Uint8Array.of(0, 2, 1)))).toBe('EVIDENCE_TRUNCATED')
    expect(() => encodeEntryBundle([new Uint8Array(65_536)])).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(() => encodeEntryBundle(Array.from({ length: 257 }, () => new Uint8Array(1)))).toThrow('256')
  })
})

describe('proofs', () => {
  test('are not made with an index below zero or an empty extra', () => {
    const good = { index: 0, hashes: [], checkpoint: 'x' }
    expect(() => encodeTlogProof({ ...good, index: -1 })).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
    expect(() => encodeTlogProof({ ...good, extra: new Uint8Array(0) })).toThrow('leave extra out')
  })
  test('larger than the limit are refused before they are read', () => {
    expect(refusal(() => decodeTlogProof(new Uint8Array(200_000)))).toBe('PROOF_FORMAT')
  })
})
