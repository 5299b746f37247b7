/** Authenticated encryption, AES-GCM. Apart from the digests, so that who only verifies does not carry it. @module */
export { createAead } from '#crypto'
export type { Aead } from './types.ts'
