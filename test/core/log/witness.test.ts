/** Cosignatures, witness policies, requests to witnesses and fork proofs: their forms, and what is refused of them. @module */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '../../../src/core/encoding/base64.ts'
import {
  type Cosignature,
  cosignCheckpoint,
  decodeAddCheckpoint,
  decodeForkProof,
  decodeNote,
  decodeVkey,
  decodeWitnessPolicy,
  decodeWitnessVkey,
  emptyRoot,
  encodeAddCheckpoint,
  encodeCheckpoint,
  encodeForkProof,
  encodeVkey,
  encodeWitnessVkey,
  meetsQuorum,
  noteKey,
  quorumTime,
  signNote,
  verifyCosignatures,
  type WitnessPolicy,
  witnessKey,
} from '../../../src/core/log/index.ts'
import { logKey } from './log-key.ts'

const LOG = logKey(1)
const BODY = encodeCheckpoint({ origin: 'log.example', size: 0, root: emptyRoot() })
const NOTE = signNote(BODY, 'log.example', LOG)

function keyOf(n: number): ReturnType<typeof witnessKey> {
  return witnessKey(`w${n}.example`, logKey(100 + n).publicKey)
}

function vkeyOf(n: number): string {
  return encodeWitnessVkey(keyOf(n))
}

const WITNESSES = [1, 2, 3, 4].map((n) => `witness w${n} ${vkeyOf(n)}\n`).join('')

describe('witness keys', () => {
  test('are written as C2SP verifier keys of type 0x04, with an id of their own', () => {
    const key = keyOf(1)
    const text = encodeWitnessVkey(key)
    expect(decodeWitnessVkey(text)).toEqual(key)
    expect(Buffer.from(text.split('+').slice(2).join('+'), 'base64')[0]).toBe(4)
    expect(key.id).not.toEqual(noteKey(key.name, key.publicKey).id)
  })

  test('are not log keys, nor log keys witness keys', () => {
    const logText = encodeVkey(noteKey('w1.example', logKey(101).publicKey))
    expect(() => decodeWitnessVkey(logText)).toThrow('type 0x04')
    expect(() => decodeVkey(vkeyOf(1))).toThrow('type 0x01')
  })

  test.each([
    ['', 'not a C2SP verifier key'],
    [`${vkeyOf(1)} `, 'not a C2SP verifier key'],
    [vkeyOf(1).replace(/\+[0-9a-f]/, '+g'), 'not a C2SP verifier key'],
    [vkeyOf(1).replace('w1', 'w2'), 'key id'],
    [vkeyOf(1).slice(0, -4), 'not an Ed25519 verifier key'],
  ])('are refused out of form: %s', (text, message) => {
    expect(() => decodeWitnessVkey(text)).toThrow(message)
  })
})

