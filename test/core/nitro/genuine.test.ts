/** Genuine documents from public repositories, and tampered copies of them, where the folder with them is at hand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  createNitroRoots,
  decodeNitroDocument,
  decodeNitroPolicy,
  type NitroAttestation,
  verifyNitroDocument,
} from '../../../src/core/nitro/index.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { basePolicy } from './fixture.ts'

const FOLDER = join('..', 'shared', 'vectors', 'nitro')
const here = existsSync(FOLDER)
if (!here) process.stdout.write(`genuine Nitro vectors are not at hand (${FOLDER}): not tested\n`)

const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
/** What the vectors' own description asks for: everything that is not authenticity is left to a policy. */
const POLICY = decodeNitroPolicy({ ...basePolicy(), time: { maxAgeSeconds: 'unchecked', futureSkewSeconds: 300 } })
const ROOTS = createNitroRoots({ roots: 'built-in', simulated: [] })
const REGISTERS = 32

const names = here ? readdirSync(FOLDER) : []

function read(name: string) {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name, part)))
  const vector = new ObjectReader(decodeJson(file('vector.json'), { numbers: 'any' }), name, CODES)
  const expected = vector.object('expected')
  return {
    document: file('document.cbor'),
    leaf: file('leaf.der'),
    at: new Date(expected.string('at')),
    verdict: expected.oneOf('verdict', ['accept', 'reject']),
    reason: expected.string('reason'),
    generation: vector.string('generation'),
    expected,
  }
}

function judge(document: Uint8Array, at: Date): Promise<Verdict<NitroAttestation>> {
  return verifyNitroDocument({ document }, POLICY, {
    at,
    userData: 'unchecked',
    nonce: 'unchecked',
    publicKey: 'unchecked',
    measurements: 'unchecked',
    roots: ROOTS,
  })
}

/** The class that a reason begins with, and the code that is due for it. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^debug/, 'NITRO_DEBUG'],
  [/^algorithm/, 'COSE_ALG'],
  [/^leaf certificate expired/, 'X509_EXPIRED'],
  [/^leaf certificate not yet valid/, 'X509_NOT_YET_VALID'],
  [/^broken chain/, 'X509_CHAIN_BROKEN'],
  [/^wrong root/, 'X509_UNTRUSTED_ROOT'],
  [/^trailing bytes/, 'PARSE_TRAILING'],
  [/^truncated/, 'PARSE_LENGTH'],
  [/^bad signature/, 'COSE_BAD_SIGNATURE'],
]

function codeOf(name: string, reason: string): string | undefined {
  // The leaf of another document does not link up either, and the path is judged before the signature.
  if (name === 'derived-leaf-of-another-document') return 'X509_CHAIN_BROKEN'
  return REASONS.find(([pattern]) => pattern.test(reason))?.[1]
}

const rows: string[] = []
const counts = new Map<string, { accepted: number; refused: number }>()

function record(name: string, generation: string, outcome: string): void {
  const row = counts.get(generation) ?? { accepted: 0, refused: 0 }
  counts.set(generation, {
    accepted: row.accepted + (outcome === 'accept' ? 1 : 0),
    refused: row.refused + (outcome === 'accept' ? 0 : 1),
  })
  rows.push(`  ${name.padEnd(36)} ${outcome}`)
}

describe.skipIf(!here)('genuine Nitro documents', () => {
  afterAll(() => {
    const table = [...counts].map(
      ([generation, { accepted, refused }]) => `nitro / ${generation}: ${accepted} / ${refused}`,
    )
    process.stdout.write(`platform / generation: accepted / refused\n${table.join('\n')}\n${rows.join('\n')}\n`)
  })

  it('are at hand in number', () => {
    expect(names.length).toBeGreaterThan(20)
  })

  for (const name of names) {
    it(`${name}: verdict and code are those of the vector`, async () => {
      const { document, at, verdict: due, reason, generation } = read(name)
      const verdict = await judge(document, at)
      const outcome = verdict.ok ? 'accept' : verdict.code
      expect(outcome).toBe(due === 'accept' ? 'accept' : codeOf(name, reason))
      expect(verdict.simulated).toBe(false)
      record(name, generation, outcome)
    })
  }

  for (const name of names.filter((folder) => !folder.startsWith('derived-'))) {
    it(`${name}: every field is that of the vector`, () => {
      const { document, leaf, expected } = read(name)
      const decoded = decodeNitroDocument(document)
      const measurements = expected.object('measurements')
      const pcrs = Array.from({ length: REGISTERS }, (_, index) => `pcr${index}`)
        .filter((register) => measurements.has(register))
        .map((register) => [register, measurements.string(register)])
      measurements.end()
      expect([...decoded.pcrs].map(([index, value]) => [`pcr${index}`, encodeHex(value)])).toEqual(pcrs)
      const optional = (key: string): string => {
        const value = expected.value(key)
        return typeof value === 'string' ? value : 'absent'
      }
      const shown = (field: Uint8Array | 'absent'): string => (field === 'absent' ? field : encodeHex(field))
      expect({
        kind: decoded.kind,
        moduleId: decoded.moduleId,
        timestamp: decoded.timestamp,
        userData: shown(decoded.userData),
        nonce: shown(decoded.nonce),
        publicKey: shown(decoded.publicKey),
        bundle: decoded.cabundle.length,
        certificate: encodeHex(decoded.certificate),
      }).toEqual({
        kind: 'enclave',
        moduleId: expected.string('module_id'),
        timestamp: expected.integer('timestamp_ms'),
        userData: optional('user_data'),
        nonce: optional('nonce'),
        publicKey: optional('public_key'),
        bundle: expected.integer('cabundle_length'),
        certificate: encodeHex(leaf),
      })
    })
  }

  it('[X2] a genuine document takes no changed byte either', async () => {
    const { document, at } = read('evervault-2023-01')
    for (let offset = 0; offset < document.length; offset += 13) {
      const changed = document.map((octet, index) => (index === offset ? octet ^ 0x10 : octet))
      expect([offset, (await judge(changed, at)).ok]).toEqual([offset, false])
    }
  })
})
