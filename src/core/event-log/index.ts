/** Event logs of TDX guests: what firmware, dstack and gateways measured into RTMR0 to RTMR3, and the judgement over it. @module */
export {
  ALG_SHA384,
  type Ccel,
  type CcelAlgorithm,
  type CcelEvent,
  decodeCcel,
  encodeCcel,
  listCcelEvents,
  type SpecId,
} from './ccel.ts'
export { EVENT_LOG_CHECKS } from './checks.ts'
export {
  decodeEventLog,
  EVENT_LOG_TYPE,
  type EventLog,
  type EventLogEvidence,
  encodeEventLog,
  listEvents,
} from './event-log.ts'
export {
  EV_EFI_ACTION,
  EV_EFI_VARIABLE_BOOT,
  EV_EFI_VARIABLE_DRIVER_CONFIG,
  EV_IPL,
  EV_NO_ACTION,
  EV_SEPARATOR,
  type LoggedEvent,
  MAX_EVENT_LOG_SIZE,
  MAX_EVENTS,
  REGISTERS,
  type Register,
  RUNTIME_EVENT_TYPE,
  SESSION_EVENT_TYPE,
} from './logged-event.ts'
export { matchSessionEvents, type SessionMatch } from './match-session.ts'
export { type Claim, type ClaimKind, type MeasuredEvent, measureEvent, type OpaqueEvent } from './measured-event.ts'
export { decodeEventLogPolicy, type EventLogPolicy, type RequiredEvent } from './policy.ts'
export { replay } from './replay.ts'
export { decodeDstackEvents, matchRuntimeDigest, type RuntimeVersion, runtimeDigest } from './runtime-events.ts'
export { sessionDigest } from './session-digest.ts'
export {
  type EventLogExpectations,
  type MeasuredEvents,
  type TdxRegisters,
  verifyEventLog,
  verifyEventRecord,
} from './verify.ts'
