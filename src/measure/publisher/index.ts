/** Signatures of publishers over folders of weights. @module */
export type { Publisher, PublisherTrust } from './types.ts'
export { verifyPublisher } from './verify-publisher.ts'
