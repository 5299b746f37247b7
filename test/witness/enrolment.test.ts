/** Who may open logs at a witness: gateways whose evidence it verifies itself, and holders of a host's token. Nobody else, and not without end. */
import { afterEach, describe, expect, it } from 'vitest'
import { trialLock, trialPolicy } from '../../src/cli/trial-policy.ts'
import { encodeArchive } from '../../src/core/archive/index.ts'
import type { Trust } from '../../src/core/evidence/attestation.ts'
import { decodeLock } from '../../src/core/lock.ts'
import { encodeVkey, noteKey } from '../../src/core/log/index.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { createSimulatedSnp, type SimulatedSnp } from '../../src/simulator/index.ts'
import { decodeTokens } from '../../src/witness/index.ts'
import { testKey } from '../kit/ed25519.ts'
import { type AnswerRecipe, CONFIG_DIGEST, ISSUED_AT, issueAnswer, MODEL } from '../kit/issue-answer.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { simulatedClock } from '../kit/simulated-clock.ts'
import { call, type Reply } from '../server/gateway/http-client.ts'
import { testPki } from '../server/gateway/test-pki.ts'
import { TestLog } from './test-log.ts'
import { NOW, startWitness, TOKEN, type WitnessFixture, type WitnessFixtureOptions } from './witness-fixture.ts'

const open: WitnessFixture[] = []
async function started(options?: WitnessFixtureOptions): Promise<WitnessFixture> {
  const witness = await startWitness(options)
  open.push(witness)
  return witness
}
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ close }) => close()))
})

const snp: SimulatedSnp = await createSimulatedSnp({
  pki: await testPki(),
  clock: simulatedClock,
  latencyMs: 0,
  throttle: 'none',
})
const references = {
  rootFingerprint: snp.rootFingerprint,
  measurement: snp.measurement,
  config: `sha256:${CONFIG_DIGEST}`,
  models: [MODEL],
  host: 'gw.example.com',
}
const trust: Trust = { policy: decodePolicy(trialPolicy(references)), lock: decodeLock(trialLock(references)) }
const atIssue = (seconds: number) => () => new Date((ISSUED_AT + seconds) * 1000)

function show(witness: WitnessFixture, body: Uint8Array | string): Promise<Reply> {
  const headers = { 'content-type': 'application/cmw+json' }
  return call(`${witness.url}/add-origin`, { method: 'POST', headers, body })
}

function archive(recipe: AnswerRecipe = {}): Uint8Array {
  const { quote, session, statement } = issueAnswer(snp, recipe).archive
  return encodeArchive({ quote, session, statement })
}

