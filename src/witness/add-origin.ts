/**
 * `POST /add-origin`: opens a log whose first checkpoint may then be cosigned. Either hardware that the witness's own policy trusts vouches
 * for the log's key, or the holder of the host's token does. Without one of these anybody could open logs under anybody's host. @module
 */
import { ARCHIVE_TYPE, type Archive, decodeArchive } from '../core/archive/index.ts'
import { decodeUtf8 } from '../core/encoding/utf8.ts'
import { verifyAttestation } from '../core/evidence/attestation.ts'
import { decodeSession } from '../core/evidence/session.ts'
import { decodeLogOrigin, decodeVkey, matchOriginKey } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import { type Answer, later, plain } from './answer.ts'
import type { ResolvedDeps } from './deps.ts'
import type { Origins } from './origins.ts'
import { tokenFits } from './tokens.ts'
import type { WitnessClock } from './witness-clock.ts'

export interface OriginRequest {
  /** Of the body, without parameters, lower case. */
  readonly mediaType: string
  readonly authorization: string | undefined
  readonly octets: Uint8Array
}

export interface Enrolling {
  readonly deps: ResolvedDeps
  readonly origins: Origins
  readonly clock: WitnessClock
}

/** Judging hardware evidence costs milliseconds; strangers may ask for it. */
const MAX_JUDGED_AT_ONCE = 4
const DAY = 24 * 60 * 60

export function createAddOrigin(enrolling: Enrolling): (request: OriginRequest) => Promise<Answer> {
  let judged = 0
  return async (request) => {
    if (request.mediaType === 'text/plain') return enrolByToken(enrolling, request)
    if (request.mediaType !== ARCHIVE_TYPE) return plain(415, `the body is text/plain or ${ARCHIVE_TYPE}`)
    if (judged >= MAX_JUDGED_AT_ONCE) return later(503, 'too much evidence at once', 1)
    judged++
    try {
      return await enrolByArchive(enrolling, request.octets)
    } finally {
      judged--
    }
  }
}

async function enrolByToken(enrolling: Enrolling, { authorization, octets }: OriginRequest): Promise<Answer> {
  const origin = decoded(() => certifiedOrigin(decodeUtf8(octets).replace(/\n$/, '')))
  if (origin === undefined) return plain(422, 'the body is not the verifier key of a log whose origin certifies it')
  if (!tokenFits(enrolling.deps.tokens, decodeLogOrigin(origin).host, authorization))
    return plain(403, 'the token is not one of this host')
  return enrol(enrolling, origin, 'token')
}

async function enrolByArchive(enrolling: Enrolling, octets: Uint8Array): Promise<Answer> {
  const { trust } = enrolling.deps
  if (trust === undefined) return plain(403, 'this witness takes no evidence: ask its operator for a token')
  const shown = decoded(() => readArchive(octets))
  if (shown === undefined) return plain(422, 'the body is not an archive with session, statement and quote')
  const { origin, archive } = shown
  // What costs nothing comes first: strangers send these octets.
  const { origins } = trust.policy
  if (origins === 'unchecked' || !origins.some((prefix) => origin.startsWith(prefix)))
    return plain(403, 'the policy of this witness does not list the host')
  if ((await enrolling.origins.read(origin)) !== undefined) return plain(200, 'known')
  const refusal = await judgeArchive(enrolling, archive, origin)
  return refusal === undefined ? enrol(enrolling, origin, 'archive') : plain(403, `not verified: ${refusal}`)
}

/** The code of the failure; undefined when hardware vouches, now, for the log's key. */
async function judgeArchive({ deps, clock }: Enrolling, archive: Archive, origin: string): Promise<string | undefined> {
  if (deps.trust === undefined) return 'CHECK_NOT_PERFORMED'
  const { policy } = deps.trust
  // The witness judges what is happening now, by a clock of its own: nobody has to prove it the time.
  const live = { ...policy, audit: { ...policy.audit, time: 'unchecked', witnesses: 'unchecked' } } as const
  const at = clock.now()
  const verdict = await verifyAttestation(archive, { ...deps.trust, policy: live }, { source: 'as-given', at })
  if (!verdict.ok) return verdict.code
  const { statement, logKey } = verdict.value
  if (logKey.name !== origin) return 'LOG_ORIGIN'
  // Evidence of a gateway that is long gone, sent again by whoever kept it.
  return statement.iat * 1000 < at.getTime() - deps.maxStatementAge * 1000 ? 'EVIDENCE_STALE' : undefined
}

async function enrol({ deps, origins, clock }: Enrolling, origin: string, by: 'archive' | 'token'): Promise<Answer> {
  // Whoever runs the same software on hardware of their own could use up a day: the host's token still has as many again.
  const perDay = deps.newOriginsPerDay * (by === 'token' ? 2 : 1)
  const outcome = await origins.enrol({ origin, since: clock.seconds(), perDay })
  if (outcome === 'too-many') return later(429, 'too many new logs of this host today', DAY)
  if (outcome === 'enrolled') deps.report({ event: 'enrolled', origin, by })
  return plain(200, outcome)
}

function readArchive(octets: Uint8Array): { readonly archive: Archive; readonly origin: string } {
  const archive = decodeArchive(octets)
  return { archive, origin: certifiedOrigin(decodeSession(archive.session).keys.log) }
}

/** The origin that a verifier key is named after, which must certify it. */
function certifiedOrigin(vkey: string): string {
  const { name, publicKey } = decodeVkey(vkey)
  matchOriginKey(name, publicKey)
  return name
}

function decoded<T>(decode: () => T): T | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
