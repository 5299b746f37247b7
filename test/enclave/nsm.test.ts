/** Documents that QEMU's emulated security module gave: they decode, and no verifier takes them. attestation-fixtures/nitro-emulated/README.md */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { concatBytes, decodeHex, encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../src/core/encoding/json.ts'
import { ObjectReader } from '../../src/core/encoding/shape.ts'
import { decodeNitroEnvelope } from '../../src/core/nitro/document.ts'
import {
  createNitroRoots,
  decodeNitroDocument,
  decodeNitroMeasurements,
  nitroConfigurationRegister,
  nitroMeasurements,
  STRICT_NITRO_POLICY,
  verifyNitroDocument,
} from '../../src/core/nitro/index.ts'
import { failedCheck } from '../../src/core/verdict.ts'
import { VECTOR_CODES } from '../kit/vectors.ts'

const FOLDER = join('attestation-fixtures', 'nitro-emulated')
const octetsOf = (file: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, file)))
const seen = new ObjectReader(decodeJson(octetsOf('seen.json')), 'seen.json', VECTOR_CODES)
const reportData = decodeHex(seen.string('reportData'))
const configuration = new Uint8Array(createHash('sha256').update(seen.string('configurationText')).digest())
const documents = seen.array('documents').map((value) => {
  const reader = new ObjectReader(value, 'documents', VECTOR_CODES)
  const file = reader.string('file')
  const measured = decodeNitroMeasurements(reader.object('measured'))
  return { file, octets: octetsOf(file), moduleId: reader.string('moduleId'), pcr8: reader.string('pcr8'), measured }
})

/** With everything else as the document itself has it, so that nothing but its making can be wrong. */
async function judged(octets: Uint8Array): Promise<string> {
  const document = decodeNitroDocument(octets)
  const verdict = await verifyNitroDocument({ document: octets }, STRICT_NITRO_POLICY, {
    at: new Date(document.timestamp),
    userData: reportData,
    nonce: 'absent',
    publicKey: 'absent',
    measurements: [nitroMeasurements(document)],
    roots: createNitroRoots({ roots: 'built-in', simulated: [] }),
  })
  return verdict.ok ? 'passed' : `${failedCheck(verdict.checks)?.name}: ${verdict.code}`
}

const ES384_HEADER = Uint8Array.of(0x44, 0xa1, 0x01, 0x38, 0x22)
const HEADER_END = 5
const SIGNATURE_SIZE = 64

/** The header that genuine documents have, instead of the one that names no algorithm. */
const withHeader = (octets: Uint8Array): Uint8Array =>
  concatBytes(octets.subarray(0, 1), ES384_HEADER, octets.subarray(HEADER_END))

/** And a signature in form: 96 octets, neither half of them zero. */
const withSignature = (octets: Uint8Array): Uint8Array =>
  concatBytes(octets.subarray(0, -SIGNATURE_SIZE - 2), Uint8Array.of(0x58, 96), new Uint8Array(96).fill(1))

describe.each(documents)('$file, of an emulated security module', ({ octets, moduleId, pcr8, measured }) => {
  const document = decodeNitroDocument(octets)

  test('is signed by nobody, and says so', () => {
    const { protectedHeader, unprotectedParameters, signature } = decodeNitroEnvelope(octets)
    expect(encodeHex(protectedHeader)).toBe('a10120')
    expect(unprotectedParameters).toBe(0)
    expect(encodeHex(signature)).toBe('00'.repeat(SIGNATURE_SIZE))
    expect(encodeHex(document.certificate)).toBe('00'.repeat(64))
    expect(document.cabundle.map(encodeHex)).toEqual(['00'.repeat(64)])
  })

  test('decodes to what was asked for', () => {
    expect(document).toMatchObject({ kind: 'enclave', moduleId, nonce: 'absent', publicKey: 'absent' })
    expect(document.userData).toEqual(reportData)
    expect(new Date(document.timestamp).toISOString()).toMatch(/^2026-11-21T2[23]:/)
    expect([...document.pcrs.keys()]).toEqual(Array.from({ length: 17 }, (_, index) => index))
  })

  test('holds in PCR0, 1, 2 and 8 what countersign measure nitro computed', () => {
    expect(nitroMeasurements(document)).toEqual(measured)
    expect(document.pcrs.get(8)).toEqual(decodeHex(pcr8))
  })

  test('holds in PCR16 what a session with this configuration has to have there', () => {
    expect(document.pcrs.get(16)).toEqual(nitroConfigurationRegister(configuration))
  })

  test('is refused for its algorithm, then for its signature, then for its certificates', async () => {
    expect(await judged(octets)).toBe('algorithm: COSE_ALG')
    expect(await judged(withHeader(octets))).toBe('signature-form: SIG_MALFORMED')
    expect(await judged(withSignature(withHeader(octets)))).toBe('chain: PARSE_TRAILING')
  })
})
