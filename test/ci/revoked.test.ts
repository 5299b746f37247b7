/** `countersign ci`: what was rebuilt, and a list of what may no longer be trusted. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { UsageError } from '../../src/cli/command.ts'
import { type RevocationList, signRevocations } from '../../src/core/revocation/index.ts'
import { type Bench, createBench, digest, lockOf, measuredLine, type Outcome, releaseOf, row, snp } from './bench.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const key = publicKey.export({ format: 'jwk' }).x ?? ''
const LIST: RevocationList = {
  version: 1,
  number: 1,
  issuedAt: new Date('2026-11-21T11:00:00Z'),
  expiresAt: new Date('2026-11-21T13:00:00Z'),
  boots: [],
  chips: [],
  measurements: [],
  models: [],
}

let bench: Bench
afterEach(() => bench.close())

async function judged(list: Partial<RevocationList> | 'none', rebuilt: string | Uint8Array): Promise<Outcome> {
  bench = createBench(lockOf(row('a'), row('b')), { revocations: { keys: [key], maximumAgeSeconds: 86_400 } })
  const args = ['--measured', bench.file('rows', rebuilt), '--json']
  if (list === 'none') return await bench.run(...args)
  const signer = { key, sign: async (octets: Uint8Array) => new Uint8Array(sign(null, octets, privateKey)) }
  const text = await signRevocations({ ...LIST, ...list }, signer)
  return await bench.run(...args, '--revocations', bench.file('list.jws', text))
}

const ROWS = measuredLine('b') + measuredLine('a')
const MEASUREMENTS = [{ ...snp('a'), reason: 'gone' }]

test.each<[string, Partial<RevocationList> | 'none', string | Uint8Array, number, string | undefined]>([
  ['on no list', {}, ROWS, 0, undefined],
  ['that is revoked', { measurements: MEASUREMENTS }, ROWS, 1, 'REVOKED'],
  ["of a release's list that is revoked", { measurements: MEASUREMENTS }, releaseOf('b', 'a'), 1, 'REVOKED'],
  ['of which a model is revoked', { models: [{ digest: digest('d'), reason: 'gone' }] }, ROWS, 1, 'REVOKED'],
  ['by a list that has ended', { expiresAt: new Date('2026-11-21T11:30:00Z') }, ROWS, 1, 'REVOCATIONS_EXPIRED'],
  ['where policy asks for a list and none is given', 'none', ROWS, 3, 'CHECK_NOT_PERFORMED'],
])('a measurement %s', async (_name, list, rebuilt, exit, code) => {
  const { exit: seen, out } = await judged(list, rebuilt)
  const { subjects } = JSON.parse(out)
  const failed = subjects.find(({ verified }: { readonly verified: boolean }) => !verified)
  expect([seen, failed?.code]).toEqual([exit, code])
})

test('a list that nothing would be held against is wrong use', async () => {
  bench = createBench(lockOf(row('a')), { revocations: { keys: [key], maximumAgeSeconds: 86_400 } })
  await expect(bench.run('--provenance', 'bundle.json', '--revocations', 'list.jws')).rejects.toThrow(UsageError)
  await expect(bench.run('--provenance', 'bundle.json', '--revocations', 'list.jws')).rejects.toThrow('--revocations')
})
