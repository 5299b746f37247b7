/**
 * C2SP signed notes (c2sp.org/signed-note) with Ed25519 keys. Layout and keys only: {@link verifyNoteSignature} judges.
 *
 * ```
 * text, ends in LF
 * LF
 * — <key name> base64(key id (4) || signature) LF      one or more; U+2014, space
 * ```
 * Here a note always carries a checkpoint, so its faults bear the CHECKPOINT_ codes. @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { ed25519Spki, verifySignature } from '../crypto/index.ts'
import { decodeBase64, encodeBase64 } from '../encoding/base64.ts'
import { concatBytes, sameBytes } from '../encoding/bytes.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { decodeText, refuseAs } from './lines.ts'
import { decodeVerifierKey, encodeVerifierKey, KEY_ID_SIZE, type VerifierKey, verifierKey } from './verifier-key.ts'

/** Octets of the largest note that is read: 16 post-quantum signatures, which the specification asks for, fit well. */
export const MAX_NOTE_SIZE = 131_072
const MAX_SIGNATURES = 64
const SIGNATURE_LINE = /^\u2014 ([^\s\u0085+]+) (\S+)$/u

/** A public key under a name. Written `name+<key id, hex>+<base64 of 0x01 || key>`. */
export type NoteKey = VerifierKey

/** One signature line. The log, witnesses and anyone else may add theirs. */
export interface NoteSignature {
  readonly name: string
  readonly keyId: Uint8Array
  readonly signature: Uint8Array
}

export interface Note {
  /** What is signed: with its final line feed, without the blank line. */
  readonly text: string
  readonly signatures: readonly NoteSignature[]
}

/** Signs octets with a key that this module never sees. */
export interface NoteSigner {
  readonly publicKey: Uint8Array
  sign(bytes: Uint8Array): Uint8Array
}

/** The key of `name`: its id is SHA-256(name || 0x0A || 0x01 || key), first 4 octets. */
export function noteKey(name: string, publicKey: Uint8Array): NoteKey {
  return verifierKey('note', name, publicKey)
}

/** The key as C2SP verifier key text. */
export function encodeVkey(key: NoteKey): string {
  return encodeVerifierKey('note', key)
}

/** @throws MalformedError PARSE_INVALID unless the text is the one spelling of an Ed25519 key with its own id */
export function decodeVkey(text: string): NoteKey {
  return decodeVerifierKey('note', text)
}

/** A note cut into its text and its signature lines, not looked into. */
export interface SplitNote {
  readonly text: string
  /** The lines behind the last blank line, each without its line feed. */
  readonly lines: readonly string[]
}

/**
 * Cuts at the last empty line.
 * @throws MalformedError CHECKPOINT_FORMAT: no blank line, no final line feed, control characters (CR too), not UTF-8, too long
 */
export function splitNote(source: string | Uint8Array): SplitNote {
  const note = decodeText(source, MAX_NOTE_SIZE, 'CHECKPOINT_FORMAT')
  const cut = note.lastIndexOf('\n\n')
  if (cut < 0) throw new MalformedError('CHECKPOINT_FORMAT', 'no blank line between text and signatures')
  if (!note.endsWith('\n') || cut + 2 === note.length)
    throw new MalformedError('CHECKPOINT_FORMAT', 'the note does not end in a signature line')
  return { text: note.slice(0, cut + 1), lines: note.slice(cut + 2, -1).split('\n') }
}

/** @throws MalformedError CHECKPOINT_SIGNATURE for a line of another form, base64 that is not strict, or too many lines */
export function decodeSignatures(lines: readonly string[]): readonly NoteSignature[] {
  if (lines.length > MAX_SIGNATURES)
    throw new MalformedError('CHECKPOINT_SIGNATURE', `more than ${MAX_SIGNATURES} signatures`)
  return lines.map(decodeSignatureLine)
}

function decodeSignatureLine(line: string): NoteSignature {
  const [, name, base64] = SIGNATURE_LINE.exec(line) ?? []
  if (name === undefined || base64 === undefined)
    throw new MalformedError('CHECKPOINT_SIGNATURE', 'a line is not a signature')
  const bytes = refuseAs('CHECKPOINT_SIGNATURE', () => decodeBase64(base64))
  if (bytes.length <= KEY_ID_SIZE) throw new MalformedError('CHECKPOINT_SIGNATURE', 'a signature is too short')
  return { name, keyId: bytes.slice(0, KEY_ID_SIZE), signature: bytes.slice(KEY_ID_SIZE) }
}

/** @throws MalformedError as {@link splitNote} and {@link decodeSignatures} */
export function decodeNote(source: string | Uint8Array): Note {
  const { text, lines } = splitNote(source)
  return { text, signatures: decodeSignatures(lines) }
}

/** The one text of a note; `decodeNote` gives back its argument. */
export function encodeNote({ text, signatures }: Note): string {
  return `${text}\n${signatures.map(encodeSignatureLine).join('')}`
}

/** One line, with its line feed. */
export function encodeSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `\u2014 ${name} ${encodeBase64(concatBytes(keyId, signature))}\n`
}

/** Signs `text`, which must end in a line feed, under a key name. */
export function signNote(text: string, name: string, signer: NoteSigner): string {
  if (!text.endsWith('\n')) throw new CountersignError('ERR_USAGE', 'the text of a note ends in a line feed')
  const { id } = noteKey(name, signer.publicKey)
  return encodeNote({ text, signatures: [{ name, keyId: id, signature: signer.sign(encodeUtf8(text)) }] })
}

/**
 * Passes only if a signature bears name and id of `key`, and every one that does verifies. Lines of other keys are not looked at.
 * @throws MalformedError CHECKPOINT_SIGNATURE
 */
export async function verifyNoteSignature({ text, signatures }: Note, key: NoteKey): Promise<void> {
  const own = signatures.filter(({ name, keyId }) => name === key.name && sameBytes(keyId, key.id))
  if (own.length === 0) throw new MalformedError('CHECKPOINT_SIGNATURE', 'no signature by the key of the log')
  for (const { signature } of own) {
    if (!(await verifySignature('Ed25519', ed25519Spki(key.publicKey), signature, encodeUtf8(text))))
      throw new MalformedError('CHECKPOINT_SIGNATURE', 'the signature by the key of the log does not verify')
  }
}
