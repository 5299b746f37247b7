/** The frozen wire vector: octets that this profile made once, which every later version must still read, verify and make. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { calculateJwkThumbprint, compactVerify, importJWK } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { jwkThumbprint } from '../../../src/core/evidence/jwk.ts'
import { decodeSession, encodeSession } from '../../../src/core/evidence/session.ts'
import { decodeStatement, encodeStatement, statementReportData } from '../../../src/core/evidence/statement.ts'
import { createEntry, verifyInclusion } from '../../../src/core/log/index.ts'
import { decodeReceipt, receiptEntry } from '../../../src/core/receipt/receipt.ts'
import { createSimulatedPki, createSimulatedSnp, type SimulatedSnp } from '../../../src/simulator/index.ts'
import { describeWire, type WireDescription } from '../../kit/describe-wire.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'

const frozen: WireDescription = JSON.parse(readFileSync('attestation-fixtures/wire/answer.json', 'utf8'))

describe('frozen wire vector', () => {
  let snp: SimulatedSnp
  beforeAll(async () => {
    snp = await createSimulatedSnp({ pki: await createSimulatedPki({ clock: simulatedClock }), clock: simulatedClock })
  })

  it('is still made octet by octet', () => {
    expect(describeWire(snp)).toEqual(frozen)
  })

  it('decodes and re-encodes session and statement', () => {
    const session = encodeUtf8(frozen.session)
    expect(encodeSession(decodeSession(session))).toEqual(session)
    const statement = encodeUtf8(frozen.statement)
    expect(encodeStatement(decodeStatement(statement))).toEqual(statement)
  })

  it('binds the statement by SHA-512 behind its profile and a zero octet', () => {
    const expected = createHash('sha512')
      .update('urn:countersign:statement:1')
      .update(Buffer.of(0))
      .update(frozen.statement)
      .digest('hex')
    expect(frozen.reportData).toBe(expected)
    expect(encodeHex(statementReportData(encodeUtf8(frozen.statement)))).toBe(expected)
  })

  it('makes the leaf of the issuer JWS alone', () => {
    const [jws = ''] = frozen.receipt.split('~')
    const entry = Buffer.concat([Buffer.of(1), createHash('sha256').update(jws).digest()])
    expect(frozen.entry).toBe(entry.toString('hex'))
    expect(encodeHex(receiptEntry(jws))).toBe(frozen.entry)
    expect(frozen.leafHash).toBe(createHash('sha256').update(Buffer.of(0)).update(entry).digest('hex'))
    expect(encodeHex(createEntry('receipt', encodeUtf8(jws)))).toBe(frozen.entry)
  })

  it('verifies with another JOSE library under the key of the session', async () => {
    const { keys } = decodeSession(encodeUtf8(frozen.session))
    const [jws = ''] = frozen.receipt.split('~')
    const { payload, protectedHeader } = await compactVerify(jws, await importJWK({ ...keys.receipt }, 'Ed25519'), {
      algorithms: ['Ed25519'],
    })
    expect(protectedHeader).toEqual({
      alg: 'Ed25519',
      kid: await calculateJwkThumbprint({ ...keys.receipt }),
      typ: 'eat+jwt',
    })
    expect(jwkThumbprint(keys.receipt)).toBe(protectedHeader.kid)
    expect(JSON.parse(new TextDecoder().decode(payload))).toEqual(
      JSON.parse(JSON.stringify(decodeReceipt(frozen.receipt).claims)),
    )
  })

  it('proves inclusion in the checkpoint of the statement', async () => {
    const { keys } = decodeSession(encodeUtf8(frozen.session))
    const origin = keys.log.split('+')[0] ?? ''
    const verdict = await verifyInclusion({
      proof: frozen.proof,
      entry: Buffer.from(frozen.entry, 'hex'),
      vkey: keys.log,
      origin,
    })
    expect(verdict.ok && verdict.value.body).toBe(decodeStatement(encodeUtf8(frozen.statement)).checkpoint)
  })
})
