/** "./server": the gateway and what it takes to run one. @module */
export * from './config/index.ts'
export { type Cancel, type Clock, createStore, type GatewayDeps, type Timers } from './deps.ts'
export { createGateway, type EpochChange, type Gateway } from './gateway.ts'
export type { Readiness } from './routes/health.ts'
export type { AttestedEvidence } from './session/evidence.ts'
export type { NoticeLine, RequestLine, TelemetryLine, TelemetrySink } from './telemetry/types.ts'
export { createUpstreams, type UpstreamSet } from './upstream/index.ts'
export { SOFTWARE_VERSION } from './version.ts'
