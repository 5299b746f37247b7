/** The fixtures of the transparency log, judged. @module */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { concatBytes, decodeHex } from '../../../src/core/encoding/bytes.ts'
import { assertInclusion, verifyInclusion } from '../../../src/core/log/index.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { fixtureNames, judgeVector, leafClaim, readVector } from './fixture.ts'
import { makeLogVectors } from './log-vectors.ts'

const FIXTURES = fileURLToPath(new URL('../../../attestation-fixtures/log/', import.meta.url))

const names = fixtureNames()

describe('fixtures', () => {
  const made = makeLogVectors()

  test('are what their generator makes, none more and none less', async () => {
    for (const [name, vector] of Object.entries(made))
      await expect(`${JSON.stringify(vector, null, 2)}\n`).toMatchFileSnapshot(`${FIXTURES}${name}/vector.json`)
    expect(readdirSync(FIXTURES).sort()).toEqual(Object.keys(made).sort())
  })

  test('have a base that passes, and fail exactly when their name says so', () => {
    for (const [name, { base, expected }] of Object.entries(made)) {
      expect(expected.ok, name).toBe(!name.endsWith('-fail'))
      if (!expected.ok) expect(made[base ?? '']?.expected.ok, name).toBe(true)
    }
  })
})

describe('verdicts', () => {
  for (const { name, title } of names.map((name) => {
    const vector = readVector(name)
    const row = vector.string('row')
    return { name, title: `${row === '' ? '' : `[${row}] `}${vector.string('title')}` }
  })) {
    // Not by test.each: it would quote and cut the titles by which rows are counted.
    test(title, async () => {
      const vector = readVector(name)
      const expected = vector.object('expected')
      const verdict = await judgeVector(vector)
      expect(verdict.ok).toBe(expected.boolean('ok'))
      if (verdict.ok) {
        expect(failedCheck(verdict.checks)).toBeUndefined()
        return
      }
      expect(verdict.code).toBe(expected.string('code'))
      const failed = failedCheck(verdict.checks)
      expect(failed?.name).toBe(expected.string('check'))
      expect(failed?.detail).not.toBe('')
      // No check behind the failed one may claim to have passed.
      const failedAt = verdict.checks.findIndex(({ name }) => name === failed?.name)
      expect(verdict.checks.slice(failedAt + 1).every(({ status }) => status === 'not-performed')).toBe(true)
    })
  }

  test('the node that is no leaf would pass without the prefix of leaves', () => {
    const vector = readVector('leaf-is-node-fail')
    const { claim, root } = leafClaim(vector, sha256(decodeHex(vector.string('entry'))))
    expect(() => assertInclusion(claim, root)).not.toThrow()
  })

  test('a proven entry carries what later checks need', async () => {
    const verdict = await judgeVector(readVector('inclusion'))
    const proof = readVector('inclusion').string('proof')
    const note = proof.slice(proof.indexOf('\n\n') + 2)
    expect(verdict).toMatchObject({
      ok: true,
      value: { index: 5, size: 13, entry: { type: 'receipt' }, note, body: note.slice(0, note.indexOf('\n\n') + 1) },
    })
  })

  test('octets and text of a proof are judged alike', async () => {
    const vector = readVector('inclusion')
    const evidence = {
      entry: decodeHex(vector.string('entry')),
      vkey: vector.string('vkey'),
      origin: vector.string('origin'),
    }
    const octets = new Uint8Array(Buffer.from(vector.string('proof')))
    expect((await verifyInclusion({ proof: octets, ...evidence })).ok).toBe(true)
    const broken = await verifyInclusion({ proof: concatBytes(octets, Uint8Array.of(0xff)), ...evidence })
    expect(broken).toMatchObject({ ok: false, code: 'PROOF_FORMAT' })
    const unpaired = await verifyInclusion({ proof: `${vector.string('proof')}\ud800\n`, ...evidence })
    expect(unpaired).toMatchObject({ ok: false, code: 'CHECKPOINT_FORMAT' })
  })

  test('a key that is no verifier key cannot have signed', async () => {
    const vector = readVector('inclusion')
    const evidence = { proof: vector.string('proof'), entry: decodeHex(vector.string('entry')) }
    const verdict = await verifyInclusion({ ...evidence, vkey: 'nonsense', origin: vector.string('origin') })
    expect(verdict).toMatchObject({ ok: false, code: 'CHECKPOINT_SIGNATURE' })
  })
})
