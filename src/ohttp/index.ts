/** Oblivious HTTP, RFC 9458 and draft-ietf-ohai-chunked-ohttp, with classical and hybrid keys. In browsers and Node. @module */
export { createOhttpKeys, type OhttpKeys } from './keys.ts'
export { type OpenedRequest, openRequest, type RequestLimits } from './open-request.ts'
export type { ResponseOpener } from './open-response.ts'
export type { OhttpForm } from './request-header.ts'
export { offersSuite, type SealedRequest, sealRequest } from './seal-request.ts'
export type { ResponseSealer } from './seal-response.ts'