describe('a witness with a policy', () => {
  it('follows the log that verified evidence names, and no other', async () => {
    const witness = await started({ trust, now: atIssue(30) })
    const log = new TestLog()
    expect((await witness.submit(log.request(0, 3))).status).toBe(404)
    const reply = await show(witness, archive())
    expect([reply.status, reply.text]).toEqual([200, 'enrolled\n'])
    expect((await show(witness, archive())).text).toBe('known\n')
    expect((await witness.submit(log.request(0, 3))).status).toBe(200)
    expect((await witness.submit(new TestLog({ seed: 0x05 }).request(0, 3))).status).toBe(404)
    expect(witness.notices).toEqual([{ event: 'enrolled', origin: log.origin, by: 'archive' }])
  })

  it('asks for no witnesses and no proven time: it judges by its own clock', async () => {
    const audit = { ...trust.policy.audit, time: 'witnessed' as const }
    const witness = await started({ trust: { ...trust, policy: { ...trust.policy, audit } }, now: atIssue(30) })
    expect((await show(witness, archive())).status).toBe(200)
  })

  it.each<readonly [string, AnswerRecipe, string]>([
    [
      'whose statement is another than the quoted one',
      { report: () => snp.report(new Uint8Array(64)) },
      'REPORT_DATA_MISMATCH',
    ],
    [
      'of another configuration',
      {
        session: (session) => JSON.parse(JSON.stringify(session).replaceAll(CONFIG_DIGEST, 'ab'.repeat(32))),
        statement: (statement) => statement,
      },
      'CONFIG_UNMEASURED',
    ],
    [
      'whose statement names another log',
      {
        statement: (statement) => ({ ...statement, checkpoint: new TestLog({ seed: 0x05 }).checkpoint(3).body }),
      },
      'LOG_ORIGIN',
    ],
  ])('refuses evidence %s', async (_, recipe, code) => {
    const witness = await started({ trust, now: atIssue(30) })
    const reply = await show(witness, archive(recipe))
    expect(reply.status).toBe(403)
    expect(reply.text).toBe(`not verified: ${code}\n`)
    expect((await witness.submit(new TestLog().request(0, 3))).status).toBe(404)
  })

  it('refuses evidence of software that its lock does not hold', async () => {
    const other = { ...references, measurement: '00'.repeat(48) }
    const witness = await started({ trust: { ...trust, lock: decodeLock(trialLock(other)) }, now: atIssue(30) })
    expect((await show(witness, archive())).text).toBe('not verified: MEASUREMENT_MISMATCH\n')
  })

  it.each([
    [3_600, 200, 'enrolled\n'],
    [3_602, 403, 'not verified: STATEMENT_TIME\n'],
    [-400, 403, 'not verified: STATEMENT_TIME\n'],
  ])('judges the age of a statement by its own clock: %i s after it', async (seconds, status, text) => {
    const witness = await started({ trust, now: atIssue(seconds) })
    const reply = await show(witness, archive({ statement: (s) => ({ ...s, exp: ISSUED_AT + 3_602 }) }))
    expect([reply.status, reply.text]).toEqual([status, text])
  })

  it('refuses a statement that lives on but is older than an hour', async () => {
    const witness = await started({ trust, now: atIssue(3_602) })
    const reply = await show(witness, archive({ statement: (s) => ({ ...s, exp: ISSUED_AT + 80_000 }) }))
    expect(reply.text).toBe('not verified: EVIDENCE_STALE\n')
  })

  it('refuses a host that its policy does not list, before it judges anything', async () => {
    const origins = ['other.example.com/log/']
    const witness = await started({ trust: { ...trust, policy: { ...trust.policy, origins } }, now: atIssue(30) })
    const reply = await show(witness, archive())
    expect([reply.status, reply.text]).toEqual([403, 'the policy of this witness does not list the host\n'])
  })

  it('does not start with a policy that lists no hosts', async () => {
    const open = { ...trust, policy: { ...trust.policy, origins: 'unchecked' as const } }
    await expect(startWitness({ trust: open })).rejects.toThrow(/must name the hosts/)
  })

  it.each([['{}'], ['not JSON'], ['']])('answers 422 for %j', async (body) => {
    const witness = await started({ trust, now: atIssue(30) })
    expect((await show(witness, body)).status).toBe(422)
  })
})

