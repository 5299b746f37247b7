/**
 * What a log sends to a witness (c2sp.org/tlog-witness, add-checkpoint).
 *
 * ```
 * old <size, decimal> LF
 * <base64 of 32 octets> LF      up to 63: the consistency proof
 * LF
 * <signed checkpoint, verbatim, to the end>
 * ```
 * Layout only: nothing of the checkpoint or the proof is judged here. @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { encodeBase64 } from '../encoding/base64.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'
import { decodeDecimal, decodeHash, decodeText, refuseAs } from './lines.ts'
import { HASH_SIZE } from './merkle.ts'
import { MAX_NOTE_SIZE } from './note.ts'

const MAX_HASHES = 63
/** `old `, 16 digits, and 63 lines of 44 letters, each with its line feed. */
const MAX_HEAD_SIZE = 4 + 17 + MAX_HASHES * 45

/** Octets of the largest request that is read. */
const MAX_ADD_CHECKPOINT_SIZE = MAX_HEAD_SIZE + 1 + MAX_NOTE_SIZE

export interface AddCheckpoint {
  /** Size of the tree that the witness cosigned last; 0 for none. */
  readonly oldSize: number
  /** From that tree to the one of the checkpoint (RFC 6962 2.1.2). */
  readonly proof: readonly Uint8Array[]
  /** The signed checkpoint as it stands, not decoded. */
  readonly checkpoint: string
}

/** The one text of a request; `decodeAddCheckpoint` gives back its argument. */
export function encodeAddCheckpoint({ oldSize, proof, checkpoint }: AddCheckpoint): string {
  if (!Number.isSafeInteger(oldSize) || oldSize < 0) throw new CountersignError('ERR_USAGE', 'a size is a whole number')
  if (proof.length > MAX_HASHES || proof.some(({ length }) => length !== HASH_SIZE))
    throw new CountersignError('ERR_USAGE', `a proof is at most ${MAX_HASHES} hashes of ${HASH_SIZE} octets`)
  return `${[`old ${oldSize}`, ...proof.map(encodeBase64)].join('\n')}\n\n${checkpoint}`
}

/** @throws MalformedError PARSE_INVALID */
export function decodeAddCheckpoint(source: string | Uint8Array): AddCheckpoint {
  if (source.length > MAX_ADD_CHECKPOINT_SIZE) throw malformed('the request is too long')
  const text = typeof source === 'string' ? source : refuseAs('PARSE_INVALID', () => decodeUtf8(source))
  const cut = text.indexOf('\n\n')
  if (cut < 0) throw malformed('no blank line between proof and checkpoint')
  const [old, ...hashes] = decodeText(text.slice(0, cut), MAX_HEAD_SIZE, 'PARSE_INVALID').split('\n')
  if (!old?.startsWith('old ')) throw malformed('the first line is not the old size')
  if (hashes.length > MAX_HASHES) throw malformed(`more than ${MAX_HASHES} hashes`)
  return {
    oldSize: decodeDecimal(old.slice('old '.length), 'the old size', 'PARSE_INVALID'),
    proof: hashes.map((line) => decodeHash(line, 'a proof hash', 'PARSE_INVALID')),
    checkpoint: text.slice(cut + 2),
  }
}

function malformed(message: string): MalformedError {
  return new MalformedError('PARSE_INVALID', message)
}