describe('cosignatures', () => {
  test('verify again with the time that was signed', async () => {
    const times = fc.integer({ min: 1, max: 8_640_000_000_000 })
    await fc.assert(
      fc.asyncProperty(times, async (timestamp) => {
        const line = cosignCheckpoint(BODY, { name: 'w1.example', signer: logKey(101) }, timestamp)
        const found = await verifyCosignatures(decodeNote(NOTE + line), [keyOf(2), keyOf(1)])
        expect(found).toEqual([{ witness: keyOf(1), timestamp }])
      }),
      { numRuns: 20 },
    )
  })

  test.each([0, -1, 1.5, 8_640_000_000_001, Number.NaN])('are not made at time %d', (timestamp) => {
    expect(() => cosignCheckpoint(BODY, { name: 'w1.example', signer: logKey(101) }, timestamp)).toThrow(
      'whole seconds',
    )
  })

  test('[L10] are refused with any bit changed behind the key id', async () => {
    const line = cosignCheckpoint(BODY, { name: 'w1.example', signer: logKey(101) }, 1_790_000_000)
    const [head, base64] = [line.slice(0, line.lastIndexOf(' ') + 1), line.slice(line.lastIndexOf(' ') + 1)]
    const octets = Buffer.from(base64, 'base64')
    for (let bit = 32; bit < octets.length * 8; bit += 5) {
      const bad = Uint8Array.from(octets)
      bad[bit >> 3] = (bad[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      const note = decodeNote(`${NOTE}${head}${encodeBase64(bad)}\n`)
      await expect(verifyCosignatures(note, [keyOf(1)])).rejects.toMatchObject({ failure: 'WITNESS_QUORUM' })
    }
  })

  test('of ML-DSA keys are lines of unknown keys', async () => {
    // Key id, time and a signature of 2,420 octets, under a name that an Ed25519 witness has too.
    const line = `\u2014 w1.example ${encodeBase64(new Uint8Array(4 + 8 + 2_420).fill(7))}\n`
    expect(await verifyCosignatures(decodeNote(NOTE + line), [keyOf(1)])).toEqual([])
  })
})

describe('a witness policy', () => {
  test('reads the example of its page, with keys in place', () => {
    const vkey = encodeVkey(noteKey('log.example', LOG.publicKey))
    const policy = decodeWitnessPolicy(
      `log ${vkey}

witness X1 ${vkeyOf(1)}
witness X2 ${vkeyOf(2)}
witness X3 ${vkeyOf(3)}
group X-witnesses 2 X1 X2 X3

witness Y1 ${vkeyOf(4)}
witness Y2 ${vkeyOf(5)}
witness Y3 ${vkeyOf(6)}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`,
    )
    expect(policy).toEqual({
      logs: [{ key: noteKey('log.example', LOG.publicKey) }],
      witnesses: [1, 2, 3, 4, 5, 6].map((n) => ({ name: `${n < 4 ? 'X' : 'Y'}${((n - 1) % 3) + 1}`, key: keyOf(n) })),
      groups: [
        { name: 'X-witnesses', threshold: 2, members: ['X1', 'X2', 'X3'] },
        { name: 'Y-witnesses', threshold: 1, members: ['Y1', 'Y2', 'Y3'] },
        { name: 'X-and-Y', threshold: 2, members: ['X-witnesses', 'Y-witnesses'] },
      ],
      quorum: 'X-and-Y',
    })
    for (const [names, meets] of [
      [['X1', 'X3', 'Y2'], true],
      [['X1', 'X2', 'X3'], false],
      [['X1', 'Y1', 'Y2', 'Y3'], false],
      [['X-and-Y'], true],
      [[], false],
    ] as const)
      expect([names, meetsQuorum(policy, new Set(names))]).toEqual([names, meets])
  })

  test('allows tabs, comments, blank lines and space around lines', () => {
    const text = `  # comment +\u00e4\n\t\n\twitness\t w1 \t${vkeyOf(1)}\thttps://w1.example/ \n \t#x\nquorum w1\t\n\n`
    const expected = {
      logs: [],
      witnesses: [{ name: 'w1', key: keyOf(1), url: 'https://w1.example/' }],
      groups: [],
      quorum: 'w1',
    }
    expect(decodeWitnessPolicy(text)).toEqual(expected)
    expect(decodeWitnessPolicy(new Uint8Array(Buffer.from(text)))).toEqual(expected)
  })

  test('takes names as octets: look-alikes are other names, spaces of other alphabets are letters', () => {
    const policy = decodeWitnessPolicy(
      `witness K ${vkeyOf(1)}\nwitness \u212a ${vkeyOf(2)}\nwitness a\u00a0b ${vkeyOf(3)}\nquorum a\u00a0b\n`,
    )
    expect(policy.witnesses.map(({ name }) => name)).toEqual(['K', '\u212a', 'a\u00a0b'])
    expect(policy.quorum).toBe('a\u00a0b')
  })

  test('may ask for no witness, and then anyone is a quorum at no time', () => {
    const policy = decodeWitnessPolicy('quorum none\n')
    expect(policy).toEqual({ logs: [], witnesses: [], groups: [], quorum: 'none' })
    expect(meetsQuorum(policy, new Set())).toBe(true)
    expect(quorumTime(policy, [{ witness: keyOf(1), timestamp: 5 }])).toBeUndefined()
  })

  test('may have logs and witnesses behind the quorum', () => {
    expect(decodeWitnessPolicy(`witness w1 ${vkeyOf(1)}\nquorum w1\nwitness w2 ${vkeyOf(2)}\n`).witnesses).toHaveLength(
      2,
    )
  })

  test('holds 32 of each kind and more', () => {
    const numbers = Array.from({ length: 64 }, (_, i) => i)
    const lines = numbers.flatMap((n) => [
      `log ${encodeVkey(noteKey(`l${n}`, logKey(n).publicKey))}`,
      `witness w${n} ${encodeWitnessVkey(witnessKey(`w${n}`, logKey(n).publicKey))}`,
    ])
    const groups = numbers.map((n) => `group g${n} all w${n}${n > 0 ? ` g${n - 1}` : ''}`)
    const policy = decodeWitnessPolicy([...lines, ...groups, 'quorum g63', ''].join('\n'))
    expect([policy.logs.length, policy.witnesses.length, policy.groups.length]).toEqual([64, 64, 64])
    expect(meetsQuorum(policy, new Set(numbers.map((n) => `w${n}`)))).toBe(true)
    expect(meetsQuorum(policy, new Set(numbers.slice(1).map((n) => `w${n}`)))).toBe(false)
    const log = `log ${encodeVkey(noteKey('l64', logKey(64).publicKey))}`
    const witness = `witness w64 ${encodeWitnessVkey(witnessKey('w64', logKey(64).publicKey))}`
    expect(() => decodeWitnessPolicy([...lines, log, ''].join('\n'))).toThrow('line 129: more than 64')
    expect(() => decodeWitnessPolicy([...lines, witness, ''].join('\n'))).toThrow('line 129: more than 64')
    expect(() => decodeWitnessPolicy([...lines, ...groups, 'group g64 any g63', ''].join('\n'))).toThrow(
      'line 193: more than 64',
    )
  })

  test.each([
    ['no line', '', 'does not end in a line feed'],
    ['no quorum', WITNESSES, 'no quorum'],
    ['two quorums', `${WITNESSES}quorum w1\nquorum w2\n`, 'line 6: a second quorum'],
    ['a last line that is not ended', `${WITNESSES}quorum w1`, 'does not end'],
    ['line ends CR LF', `${WITNESSES}quorum w1\r\n`, 'characters'],
    ['a null octet', `${WITNESSES}quorum w1\0\n`, 'characters'],
    ['a delete octet', `${WITNESSES}quorum w1\u007f\n`, 'characters'],
    ['an unpaired surrogate', `${WITNESSES}#\ud800\nquorum w1\n`, 'characters'],
    ['an unknown word', `${WITNESSES}Quorum w1\n`, 'line 5: unknown word "Quorum"'],
    ['a quorum that is not defined', `${WITNESSES}quorum w5\n`, 'line 5: "w5" is not defined above'],
    ['a quorum defined further down', `quorum w1\n${WITNESSES}`, 'line 1: "w1" is not defined above'],
    ['a quorum of two names', `${WITNESSES}quorum w1 w2\n`, 'line 5: a quorum is'],
    ['a quorum of no name', `${WITNESSES}quorum\n`, 'line 5: a quorum is'],
    ['a witness without a key', 'witness w1\nquorum w1\n', 'line 1: a witness is'],
    ['a witness with too much', `witness w1 ${vkeyOf(1)} url more\nquorum w1\n`, 'line 1: a witness is'],
    [
      'a witness with the key of a log',
      `witness w1 ${encodeVkey(noteKey('l', LOG.publicKey))}\n`,
      'line 1: not an Ed25519',
    ],
    ['a log with the key of a witness', `log ${vkeyOf(1)}\n`, 'line 1: not an Ed25519'],
    ['a log without a key', 'log\n', 'line 1: a log is'],
    ['a log with too much', `log ${encodeVkey(noteKey('l', LOG.publicKey))} url more\n`, 'line 1: a log is'],
    [
      'a log of one key twice',
      [1, 2].map((n) => `log ${encodeVkey(noteKey(`l${n}`, LOG.publicKey))}\n`).join(''),
      'line 2: the key',
    ],
    [
      'a witness of one key twice',
      `${WITNESSES}witness w9 ${encodeWitnessVkey(witnessKey('other', logKey(101).publicKey))}\n`,
      'line 5: the key',
    ],
    ['a witness name twice', `${WITNESSES}witness w1 ${vkeyOf(5)}\n`, 'line 5: the name "w1" is taken'],
    ['a group named like a witness', `${WITNESSES}group w1 any w2\n`, 'line 5: the name "w1" is taken'],
    ['a witness named none', `witness none ${vkeyOf(1)}\n`, 'line 1: the name "none" is taken'],
    ['a group named none', `${WITNESSES}group none any w2\n`, 'line 5: the name "none" is taken'],
    ['none as a member', `${WITNESSES}group g any none\n`, 'line 5: "none" is not defined above'],
    ['a group without members', `${WITNESSES}group g any\n`, 'line 5: a group is'],
    ['a group that is its own member', `${WITNESSES}group g any g\n`, 'line 5: "g" is not defined above'],
    ['a threshold of zero', `${WITNESSES}group g 0 w1\n`, 'line 5: a threshold of 0'],
    ['a threshold beyond the members', `${WITNESSES}group g 3 w1 w2\n`, 'line 5: a threshold of 3 of 2'],
    ['a threshold with a sign', `${WITNESSES}group g +1 w1\n`, 'line 5: the threshold'],
    ['a threshold in words', `${WITNESSES}group g most w1\n`, 'line 5: the threshold'],
    ['a member twice in a group', `${WITNESSES}group g 2 w1 w1\n`, 'line 5: "w1" is a member already'],
    ['a member of two groups', `${WITNESSES}group g any w1\ngroup h any w1\n`, 'line 6: "w1" is a member already'],
    ['a text that is too long', `${'#'.repeat(262_144)}\n`, 'longer than'],
  ])('is refused with %s', (_, text, message) => {
    expect(() => decodeWitnessPolicy(text)).toThrow(message)
    expect(() => decodeWitnessPolicy(text)).toThrow(expect.objectContaining({ failure: 'POLICY_INVALID' }))
  })

  test('is refused with octets that are not UTF-8', () => {
    expect(() => decodeWitnessPolicy(Uint8Array.of(0x23, 0xff, 0x0a))).toThrow(
      expect.objectContaining({ failure: 'POLICY_INVALID' }),
    )
  })

  test('is met at the least time at which those up to it are a quorum', () => {
    const text = `${WITNESSES}group g 2 w1 w2 w3\nquorum g\n`
    const policy = decodeWitnessPolicy(text)
    const at = (n: number, timestamp: number): Cosignature => ({ witness: keyOf(n), timestamp })
    expect(quorumTime(policy, [at(1, 30), at(2, 10), at(3, 20)])).toBe(20)
    expect(quorumTime(policy, [at(1, 10), at(2, 10)])).toBe(10)
    expect(quorumTime(policy, [at(1, 30), at(4, 10)])).toBeUndefined()
    expect(quorumTime(policy, [])).toBeUndefined()
  })

  test('is met by more witnesses whenever it is met by fewer', () => {
    const names = ['w1', 'w2', 'w3', 'w4']
    const policy: WitnessPolicy = decodeWitnessPolicy(`${WITNESSES}group g 2 w1 w2 w3\ngroup h all g w4\nquorum h\n`)
    const expected = (set: ReadonlySet<string>): boolean =>
      set.has('w4') && ['w1', 'w2', 'w3'].filter((name) => set.has(name)).length >= 2
    fc.assert(
      fc.property(fc.subarray(names), (some) => {
        expect(meetsQuorum(policy, new Set(some))).toBe(expected(new Set(some)))
      }),
    )
  })
})

describe('a request to a witness', () => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 })

  test('is read as it was written', () => {
    const requests = fc.record({
      oldSize: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      proof: fc.array(hash, { maxLength: 63 }),
      checkpoint: fc.constantFrom(NOTE, `${NOTE}${NOTE}`, ''),
    })
    fc.assert(
      fc.property(requests, (request) => {
        const text = encodeAddCheckpoint(request)
        expect(decodeAddCheckpoint(text)).toEqual(request)
        expect(decodeAddCheckpoint(new Uint8Array(Buffer.from(text)))).toEqual(request)
      }),
    )
  })

  const line = `${encodeBase64(new Uint8Array(32))}\n`
  test.each([
    ['no blank line', 'old 5\n'],
    ['no old size', `${line}\n${NOTE}`],
    ['another first word', `new 5\n\n${NOTE}`],
    ['a size with a leading zero', `old 05\n\n${NOTE}`],
    ['a size beyond 2^53', `old 9007199254740992\n\n${NOTE}`],
    ['a size behind two spaces', `old  5\n\n${NOTE}`],
    ['a negative size', `old -5\n\n${NOTE}`],
    ['line ends CR LF', `old 5\r\n\r\n\n${NOTE}`],
    ['a hash of 31 octets', `old 5\n${encodeBase64(new Uint8Array(31))}\n\n${NOTE}`],
    ['a hash without its padding', `old 5\n${line.replace('=', '')}\n${NOTE}`],
    ['64 hashes', `old 5\n${line.repeat(64)}\n${NOTE}`],
    ['a text that is too long', `old 5\n\n${'x'.repeat(140_000)}`],
  ])('is refused with %s', (_, text) => {
    expect(() => decodeAddCheckpoint(text)).toThrow(expect.objectContaining({ failure: 'PARSE_INVALID' }))
  })

  test('is refused with octets that are not UTF-8, and not made out of form', () => {
    expect(() => decodeAddCheckpoint(Uint8Array.of(...Buffer.from('old 5\n\n'), 0xff))).toThrow(
      expect.objectContaining({ failure: 'PARSE_INVALID' }),
    )
    const request = { oldSize: 1, proof: [], checkpoint: NOTE }
    expect(() => encodeAddCheckpoint({ ...request, oldSize: -1 })).toThrow('whole number')
    expect(() => encodeAddCheckpoint({ ...request, proof: [new Uint8Array(31)] })).toThrow('32 octets')
    expect(() => encodeAddCheckpoint({ ...request, proof: Array(64).fill(emptyRoot()) })).toThrow('63 hashes')
  })
})

