/** What a follower remembers of a log: its last checkpoint, and when it was seen. @module */
import { decodeUtf8, encodeUtf8 } from '../core/encoding/utf8.ts'
import { MalformedError } from '../errors.ts'
import { seal, unseal } from './sealed.ts'

const FORMAT = 'countersign-log-1'

export interface FollowedLog {
  /** Signed, verbatim. */
  readonly checkpoint: string
  /** When it had verified, by the client's own clock, milliseconds since 1970. */
  readonly seenAtMs: number
}

export function encodeFollowed({ checkpoint, seenAtMs }: FollowedLog): Uint8Array {
  return seal(FORMAT, encodeUtf8(`${seenAtMs}\n${checkpoint}`))
}

/** Undefined for what is garbled: the log is then seen for the first time again. */
export function decodeFollowed(octets: Uint8Array): FollowedLog | undefined {
  const content = unseal(FORMAT, octets)
  const text = content && textOf(content)
  const end = text?.indexOf('\n') ?? -1
  if (text === undefined || end < 0) return undefined
  const seenAtMs = Number(text.slice(0, end))
  return Number.isSafeInteger(seenAtMs) ? { checkpoint: text.slice(end + 1), seenAtMs } : undefined
}

function textOf(content: Uint8Array): string | undefined {
  try {
    return decodeUtf8(content)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
