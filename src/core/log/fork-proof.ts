/**
 * Two signed checkpoints of one log that cannot both be of one history, as a file to hand on.
 *
 * ```
 * urn:countersign:fork-proof:1 LF
 * LF
 * <signed checkpoint, verbatim>
 * LF
 * <signed checkpoint, verbatim, to the end>
 * ```
 * Equal sizes and other roots prove the fork to anyone, offline, with no other input: the origin certifies the key. Of other sizes the file
 * proves that the log signed both, and no more: that no consistency proof leads from one to the other cannot be shown, only asked of the
 * log; and which came first is its keeper's word.
 * @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'
import { type Checker, failedCheck, judge, type Verdict } from '../verdict.ts'
import { decodeLogOrigin, type SignedCheckpoint } from './checkpoint.ts'
import { refuseAs } from './lines.ts'
import { encodeVkey, MAX_NOTE_SIZE, noteKey, splitNote } from './note.ts'
import { verifyCheckpoint } from './verify.ts'

const HEADER = 'urn:countersign:fork-proof:1\n\n'

/** Two signed checkpoints, verbatim, in the order in which their keeper saw them. Decoded, not verified. */
export interface ForkProof {
  readonly first: string
  readonly second: string
}

/** The one text of a proof; `decodeForkProof` gives back its argument. */
export function encodeForkProof({ first, second }: ForkProof): string {
  const text = `${HEADER}${first}\n${second}`
  const decoded = decodeForkProof(text)
  if (decoded.first !== first || decoded.second !== second)
    throw new CountersignError('ERR_USAGE', 'the body of a checkpoint holds no blank line')
  return text
}

/**
 * Layout only: {@link verifyForkProof} judges.
 * @throws MalformedError PARSE_INVALID
 */
export function decodeForkProof(source: string | Uint8Array): ForkProof {
  if (source.length > HEADER.length + 2 * MAX_NOTE_SIZE + 1) throw malformed('the fork proof is too long')
  const text = typeof source === 'string' ? source : refuseAs('PARSE_INVALID', () => decodeUtf8(source))
  if (!text.startsWith(HEADER)) throw malformed('not a fork proof of version 1')
  const notes = text.slice(HEADER.length)
  // The first blank line stands before the signatures of the first checkpoint, the second one behind them.
  const signatures = notes.indexOf('\n\n')
  const cut = signatures < 0 ? -1 : notes.indexOf('\n\n', signatures + 2)
  if (cut < 0) throw malformed('a fork proof holds two signed checkpoints')
  const proof = { first: notes.slice(0, cut + 1), second: notes.slice(cut + 2) }
  for (const note of [proof.first, proof.second]) refuseAs('PARSE_INVALID', () => splitNote(note))
  return proof
}

const FORK_CHECKS = ['proof-format', 'log-origin', 'first', 'second', 'contradiction'] as const
type ForkCheck = (typeof FORK_CHECKS)[number]

/** A log that signed two trees of one size. */
export interface Fork {
  readonly origin: string
  readonly size: number
  readonly first: SignedCheckpoint
  readonly second: SignedCheckpoint
}

/**
 * Passes only if the log of `origin`, whose key the origin certifies, signed two roots for one size. Not passed for two sizes: the check
 * `contradiction` is then shown as not performed.
 * @param source all of it is its keeper's, who may want to accuse an honest log
 */
export function verifyForkProof(source: string | Uint8Array, origin: string): Promise<Verdict<Fork>> {
  return judge(FORK_CHECKS, async (check) => {
    const proof = check.decode('proof-format', () => decodeForkProof(source))
    const { publicKey } = check.decode('log-origin', () => decodeLogOrigin(origin))
    const log = { origin, vkey: encodeVkey(noteKey(origin, publicKey)) }
    const first = await judgeSigned(check, 'first', { ...log, checkpoint: proof.first })
    const second = await judgeSigned(check, 'second', { ...log, checkpoint: proof.second })
    if (first.size !== second.size)
      check.incomplete('contradiction', `${first.size} and ${second.size} leaves: ask the log for a consistency proof`)
    check.that('contradiction', !sameBytes(first.root, second.root), 'PARSE_INVALID', {
      pass: `two roots over ${first.size} leaves`,
      fail: `both are the same tree of ${first.size} leaves`,
    })
    return { origin, size: first.size, first, second }
  })
}

async function judgeSigned(
  check: Checker<ForkCheck>,
  name: 'first' | 'second',
  signed: Parameters<typeof verifyCheckpoint>[0],
): Promise<SignedCheckpoint> {
  const verdict = await verifyCheckpoint(signed)
  if (!verdict.ok) return check.fail(name, verdict.code, failedCheck(verdict.checks)?.detail)
  check.pass(name, `${verdict.value.size} leaves`)
  return verdict.value
}

function malformed(message: string): MalformedError {
  return new MalformedError('PARSE_INVALID', message)
}
