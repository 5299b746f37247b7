/** `countersign/ohttp`: requests encrypted to keys of the verified session, in browsers and Node. @module */
export { createOhttpChannel, type OhttpChannelOptions } from './channel.ts'
export type { OhttpKem } from './choose-key.ts'
