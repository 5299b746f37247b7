/** Whether a checkpoint bears the signature of a key that is for something else: a gateway that mixes its keys up, not a forged log. @module */
import { MalformedError } from '../../errors.ts'
import { ed25519Spki, verifySignature } from '../crypto/index.ts'
import { decodeBase64Url } from '../encoding/base64.ts'
import { encodeUtf8 } from '../encoding/utf8.ts'
import type { Ed25519Jwk } from '../evidence/jwk.ts'
import { decodeNote, decodeTlogProof, type Note } from '../log/index.ts'

/** @param proof C2SP tlog-proof, whatever the host wrote into it */
export async function isCheckpointSignedBy(proof: string, key: Ed25519Jwk): Promise<boolean> {
  const note = readNote(proof)
  if (note === undefined) return false
  const spki = ed25519Spki(decodeBase64Url(key.x))
  for (const { signature } of note.signatures)
    if (await verifySignature('Ed25519', spki, signature, encodeUtf8(note.text))) return true
  return false
}

/** What does not decode is for the verifier of the proof to refuse by name. */
function readNote(proof: string): Note | undefined {
  try {
    return decodeNote(decodeTlogProof(proof).checkpoint)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
