/**
 * C2SP tlog-proof: the text form of an inclusion proof that needs nothing else but the entry and the key of the log.
 *
 * ```
 * c2sp.org/tlog-proof@v1 LF
 * extra <base64> LF              optional; nobody authenticates it
 * index <decimal> LF
 * <base64 of 32 octets> LF       none or more, from the leaf's sibling up to a child of the root
 * LF
 * <signed checkpoint, verbatim, to the end>
 * ```
 * All of this is stated by c2sp.org/tlog-proof as it stood in 2025. Two things are ours: an `extra` line with nothing in it is refused
 * (the page says that it is left out then), and limits. The checkpoint is not looked into here. @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'
import { decodeDecimal, decodeHash, decodeText, refuseAs } from './lines.ts'
import { MAX_NOTE_SIZE } from './note.ts'

const HEADER = 'c2sp.org/tlog-proof@v1'
/** A tree of 2^53 - 1 leaves has paths of 53 hashes. */
const MAX_HASHES = 53
const MAX_HEAD_SIZE = 16_384

export interface TlogProof {
  /** Opaque and not authenticated: never trust it. */
  readonly extra?: Uint8Array
  readonly index: number
  readonly hashes: readonly Uint8Array[]
  /** The signed checkpoint as it stands, not decoded. */
  readonly checkpoint: string
}

/** The one text of a proof; `decodeTlogProof` gives back its argument. */
export function encodeTlogProof({ extra, index, hashes, checkpoint }: TlogProof): string {
  if (!Number.isSafeInteger(index) || index < 0) throw new CountersignError('ERR_USAGE', 'an index is a whole number')
  if (extra?.length === 0) throw new CountersignError('ERR_USAGE', 'leave extra out where it is empty')
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${encodeBase64(extra)}`]),
    `index ${index}`,
    ...hashes.map(encodeBase64),
  ]
  return `${lines.join('\n')}\n\n${checkpoint}`
}

/**
 * Layout only: `verifyInclusion` judges. Everything here is the attacker's until the checkpoint's signature and the root are checked.
 * @throws MalformedError PROOF_FORMAT
 */
export function decodeTlogProof(source: string | Uint8Array): TlogProof {
  const text = decodeProofText(source)
  const cut = text.indexOf('\n\n')
  if (cut < 0) throw malformed('no blank line between proof and checkpoint')
  const lines = decodeText(text.slice(0, cut), MAX_HEAD_SIZE, 'PROOF_FORMAT').split('\n')
  if (lines.shift() !== HEADER) throw malformed(`the first line is not ${HEADER}`)
  const extra = lines[0]?.startsWith('extra ') ? decodeExtra(lines.shift() ?? '') : undefined
  const index = lines.shift()
  if (!index?.startsWith('index ')) throw malformed('the index line is missing')
  if (lines.length > MAX_HASHES) throw malformed(`more than ${MAX_HASHES} hashes`)
  return {
    ...(extra === undefined ? {} : { extra }),
    index: decodeDecimal(index.slice('index '.length), 'the index', 'PROOF_FORMAT'),
    hashes: lines.map((line) => decodeHash(line, 'a proof hash', 'PROOF_FORMAT')),
    checkpoint: text.slice(cut + 2),
  }
}

/** Octets become text; what is wrong within the checkpoint is left for its own decoder to name. */
function decodeProofText(source: string | Uint8Array): string {
  if (source.length > MAX_HEAD_SIZE + MAX_NOTE_SIZE) throw malformed('the proof is too long')
  return typeof source === 'string' ? source : refuseAs('PROOF_FORMAT', () => decodeUtf8(source))
}

function decodeExtra(line: string): Uint8Array {
  const extra = refuseAs('PROOF_FORMAT', () => decodeBase64(line.slice('extra '.length)))
  if (extra.length === 0) throw malformed('the extra line is empty')
  return extra
}

function malformed(message: string): MalformedError {
  return new MalformedError('PROOF_FORMAT', message)
}
