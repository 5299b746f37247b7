/** A checkpoint as it was submitted: decoded, and then its log's signature. Who sends it is nobody's business: the signature is all. @module */
import {
  type Checkpoint,
  decodeAddCheckpoint,
  decodeCheckpoint,
  decodeLogOrigin,
  decodeNote,
  encodeNote,
  type Note,
  noteKey,
  verifyNoteSignature,
} from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'

export interface Submission extends Checkpoint {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  /** The signed text, verbatim. */
  readonly body: string
  readonly note: Note
}

/** @throws MalformedError; a checkpoint with extension lines is one: logs of this profile have none */
export function decodeSubmission(octets: Uint8Array): Submission {
  const { oldSize, proof, checkpoint } = decodeAddCheckpoint(octets)
  const note = decodeNote(checkpoint)
  return { oldSize, proof, note, body: note.text, ...decodeCheckpoint(note.text) }
}

/**
 * The note with the signature of the log alone: lines of other keys are anyone's, and are not kept. The key is the one that the origin
 * certifies; no other can ever sign for it.
 * @returns undefined when the log did not sign it
 */
export async function provenNote({ origin, note }: Submission): Promise<string | undefined> {
  const key = noteKey(origin, decodeLogOrigin(origin).publicKey)
  const own = note.signatures.filter(({ name }) => name === origin)
  try {
    await verifyNoteSignature({ text: note.text, signatures: own }, key)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
  const [signature] = own.filter(({ keyId }) => keyId.every((octet, i) => octet === key.id[i]))
  return signature && encodeNote({ text: note.text, signatures: [signature] })
}
