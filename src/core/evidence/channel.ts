/** What carried an exchange, and whether its end lies inside the attested machine. wire.md sections 1, 3; formats.md, Channel. @module */
import { encodeHex, sameBytes } from '../encoding/bytes.ts'
import { namesOhttpKeyConfig } from '../ohttp/key-configs.ts'
import type { Policy } from '../policy.ts'
import type { Checker, Verified } from '../verdict.ts'
import type { Attestation } from './attestation.ts'

/** A connection, by what the verifier saw of it itself. `tlsVersion` is spelled as Node does: `TLSv1.3`. */
export type ObservedChannel =
  | { readonly binding: 'none' }
  /** @property spkiSha256 of the key that the peer proved to hold, lower-case hex */
  | { readonly binding: 'tls-spki'; readonly tlsVersion: string; readonly spkiSha256: string }
  | {
      readonly binding: 'tls-exporter'
      readonly tlsVersion: string
      readonly spkiSha256: string
      /** RFC 9266: 32 octets that both ends of this connection alone can compute. */
      readonly exporter: Uint8Array
    }
  /** @property keyConfig octets of the key configuration that was encrypted to */
  | { readonly binding: 'ohttp'; readonly keyConfig: Uint8Array }

/** A connection and the attested session that it was opened under. */
export interface HeldChannel {
  readonly observed: ObservedChannel
  readonly attestation: Verified<Attestation>
}

const TLS_1_3 = 'TLSv1.3'

type ChannelCheck = Checker<'channel'>

function checkTls(
  check: ChannelCheck,
  { tlsVersion, spkiSha256 }: { readonly tlsVersion: string; readonly spkiSha256: string },
  { session }: Attestation,
): void {
  check.that('channel', tlsVersion === TLS_1_3, 'TLS_VERSION', { seen: tlsVersion, wanted: TLS_1_3 })
  const named = session.keys.tls_spki_sha256
  check.that('channel', named.includes(spkiSha256), 'CHANNEL_KEY_MISMATCH', {
    seen: `key ${spkiSha256}`,
    wanted: named.join(' or ') || 'a TLS key of the session, which names none',
  })
}

function checkOhttp(check: ChannelCheck, keyConfig: Uint8Array, { session }: Attestation): void {
  const { ohttp } = session.keys
  const named = ohttp !== undefined && namesOhttpKeyConfig(ohttp, keyConfig)
  check.that('channel', named, 'CHANNEL_KEY_MISMATCH', {
    pass: 'ohttp: encrypted to a key of the session',
    fail: 'encrypted to a key configuration that the session does not name',
  })
}

function checkBinding(check: ChannelCheck, observed: ObservedChannel, attestation: Attestation): void {
  switch (observed.binding) {
    case 'none':
      check.unchecked('channel', 'none: no key of the connection was compared with the session')
      return
    case 'ohttp':
      checkOhttp(check, observed.keyConfig, attestation)
      return
    case 'tls-spki':
      checkTls(check, observed, attestation)
      check.pass('channel', `tls-spki: ${observed.spkiSha256}`)
      return
    case 'tls-exporter':
      checkTls(check, observed, attestation)
      check.that(
        'channel',
        attestation.exporter !== undefined && sameBytes(attestation.exporter, observed.exporter),
        'CHANNEL_EXPORTER_MISMATCH',
        {
          pass: `tls-exporter: ${encodeHex(observed.exporter).slice(0, 16)}… lies below the quote`,
          fail: 'the quote commits to no such connection: somebody stands between, or the socket is another one',
        },
      )
      return
    default:
      observed satisfies never
  }
}

/**
 * Judges what carried an exchange. An archive keeps nothing of a connection: there it is not performed, and not required.
 * @param said what the receipt discloses of it: the gateway's own view
 */
export function checkChannel(
  check: ChannelCheck,
  held: HeldChannel | 'not-observed',
  { live }: Policy,
  said: string | undefined,
): void {
  if (held === 'not-observed') {
    check.unchecked('channel', 'not observed: nothing of a connection is kept')
    return
  }
  const { observed, attestation } = held
  if (live.channel !== 'unchecked')
    check.that(
      'channel',
      live.channel.some((binding) => binding === observed.binding),
      'CHANNEL_BINDING_LEVEL',
      {
        seen: observed.binding,
        wanted: live.channel.join(' or '),
      },
    )
  check.restsOn(attestation)
  if (observed.binding !== 'none') {
    const expected = observed.binding === 'ohttp' ? 'ohttp' : 'tls'
    check.that('channel', said === undefined || said === expected, 'CHANNEL_BINDING_LEVEL', {
      seen: `a receipt that says ${said}`,
      wanted: `${expected}, by which you asked`,
    })
  }
  checkBinding(check, observed, attestation)
}
