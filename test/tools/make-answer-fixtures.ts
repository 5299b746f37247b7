/**
 * Makes attestation-fixtures/answer and challenge from the simulator. Its keys are thrown away, so every run makes other bytes: vectors that
 * are there stay as they are. To change one, remove its folder first; commit what is written. Tests read the committed data and never run this.
 *
 *   npx esbuild test/tools/make-answer-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-answer-fixtures.mjs
 *   node node_modules/.cache/make-answer-fixtures.mjs
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeArchive } from '../../src/core/archive/index.ts'
import { encodeBase64Url } from '../../src/core/encoding/base64.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { createEntry } from '../../src/core/log/index.ts'
import { createSimulatedPki, createSimulatedSnp, type SimulatedSnp } from '../../src/simulator/index.ts'
import { ISSUED_AT, type IssuedAnswer, issueAnswer, MODEL, NONCE } from '../kit/issue-answer.ts'
import { CHALLENGE_FIXTURES, type ChallengeFixture } from './answer/challenge-recipes.ts'
import { KEY_FIXTURES } from './answer/key-recipes.ts'
import { PARAMETER_FIXTURES } from './answer/parameter-recipes.ts'
import { PIN_FIXTURES } from './answer/pin-recipes.ts'
import { LOCKED_CONFIG, QUOTED_FIXTURES } from './answer/quoted-recipes.ts'
import { RECEIPT_FIXTURES } from './answer/receipt-recipes.ts'
import type { AnswerFixture } from './answer/recipe.ts'
import { WITNESSED_FIXTURES } from './answer/witnessed-recipes.ts'

const FOLDER = join('attestation-fixtures', 'answer')
const CHALLENGES = join('attestation-fixtures', 'challenge')
const DEFAULT_AGE = 10
const genesis = createEntry('genesis', encodeUtf8('genesis'))

function basePolicy(snp: SimulatedSnp): object {
  return {
    version: 1,
    revision: 1,
    platforms: ['snp'],
    snp: JSON.parse(readFileSync(join('attestation-fixtures', 'snp', 'policy.json'), 'utf8')),
    roots: 'built-in',
    dangerouslyTrustSimulatedRoots: [snp.rootFingerprint],
    origins: ['gw.example.com/log/'],
    grade: 'quoted',
    live: { maxAgeSeconds: 300, channel: 'unchecked' },
    audit: { time: 'witnessed', witnesses: 'unchecked' },
    measurements: 'locked',
    models: 'locked',
    dependencies: 'unchecked',
    engines: 'unchecked',
    upstreams: ['embedded', 'local'],
    disclosures: ['request', 'forwarded', 'response'],
    transforms: 'replayed',
    revocations: 'unchecked',
    lockApproval: 'unchecked',
  }
}

function lockRows(fixture: AnswerFixture, snp: SimulatedSnp): readonly object[] {
  const row = {
    platform: 'snp',
    status: 'active',
    measurements: { measurement: snp.measurement },
    config: LOCKED_CONFIG,
    models: [MODEL],
    notAfter: 'none',
    shape: 'simulated',
    provenance: 'none',
  }
  const other = { ...row, measurements: { measurement: 'd'.repeat(96) } }
  return fixture.row === 'P6'
    ? [{ ...row, ...(fixture.lock === 'none' ? {} : fixture.lock) }, other]
    : [{ ...row, ...(fixture.lock === 'none' ? {} : fixture.lock) }]
}

/** Exactly one thing is wrong with each; here the quote of another statement, which no recipe can make by itself. */
function issue(fixture: AnswerFixture, snp: SimulatedSnp): IssuedAnswer {
  if (fixture.name !== 'report-data') return issueAnswer(snp, fixture.recipe)
  return issueAnswer(snp, {
    ...fixture.recipe,
    report: (reportData) => snp.report(reportData.map((byte, i) => (i === 63 ? byte ^ 1 : byte))),
  })
}

const octets = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64')

const timeAfter = (seconds: number): string => new Date((ISSUED_AT + seconds) * 1000).toISOString()

function expected({ withoutProof, grade = withoutProof ? 'signed' : 'quoted', time }: AnswerFixture): object {
  return { ok: true, grade, ...(time === undefined ? {} : { time: { ...time, at: timeAfter(time.at) } }) }
}

