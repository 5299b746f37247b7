/** AES-GCM by WebCrypto, for browsers. @module */
import type { Aead } from './types.ts'

interface WebKey {
  readonly type: string
}
declare const crypto: {
  readonly subtle: {
    importKey(
      format: 'raw',
      key: Uint8Array,
      algorithm: 'AES-GCM',
      extractable: false,
      usages: readonly ['encrypt', 'decrypt'],
    ): Promise<WebKey>
    encrypt(algorithm: object, key: WebKey, content: Uint8Array): Promise<ArrayBuffer>
    decrypt(algorithm: object, key: WebKey, sealed: Uint8Array): Promise<ArrayBuffer>
  }
}

/** AES-GCM with a key of 16 or 32 octets. */
export function createAead(key: Uint8Array): Aead {
  const imported = crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt'])
  const algorithm = (iv: Uint8Array, additionalData: Uint8Array): object => ({ name: 'AES-GCM', iv, additionalData })
  return {
    async seal(nonce, context, content) {
      return new Uint8Array(await crypto.subtle.encrypt(algorithm(nonce, context), await imported, content))
    },
    async open(nonce, context, sealed) {
      const held = await imported
      try {
        return new Uint8Array(await crypto.subtle.decrypt(algorithm(nonce, context), held, sealed))
      } catch {
        return undefined
      }
    },
  }
}
