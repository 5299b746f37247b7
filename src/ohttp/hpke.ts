/** What OHTTP is encrypted with: the one place that knows the HPKE library. RFC 9180; X-Wing is draft-connolly-cfrg-xwing-kem. @module */
import {
  Aes128Gcm,
  Aes256Gcm,
  CipherSuite,
  DhkemX25519HkdfSha256,
  HkdfSha256,
  type KemInterface,
  type RecipientContext,
  type SenderContext,
} from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import { KEM_X_WING, KEM_X25519, type OhttpSuite } from '../core/ohttp/key-configs.ts'
import { MalformedError } from '../errors.ts'

export type { RecipientContext, SenderContext } from '@hpke/core'

/** A key pair of the platform, or of the library where the platform has none. */
export type HpkeKeyPair = Awaited<ReturnType<KemInterface['generateKeyPair']>>

export const KDF_HKDF_SHA256 = 0x0001
export const AEAD_AES_128_GCM = 0x0001
export const AEAD_AES_256_GCM = 0x0002

/** Suites that this package can do, in its order of preference. ChaCha20-Poly1305 would need another library: WebCrypto has none. */
export const SUITES: readonly OhttpSuite[] = [
  { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_128_GCM },
  { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_256_GCM },
]

/** Sizes in octets: Nenc of a KEM, Nk of an AEAD. */
interface Algorithms {
  readonly kem: KemInterface
  readonly encSize: number
  readonly keySize: number
  readonly suite: CipherSuite
}

const KEMS: ReadonlyMap<number, { readonly create: () => KemInterface; readonly encSize: number }> = new Map([
  [KEM_X25519, { create: (): KemInterface => new DhkemX25519HkdfSha256(), encSize: 32 }],
  [KEM_X_WING, { create: (): KemInterface => new XWing(), encSize: 1120 }],
])
const AEADS: ReadonlyMap<number, { readonly create: () => Aes128Gcm; readonly keySize: number }> = new Map([
  [AEAD_AES_128_GCM, { create: () => new Aes128Gcm(), keySize: 16 }],
  [AEAD_AES_256_GCM, { create: () => new Aes256Gcm(), keySize: 32 }],
])

const known: Map<string, Algorithms> = new Map()

/** @throws MalformedError E2EE_SUITE */
export function algorithmsOf(kem: number, { kdf, aead }: OhttpSuite): Algorithms {
  const id = `${kem} ${kdf} ${aead}`
  const cached = known.get(id)
  if (cached !== undefined) return cached
  const [kemEntry, aeadEntry] = [KEMS.get(kem), AEADS.get(aead)]
  if (kemEntry === undefined || aeadEntry === undefined || kdf !== KDF_HKDF_SHA256)
    throw new MalformedError('E2EE_SUITE', 'a KEM, KDF or AEAD that is not at hand')
  const made = kemEntry.create()
  const suite = new CipherSuite({ kem: made, kdf: new HkdfSha256(), aead: aeadEntry.create() })
  const algorithms: Algorithms = { kem: made, encSize: kemEntry.encSize, keySize: aeadEntry.keySize, suite }
  known.set(id, algorithms)
  return algorithms
}

/** Makes a key pair. */
export function generateKeyPair(kem: number): Promise<HpkeKeyPair> {
  return algorithmsOf(kem, { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_128_GCM }).kem.generateKeyPair()
}

/** The octets of a public key, as key configurations hold them. */
export async function publicOctets(kem: number, { publicKey }: HpkeKeyPair): Promise<Uint8Array> {
  const { kem: made } = algorithmsOf(kem, { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_128_GCM })
  return new Uint8Array(await made.serializePublicKey(publicKey))
}

/** A key pair from its octets: for vectors, whose keys are public. */
export async function importKeyPair(kem: number, privateKey: Uint8Array, publicKey: Uint8Array): Promise<HpkeKeyPair> {
  const { kem: made } = algorithmsOf(kem, { kdf: KDF_HKDF_SHA256, aead: AEAD_AES_128_GCM })
  return {
    privateKey: await made.deserializePrivateKey(privateKey),
    publicKey: await made.deserializePublicKey(publicKey),
  }
}

export interface SenderSetup {
  readonly publicKey: Uint8Array
  readonly info: Uint8Array
  /** Of vectors alone; made anew otherwise. */
  readonly ephemeral?: HpkeKeyPair
}

/** SetupBaseS. @throws MalformedError E2EE_KEY for a public key that is none */
export async function setupSender(
  { kem, suite }: Algorithms,
  { publicKey, info, ephemeral }: SenderSetup,
): Promise<SenderContext> {
  try {
    const recipientPublicKey = await kem.deserializePublicKey(publicKey)
    return await suite.createSenderContext({ recipientPublicKey, info, ...(ephemeral && { ekm: ephemeral }) })
  } catch (cause) {
    throw new MalformedError('E2EE_KEY', 'nothing can be encrypted to this key', { cause })
  }
}

export interface RecipientSetup {
  readonly keyPair: HpkeKeyPair
  readonly enc: Uint8Array
  readonly info: Uint8Array
}

/** SetupBaseR. @throws MalformedError E2EE_DECRYPT for an encapsulated key that is none */
export async function setupRecipient(
  { suite }: Algorithms,
  { keyPair, enc, info }: RecipientSetup,
): Promise<RecipientContext> {
  try {
    return await suite.createRecipientContext({ recipientKey: keyPair, enc, info })
  } catch (cause) {
    throw new MalformedError('E2EE_DECRYPT', 'the encapsulated key is none', { cause })
  }
}
