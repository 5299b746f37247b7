/** The sessions of all logs of a host, oldest first, as each genesis and each epoch record names them. Not held against the leaves. @module */
import { decodeEpoch, type ListedLog, type LogReader, orderLogs, type Previous } from '../../audit/index.ts'
import { digestUri } from '../../core/crypto/index.ts'
import { decodeSession, type Session } from '../../core/evidence/session.ts'
import { decodeVkey } from '../../core/log/index.ts'
import { MalformedError } from '../../errors.ts'

/** One session, by what names it; without its document where the host does not show it. */
export interface TimelineSession {
  readonly epoch: number
  /** `sha256:…` */
  readonly digest: string
  readonly session?: Session
}

/** One boot: one log. */
export interface TimelineBoot {
  readonly id: string
  /** Of the log; absent where no session says it. */
  readonly origin?: string
  readonly previous?: Previous
  readonly sessions: readonly TimelineSession[]
  /** What is not there. */
  readonly missing: readonly string[]
  /** What is there and is not what names it. */
  readonly faults: readonly string[]
}

/** A host that hands out epoch records without end is not followed further. */
const MAX_EPOCHS = 10_000

/** The host hands out the octets: only the digest that names them says that they are the session. */
async function readSession(reader: LogReader, id: string, digest: string): Promise<Session | undefined> {
  const octets = await reader.read(id, `session/${digest.slice('sha256:'.length)}`)
  if (octets === undefined) return undefined
  if (digestUri(octets) !== digest)
    throw new MalformedError('EVIDENCE_DIGEST_MISMATCH', `what is shown as session ${digest} has another digest`)
  const session = decodeSession(octets)
  // The log's key is its id: a session of another boot has another key.
  if (!decodeVkey(session.keys.log).name.endsWith(`/log/${id}`))
    throw new MalformedError('LOG_ORIGIN', `session ${digest} is of another log`)
  return session
}

/** Digest of each session by its epoch, as far as one record leads to the next. */
async function* digestsOf(reader: LogReader, id: string, first: string): AsyncGenerator<string> {
  yield first
  for (let epoch = 1, before = first; ; epoch++) {
    const octets = await reader.read(id, `epoch/${epoch}`)
    if (octets === undefined) return
    if (epoch > MAX_EPOCHS) throw new MalformedError('EVIDENCE_TOO_LARGE', `more than ${MAX_EPOCHS} epochs`)
    const record = decodeEpoch(octets)
    if (record.epoch !== epoch || record.from !== before)
      throw new MalformedError('PARSE_INVALID', `the record of epoch ${epoch} does not follow the one before it`)
    yield record.to
    before = record.to
  }
}

async function readBoot(reader: LogReader, { id, genesis, refusal }: ListedLog): Promise<TimelineBoot> {
  if (genesis === undefined) {
    const faults = refusal === undefined ? [] : [`the genesis record: ${refusal.message}`]
    return { id, sessions: [], missing: refusal === undefined ? ['the genesis record is not there'] : [], faults }
  }
  const sessions: TimelineSession[] = []
  const missing: string[] = []
  const faults: string[] = []
  try {
    for await (const digest of digestsOf(reader, id, genesis.session)) {
      const epoch = sessions.length
      const session = await readSession(reader, id, digest)
      if (session !== undefined && session.epoch !== epoch)
        throw new MalformedError('PARSE_INVALID', `session ${digest} says epoch ${session.epoch}, and ${epoch} is due`)
      if (session === undefined) missing.push(`the session of epoch ${epoch}, ${digest}, is not there`)
      sessions.push({ epoch, digest, ...(session && { session }) })
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    faults.push(`behind epoch ${sessions.length - 1}: ${error.message}`)
  }
  const known = sessions.find(({ session }) => session !== undefined)?.session
  const origin = known && decodeVkey(known.keys.log).name
  return { id, ...(origin !== undefined && { origin }), previous: genesis.previous, sessions, missing, faults }
}

/** @throws CountersignError ERR_NETWORK when the source cannot be asked; MalformedError when its listing is out of form */
export async function readTimeline(
  reader: LogReader,
  onProgress: (boots: number, total: number) => void,
): Promise<readonly TimelineBoot[]> {
  const { ids } = await reader.logs()
  const boots: TimelineBoot[] = []
  for (const log of await orderLogs(reader, ids)) {
    boots.push(await readBoot(reader, log))
    onProgress(boots.length, ids.length)
  }
  return boots
}