describe('a fork proof', () => {
  const other = signNote(
    encodeCheckpoint({ origin: 'log.example', size: 0, root: new Uint8Array(32) }),
    'log.example',
    LOG,
  )

  test('is read as it was written, with all signature lines of both checkpoints', () => {
    const cosigned = NOTE + cosignCheckpoint(BODY, { name: 'w1.example', signer: logKey(101) }, 7)
    for (const proof of [
      { first: NOTE, second: other },
      { first: cosigned, second: other },
      { first: other, second: cosigned },
    ]) {
      const text = encodeForkProof(proof)
      expect(decodeForkProof(text)).toEqual(proof)
      expect(decodeForkProof(new Uint8Array(Buffer.from(text)))).toEqual(proof)
    }
  })

  test.each([
    ['a text that is no note', { first: 'x', second: other }],
    ['a note of two paragraphs', { first: signNote('a\n\nb\n', 'log.example', LOG), second: other }],
    ['nothing behind the first', { first: NOTE, second: '' }],
  ])('is not made of %s', (_, proof) => {
    expect(() => encodeForkProof(proof)).toThrow()
  })

  test('is refused beyond its length, and with octets that are not UTF-8', () => {
    const text = encodeForkProof({ first: NOTE, second: other })
    for (const bad of [text + 'x'.repeat(270_000), Uint8Array.of(...Buffer.from(text), 0xff)])
      expect(() => decodeForkProof(bad)).toThrow(expect.objectContaining({ failure: 'PARSE_INVALID' }))
  })
})
