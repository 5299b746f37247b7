/** Keys that connections end in: made in the TEE with the boot, named by each of its sessions, never exported. @module */
import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import type { SessionKeys } from '../../core/evidence/session.ts'
import { createOhttpKeys, type OhttpKeys } from '../../ohttp/index.ts'

/** The key of the TLS listener. */
export interface TlsKey {
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
  /** SHA-256 of its SubjectPublicKeyInfo, lower-case hex. */
  readonly spkiSha256: string
}

export interface ChannelKeys {
  /** `none` where the gateway speaks no TLS itself. */
  readonly tls: TlsKey | 'none'
  /** Requests may always be encrypted to them, whatever the connection is. */
  readonly ohttp: OhttpKeys
}

export async function createChannelKeys({ tls }: { readonly tls: boolean }): Promise<ChannelKeys> {
  return { tls: tls ? createTlsKey() : 'none', ohttp: await createOhttpKeys() }
}

function createTlsKey(): TlsKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  return { privateKey, publicKey, spkiSha256: createHash('sha256').update(spki).digest('hex') }
}

/** As a session names them. */
export function describeChannelKeys({ tls, ohttp }: ChannelKeys): Pick<SessionKeys, 'tls_spki_sha256' | 'ohttp'> {
  return {
    tls_spki_sha256: tls === 'none' ? [] : [tls.spkiSha256],
    ohttp: encodeBase64Url(ohttp.configs),
  }
}
