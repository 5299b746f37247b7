/** COSE: signed envelopes as AWS Nitro makes them. @module */
export { COSE_ES384, decodeCoseAlgorithm, isCanonicalEs384 } from './algorithm.ts'
export { type CoseSign1, decodeCoseSign1, encodeSigStructure } from './sign1.ts'