describe('a witness with tokens', () => {
  it('takes no evidence without a policy', async () => {
    const witness = await started()
    expect((await show(witness, archive())).status).toBe(403)
  })

  it('follows logs of the host whose token it is shown', async () => {
    const witness = await started()
    const log = new TestLog()
    const other = new TestLog({ host: 'other.example.com' })
    expect((await witness.enrol(log, 'Bearer wrong-token-of-this-host')).status).toBe(403)
    expect((await witness.enrol(log, TOKEN)).status).toBe(403)
    expect((await witness.enrol(other)).status).toBe(403)
    expect((await witness.enrol(log)).text).toBe('enrolled\n')
    expect((await witness.enrol(log)).text).toBe('known\n')
    expect((await witness.submit(log.request(0, 3))).status).toBe(200)
  })

  it.each<readonly [string, (log: TestLog) => string]>([
    ['a key that the origin does not certify', ({ origin }) => encodeVkey(noteKey(origin, testKey(0x44).publicKey))],
    ['an origin of another form', ({ key }) => encodeVkey(noteKey('gw.example.com/other/log', key.publicKey))],
    ['two lines', ({ vkey }) => `${vkey}\n${vkey}`],
    ['nothing', () => ''],
  ])('answers 422 for %s', async (_, bodyOf) => {
    const witness = await started()
    const headers = { 'content-type': 'text/plain', authorization: `Bearer ${TOKEN}` }
    const reply = await call(`${witness.url}/add-origin`, { method: 'POST', headers, body: bodyOf(new TestLog()) })
    expect(reply.status).toBe(422)
  })

  it('answers 415 for a body of another type', async () => {
    const witness = await started()
    expect((await call(`${witness.url}/add-origin`, { method: 'POST', body: 'x' })).status).toBe(415)
  })

  it('keeps a day’s bound on new logs of a host, and for evidence a lower one than for the token', async () => {
    let now = atIssue(30)()
    const witness = await started({ trust, now: () => now, newOriginsPerDay: 2 })
    const statuses: number[] = []
    for (let seed = 0x10; seed < 0x15; seed++) statuses.push((await witness.enrol(new TestLog({ seed }))).status)
    expect(statuses).toEqual([200, 200, 200, 200, 429])
    const refused = await show(witness, archive())
    expect([refused.status, refused.headers['retry-after']]).toEqual([429, '86400'])
    now = new Date(now.getTime() + 86_400_000)
    expect((await witness.enrol(new TestLog({ seed: 0x14 }))).status).toBe(200)
  })

  it('reads tokens of several hosts, and says which line is none', () => {
    const digest = 'ab'.repeat(32)
    const tokens = decodeTokens(
      `# of the first host\na.example ${digest}\na.example ${'cd'.repeat(32)}\n\nb.example:8443 ${digest}\n`,
    )
    expect([...tokens].map(([host, digests]) => [host, digests.length])).toEqual([
      ['a.example', 2],
      ['b.example:8443', 1],
    ])
    expect(() => decodeTokens(`a.example ${digest}\na.example secret\n`)).toThrow(/line 2/)
  })
})

describe('the list of a host', () => {
  it('names its logs, oldest first, in pages, each with what was cosigned last', async () => {
    const store = createMemoryStore()
    const witness = await started({ store, newOriginsPerDay: 100 })
    const logs = Array.from({ length: 40 }, (_, i) => new TestLog({ seed: i + 1 }))
    for (const log of logs) await witness.enrol(log)
    await witness.submit(new TestLog({ seed: 40 }).request(0, 9))
    const page = async (path: string) => JSON.parse((await witness.get(path)).text)
    const first = await page('/hosts/gw.example.com')
    expect(first).toMatchObject({ host: 'gw.example.com', count: 40, next: 32 })
    const second = await page(`/hosts/gw.example.com?from=${first.next}`)
    expect(second.next).toBeNull()
    const listed = [...first.origins, ...second.origins]
    expect(listed.map(({ origin }) => origin)).toEqual(logs.map(({ origin }) => origin))
    expect(listed[0]).toEqual({ origin: logs[0]?.origin, since: NOW.getTime() / 1000, checkpoint: null })
    expect(listed[39].checkpoint.startsWith(new TestLog({ seed: 40 }).checkpoint(9).note)).toBe(true)
    const again = await started({ store })
    expect((await again.get('/hosts/gw.example.com?from=32')).text).toBe(JSON.stringify(second).concat('\n'))
  })

  it('is empty for a host that it does not know, and refuses what is no host', async () => {
    const witness = await started()
    expect(JSON.parse((await witness.get('/hosts/else.example')).text)).toMatchObject({
      origins: [],
      count: 0,
      next: null,
    })
    expect((await witness.get('/hosts/Else.Example')).status).toBe(400)
    expect((await witness.get('/hosts/else.example?from=-1')).status).toBe(400)
    expect((await witness.get('/hosts/..%2f..')).status).toBe(400)
  })
})
