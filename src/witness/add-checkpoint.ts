/** `POST /add-checkpoint`: judges, makes the checkpoint the newest one durably, and only then answers with its cosignature. @module */
import { cosignCheckpoint } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import { type Answer, later, plain } from './answer.ts'
import type { ResolvedDeps } from './deps.ts'
import { keepRefused } from './fork-evidence.ts'
import { judgeSubmission, type Refusal } from './judge-submission.ts'
import { Lanes } from './lanes.ts'
import type { Cosigned } from './origin-record.ts'
import type { Origins } from './origins.ts'
import { decodeSubmission, provenNote, type Submission } from './submission.ts'
import type { WitnessClock } from './witness-clock.ts'

const MAX_WAITING = 16
/** Other processes on one store may move a record in between; each time it is judged anew. */
const MAX_RACES = 4
const COSIGNATURES = 'text/plain; charset=utf-8'

export interface Cosigning {
  readonly deps: ResolvedDeps
  readonly origins: Origins
  readonly clock: WitnessClock
}

interface Signed {
  readonly submission: Submission
  /** Body and the log's signature. */
  readonly note: string
}

/** Answers submissions, those of one origin one after the other. */
export function createAddCheckpoint(cosigning: Cosigning): (octets: Uint8Array) => Promise<Answer> {
  const lanes = new Lanes(MAX_WAITING)
  return async (octets) => {
    const submission = decodeOrRefuse(octets)
    if (submission === undefined) return plain(400, 'not a request of c2sp.org/tlog-witness')
    const { origin } = submission
    if ((await cosigning.origins.read(origin)) === undefined) return plain(404, 'this log is not known here')
    const note = await provenNote(submission)
    if (note === undefined) return plain(403, 'the log did not sign this checkpoint')
    const answer = lanes.run(origin, () => cosign(cosigning, { submission, note }))
    return answer ?? later(503, 'too many checkpoints of this log at once', 1)
  }
}

function decodeOrRefuse(octets: Uint8Array): Submission | undefined {
  try {
    return decodeSubmission(octets)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

async function cosign(cosigning: Cosigning, signed: Signed): Promise<Answer> {
  const { deps, origins, clock } = cosigning
  const { origin, size, root, body } = signed.submission
  for (let tries = 0; tries < MAX_RACES; tries++) {
    const stored = await origins.read(origin)
    if (stored === undefined) return plain(404, 'this log is not known here')
    const { cosigned } = stored.record
    const refusal = judgeSubmission(signed.submission, cosigned)
    if (refusal !== undefined) return refuse(cosigning, signed, { refusal, cosigned })
    const time = clock.seconds(cosigned?.time)
    const line = cosignCheckpoint(body, deps.key, time)
    // The line leaves this process only once no later request, of whatever process or boot, can be judged against an older checkpoint.
    const isNewest = await origins.advance(stored, { origin, size, root, note: signed.note + line, time })
    if (isNewest) return { status: 200, type: COSIGNATURES, body: line }
  }
  return later(503, 'this log moves too fast', 1)
}

async function refuse(
  { deps, clock }: Cosigning,
  { submission, note }: Signed,
  { refusal, cosigned }: { refusal: Refusal; cosigned: Cosigned | undefined },
): Promise<Answer> {
  const { answer, evidence: kind } = refusal
  if (kind === undefined || cosigned === undefined) return answer
  const { origin, size } = submission
  const kept = await keepRefused(deps.store, { kind, origin, size, note, cosigned, seen: clock.seconds() })
  if (kept !== undefined) deps.report({ event: 'refused-checkpoint', origin, kept })
  return answer
}
