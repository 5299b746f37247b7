/** The gateway's configuration. @module */
export type { EnvironmentRules } from './allowed-environment.ts'
export { checkEnvironment } from './allowed-environment.ts'
export type { CreatedApiKey } from './api-keys.ts'
export { createApiKey, findApiKey, hashApiKey } from './api-keys.ts'
export type { DecodeConfigOptions } from './decode-config.ts'
export { decodeConfig, digestMeasured, loadConfig, measuredJson } from './decode-config.ts'
export { createDefaultConfig, EMBEDDED_MODEL_ID, exampleConfig } from './default-config.ts'
export type { Environment, EnvironmentSetting } from './environment.ts'
export { ENVIRONMENT_SETTINGS } from './environment.ts'
export { configJsonSchema } from './shape.ts'
export type { SplitConfig, SplitFiles } from './split-config.ts'
export { decodeSplitConfig, loadSplitConfig, MAX_OPERATIONAL_SIZE, namedVariables } from './split-config.ts'
export type {
  ApiKeyConfig,
  GatewayConfig,
  MeasuredConfig,
  ModelConfig,
  OperationalConfig,
  StorageConfig,
  UpstreamConfig,
} from './types.ts'
export { loadWitnessPolicy } from './witness-policy.ts'
