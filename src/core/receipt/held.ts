/** What a verifier holds of an exchange, by what it computed itself. @module */
import { digestUri } from '../crypto/index.ts'
import type { HeldChannel } from '../evidence/channel.ts'

/** Octets that the verifier holds, by what it computed itself. */
export interface HeldOctets {
  readonly digest: string
  readonly size: number
}

/** What the verifier holds of the exchange. Each `not-held` or `unchecked` shows in the verdict. */
export interface HeldExchange {
  /** The nonce that was sent, 32 to 64 octets. */
  readonly nonce: Uint8Array | 'unchecked'
  readonly request: HeldOctets | 'not-held'
  readonly response: HeldOctets | 'not-held'
  /** `complete`: the answer was presented as complete. */
  readonly outcome: 'complete' | 'any'
  /** Identifiers (`jti`) of receipts accepted before. */
  readonly seen: ReadonlySet<string>
  /** What carried the exchange; `not-observed` for whoever judges it afterwards. */
  readonly channel: HeldChannel | 'not-observed'
  /** Digest of the receipt that this one was asked to follow (`sha256:…`), `none` where it was asked to follow none. */
  readonly prev: string | 'none' | 'unchecked'
  /** The request's octets and inserted octets by digest; needed where the receipt lists transforms. */
  readonly replay: { readonly request: Uint8Array; readonly inserts: ReadonlyMap<string, Uint8Array> } | 'not-held'
}

/** Octets held, by digest and size. */
export function holdOctets(bytes: Uint8Array): HeldOctets {
  return { digest: digestUri(bytes), size: bytes.length }
}
