/** Failure codes: Event logs. [what it means, what to do about it]. @module */

export const EVENT_LOG_CODES = {
  RTMR_REPLAY_MISMATCH: [
    'The event log does not lead to the quoted register.',
    'Give the whole log of this boot, every event in order.',
  ],
  EVENT_DIGEST_MISMATCH: ['The text of an event does not hash to its digest.', 'Treat the event log as forged.'],
  EVENT_MISSING: [
    'An event that policy requires is not in the log.',
    'Compare the image with the one that you expect.',
  ],
  EVENT_DUPLICATE: ['An event that must stand once stands twice.', 'Treat the guest as hostile: it added an event.'],
  EVENT_ORDER: [
    'A required event stands outside of the boot phase.',
    'Treat the guest as hostile: it added an event after boot.',
  ],
  EVENT_LOG_TOO_LARGE: ['The event log is larger than any genuine one.', 'Treat the sender as hostile.'],
  EVENT_LOG_MALFORMED: ['The event log is not of its format.', 'Give the log as the guest has it.'],
} as const