function writeFixture(fixture: AnswerFixture, snp: SimulatedSnp): void {
  const { row, name, title, code, policy = {}, held = {}, age = DEFAULT_AGE, withoutProof, judgedAfter = 2 } = fixture
  const folder = join(FOLDER, code === 'ok' ? name : `${name}-fail`)
  if (existsSync(folder)) return
  const issued = issue(fixture, snp)
  const { proof, inserts, ...rest } = issued.archive
  const archive = {
    ...rest,
    ...(withoutProof ? {} : { proof }),
    ...(inserts === undefined || held.inserts === 'withheld' ? {} : { inserts }),
  }
  mkdirSync(folder)
  writeFileSync(join(folder, 'archive.cmw.json'), encodeArchive(archive))
  const presented = (given: Uint8Array | 'not-held' | undefined, signed: Uint8Array): string =>
    given === 'not-held' ? 'not-held' : octets(given ?? signed)
  const vector = {
    row,
    title,
    at: timeAfter(judgedAfter),
    noncedAt: timeAfter(judgedAfter - age),
    nonce: held.nonce === 'unchecked' ? 'unchecked' : encodeBase64Url(held.nonce ?? NONCE),
    request: presented(held.request, issued.request),
    response: presented(held.response, issued.response),
    mediaType: issued.mediaType,
    outcome: held.outcome ?? 'complete',
    seen: held.seen ?? [],
    policy: { ...basePolicy(snp), ...policy },
    lock:
      fixture.lock === 'none'
        ? 'none'
        : { version: 1, revision: 1, minimumPolicyRevision: 0, rows: lockRows(fixture, snp) },
    expect: code === 'ok' ? expected(fixture) : { ok: false, code },
  }
  writeFileSync(join(folder, 'vector.json'), `${JSON.stringify(vector, undefined, 1)}\n`)
}

/** An answer to a challenge: evidence without a receipt, its proof that of the nonce's leaf. */
function writeChallenge(
  { row, name, title, code, recipe, proof = true, age = DEFAULT_AGE }: ChallengeFixture,
  snp: SimulatedSnp,
): void {
  const folder = join(CHALLENGES, code === 'ok' ? name : `${name}-fail`)
  if (existsSync(folder)) return
  const { archive } = issueAnswer(snp, { before: [genesis, createEntry('nonce', NONCE)], proveIndex: 1, ...recipe })
  const { quote, session, statement } = archive
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'archive.cmw.json'),
    encodeArchive({ quote, session, statement, ...(proof ? { proof: archive.proof } : {}) }),
  )
  const vector = {
    row,
    title,
    at: new Date((ISSUED_AT + 2) * 1000).toISOString(),
    noncedAt: new Date((ISSUED_AT + 2 - age) * 1000).toISOString(),
    nonce: encodeBase64Url(NONCE),
    policy: basePolicy(snp),
    lock: {
      version: 1,
      revision: 1,
      minimumPolicyRevision: 0,
      rows: [
        {
          platform: 'snp',
          status: 'active',
          measurements: { measurement: snp.measurement },
          config: LOCKED_CONFIG,
          models: [MODEL],
          notAfter: 'none',
          shape: 'simulated',
          provenance: 'none',
        },
      ],
    },
    expect: code === 'ok' ? { ok: true } : { ok: false, code },
  }
  writeFileSync(join(folder, 'vector.json'), `${JSON.stringify(vector, undefined, 1)}\n`)
}

const clock = (): Date => new Date((ISSUED_AT - 1000) * 1000)
const snp = await createSimulatedSnp({ pki: await createSimulatedPki({ clock }), clock })
for (const folder of [FOLDER, CHALLENGES]) mkdirSync(folder, { recursive: true })
for (const fixture of [
  ...RECEIPT_FIXTURES,
  ...QUOTED_FIXTURES,
  ...WITNESSED_FIXTURES,
  ...KEY_FIXTURES,
  ...PIN_FIXTURES,
  ...PARAMETER_FIXTURES,
])
  writeFixture(fixture, snp)
for (const fixture of CHALLENGE_FIXTURES) writeChallenge(fixture, snp)
