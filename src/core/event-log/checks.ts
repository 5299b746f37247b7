/** The checks of an event log's verdict, in the order in which they are made and shown, with the section that asks for each. @module */

export const EVENT_LOG_CHECKS = {
  limits: 'Countersign formats, event log',
  log: 'TCG PC Client Platform Firmware Profile 1.05, 10.2.2',
  rtmr0: 'Intel TDX Module ABI, TDG.MR.RTMR.EXTEND',
  rtmr1: 'Intel TDX Module ABI, TDG.MR.RTMR.EXTEND',
  rtmr2: 'Intel TDX Module ABI, TDG.MR.RTMR.EXTEND',
  rtmr3: 'Intel TDX Module ABI, TDG.MR.RTMR.EXTEND',
  'event-text': 'TCG PC Client Platform Firmware Profile 1.05, 10.4.1',
  'required-present': 'dstack attestation, RTMR3 events',
  'required-once': 'dstack attestation, RTMR3 events',
  'required-payload': 'dstack attestation, RTMR3 events',
  'required-order': 'dstack attestation, RTMR3 events',
  'nothing-hidden': 'dstack attestation, RTMR3 events',
} as const

export type EventLogCheck = keyof typeof EVENT_LOG_CHECKS
