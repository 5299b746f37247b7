/** The reference witness: follows transparency logs of gateways and cosigns what only grew. @module */
export type { WitnessDeps, WitnessNotice } from './deps.ts'
export { createKeyFile, decodeKeyFile, encodeKeyFile, readKeyFile, type WitnessSigner } from './key-file.ts'
export { type ListenOptions, type RunningWitness, serveWitness } from './serve.ts'
export { decodeTokens, type EnrolmentTokens } from './tokens.ts'
export { createWitness, type Witness } from './witness.ts'
