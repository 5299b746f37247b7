/**
 * C2SP cosignatures (c2sp.org/tlog-cosignature) of Ed25519: a witness says that at a time this was the largest consistent tree that it saw.
 *
 * ```
 * signature    timestamp, u64be, seconds || Ed25519 signature (64)      behind the key id, in a signature line
 * signed       "cosignature/v1" LF "time " decimal LF body of the checkpoint
 * ```
 * Lines of ML-DSA-44 keys are lines of unknown keys here: a note may carry them, and nothing rests on them.
 * @module
 */
import { CountersignError, MalformedError } from '../../errors.ts'
import { ed25519Spki, verifySignature } from '../crypto/index.ts'
import { concatBytes, sameBytes } from '../encoding/bytes.ts'
import { Reader } from '../encoding/reader.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import { encodeSignatureLine, type Note, type NoteSignature, type NoteSigner } from './note.ts'
import { decodeVerifierKey, encodeVerifierKey, type VerifierKey, verifierKey } from './verifier-key.ts'

const SIGNATURE_SIZE = 64
/** Seconds: what a date can hold. */
const MAX_TIMESTAMP = 8_640_000_000_000

/** The key of a witness. Its type octet, 0x04, is in its id: a log key of the same octets is another key. */
export type WitnessKey = VerifierKey

/** Its id is SHA-256(name || 0x0A || 0x04 || key), first 4 octets. */
export function witnessKey(name: string, publicKey: Uint8Array): WitnessKey {
  return verifierKey('cosignature', name, publicKey)
}

/** The key as C2SP verifier key text. */
export function encodeWitnessVkey(key: WitnessKey): string {
  return encodeVerifierKey('cosignature', key)
}

/** @throws MalformedError PARSE_INVALID unless the text is the one spelling of a key of type 0x04 with its own id */
export function decodeWitnessVkey(text: string): WitnessKey {
  return decodeVerifierKey('cosignature', text)
}

/** A cosignature that verified. */
export interface Cosignature {
  readonly witness: WitnessKey
  /** Seconds since 1970, by the clock of the witness. */
  readonly timestamp: number
}

/**
 * Cosigns the body of a checkpoint. Whether it continues what the witness saw before is for the caller to know.
 * @returns one signature line, with its line feed
 */
export function cosignCheckpoint(
  body: string,
  { name, signer }: { readonly name: string; readonly signer: NoteSigner },
  timestamp: number,
): string {
  if (!isTimestamp(timestamp)) throw new CountersignError('ERR_USAGE', 'a cosignature has a time in whole seconds')
  const { id } = witnessKey(name, signer.publicKey)
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(timestamp))
  return encodeSignatureLine({ name, keyId: id, signature: concatBytes(time, signer.sign(message(body, timestamp))) })
}

function message(body: string, timestamp: number): Uint8Array {
  return encodeUtf8(`cosignature/v1\ntime ${timestamp}\n${body}`)
}

function isTimestamp(seconds: number): boolean {
  return Number.isSafeInteger(seconds) && seconds > 0 && seconds <= MAX_TIMESTAMP
}

/**
 * The cosignatures by known keys. Every line under one must verify, as whoever made a bad one may have made the others too; lines of other
 * keys are not looked at. How many are enough is for a policy to say.
 * @throws MalformedError WITNESS_QUORUM for a line under a known key that does not verify or has no time, and for two of one witness
 */
export async function verifyCosignatures(note: Note, keys: readonly WitnessKey[]): Promise<readonly Cosignature[]> {
  const cosignatures: Cosignature[] = []
  for (const line of note.signatures) {
    const witness = keys.find(({ name, id }) => name === line.name && sameBytes(id, line.keyId))
    if (witness === undefined) continue
    if (cosignatures.some((other) => other.witness === witness)) throw refused(witness, 'stands twice')
    cosignatures.push(await verifyCosignature(note.text, line, witness))
  }
  return cosignatures
}

async function verifyCosignature(body: string, line: NoteSignature, witness: WitnessKey): Promise<Cosignature> {
  if (line.signature.length !== 8 + SIGNATURE_SIZE) throw refused(witness, 'is no timestamped signature')
  const r = new Reader(line.signature)
  const timestamp = Number(r.u64be('timestamp'))
  const signature = r.bytes('signature', SIGNATURE_SIZE)
  // A zero would say that nothing is stated about the time (the ML-DSA form allows it), and the quorum is a statement about time.
  if (!isTimestamp(timestamp)) throw refused(witness, 'has no time')
  if (!(await verifySignature('Ed25519', ed25519Spki(witness.publicKey), signature, message(body, timestamp))))
    throw refused(witness, 'does not verify')
  return { witness, timestamp }
}

function refused({ name }: WitnessKey, fault: string): MalformedError {
  return new MalformedError('WITNESS_QUORUM', `the cosignature of ${name} ${fault}`)
}
