/** Every fixture as one list: what it says, and what judging it gives. For whoever runs them outside of the table tests. @module */
import { matchSessionEvents } from '../../src/core/event-log/index.ts'
import { assertVerified, failedCheck, type Verdict } from '../../src/core/verdict.ts'
import * as eventLog from '../core/event-log/fixture.ts'
import * as challenge from '../core/evidence/fixture.ts'
import * as log from '../core/log/fixture.ts'
import * as nitro from '../core/nitro/fixture.ts'
import * as equivocation from '../core/receipt/equivocation-fixture.ts'
import * as answer from '../core/receipt/fixture.ts'
import * as snp from '../core/snp/fixture.ts'
import * as tdx from '../core/tdx/fixture.ts'
import * as x509 from '../core/x509/fixture.ts'

/** `ok`, or the code of the failure; where the vector says so with the check, and for an answer with its grade. */
export interface Replayed {
  readonly wanted: string
  readonly seen: string
}

export interface Replay {
  /** `<folder>/<name>` below attestation-fixtures. */
  readonly name: string
  /** Reads the vector and judges it. */
  judge(): Promise<Replayed>
}

function codeOf(verdict: Verdict<unknown>): string {
  return verdict.ok ? 'ok' : verdict.code
}

function failureOf(verdict: Verdict<unknown>): string {
  return verdict.ok ? 'ok' : `${verdict.code} ${failedCheck(verdict.checks)?.name ?? ''}`
}

interface CodeFixture {
  readonly code: string | undefined
}

interface Folder<Fixture> {
  fixtureNames(): readonly string[]
  readFixture(name: string): Fixture
}

/** The folders whose vectors are good, or name a code. */
function replaysOf<Fixture extends CodeFixture>(
  folder: string,
  { fixtureNames, readFixture }: Folder<Fixture>,
  judge: (fixture: Fixture) => Promise<string>,
): readonly Replay[] {
  return replays(folder, fixtureNames(), async (name) => {
    const fixture = readFixture(name)
    return { wanted: fixture.code ?? 'ok', seen: await judge(fixture) }
  })
}

function replays(
  folder: string,
  names: readonly string[],
  judge: (name: string) => Promise<Replayed>,
): readonly Replay[] {
  return names.map((name) => ({ name: `${folder}/${name}`, judge: () => judge(name) }))
}

async function replayEventLog(name: string): Promise<Replayed> {
  const fixture = eventLog.readFixture(name)
  const { failure, session } = fixture
  const verdict = await eventLog.judgeFixture(fixture)
  const wanted = failure ? `${failure.code} ${failure.check}` : (session?.expect ?? 'ok')
  if (!verdict.ok || session === undefined) return { wanted, seen: failureOf(verdict) }
  const match = matchSessionEvents(assertVerified(verdict), session.octets, session.epoch)
  return { wanted, seen: match.ok ? 'ok' : match.code }
}

async function replayAnswer(name: string): Promise<Replayed> {
  const fixture = answer.readFixture(name)
  const verdict = await answer.judgeFixture(fixture)
  return {
    wanted: fixture.expect.ok ? `ok ${fixture.expect.grade}` : fixture.expect.code,
    seen: verdict.ok ? `ok ${verdict.value.grade}` : verdict.code,
  }
}

async function replayEquivocation(name: string): Promise<Replayed> {
  const fixture = equivocation.readFixture(name)
  const { expect } = fixture
  const verdict = await equivocation.judgeFixture(fixture)
  return {
    wanted: expect.ok ? `ok ${expect.kind}` : `${expect.code} ${expect.check}`,
    seen: verdict.ok ? `ok ${verdict.value.kind}` : failureOf(verdict),
  }
}

async function replayChallenge(name: string): Promise<Replayed> {
  const fixture = challenge.readFixture(name)
  const seen = codeOf(await challenge.judgeFixture(fixture))
  return { wanted: fixture.expect.ok ? 'ok' : fixture.expect.code, seen }
}

async function replayLog(name: string): Promise<Replayed> {
  const expected = log.readVector(name).object('expected')
  const wanted = expected.boolean('ok') ? 'ok' : `${expected.string('code')} ${expected.string('check')}`
  return { wanted, seen: failureOf(await log.judgeVector(log.readVector(name))) }
}

export function listReplays(): readonly Replay[] {
  return [
    ...replaysOf('x509', x509, async (fixture) => {
      const result = await x509.judgeFixture(fixture)
      return result.ok ? 'ok' : result.code
    }),
    ...replaysOf('snp', snp, async (fixture) => codeOf(await snp.judgeFixture(fixture))),
    ...replaysOf('tdx', tdx, async (fixture) => codeOf(await tdx.judgeFixture(fixture))),
    ...replaysOf('nitro', nitro, async (fixture) => codeOf(await nitro.judgeFixture(fixture))),
    ...replays('event-log', eventLog.fixtureNames(), replayEventLog),
    ...replays('log', log.fixtureNames(), replayLog),
    ...replays('challenge', challenge.fixtureNames(), replayChallenge),
    ...replays('answer', answer.fixtureNames(), replayAnswer),
    ...replays('equivocation', equivocation.fixtureNames(), replayEquivocation),
  ]
}
