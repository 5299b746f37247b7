/** A local verifying proxy. @module */
export { RefusedError, type Standing } from './gateway.ts'
export { createProxy, type ProxyDeps, type VerifyingProxy } from './proxy.ts'
export type { RequestLine } from './request-log.ts'
