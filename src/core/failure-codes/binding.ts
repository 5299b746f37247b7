/** Failure codes: Binding, identity, freshness. [what it means, what to do about it]. @module */

export const BINDING_CODES = {
  MEASUREMENT_MISMATCH: [
    'The measured code is not one of those that are pinned.',
    'Compare with the release you expect; then run `countersign pin` on purpose.',
  ],
  REPORT_DATA_MISMATCH: [
    'The quote does not commit to this statement.',
    'The statement was altered, or the quote belongs to another one.',
  ],
  REPORT_DATA_DOMAIN: [
    'The quote commits to the statement without the tag that says what for.',
    'It was made for another purpose, or by other software: treat it as a replay.',
  ],
  PLATFORM_NOT_ALLOWED: ['Policy does not list this platform.', 'List it under platforms, if you mean to trust it.'],
  PLATFORM_DENIED: ['This product or chip is on the deny list.', 'Choose another host.'],
  SIMULATED_EVIDENCE: [
    'The evidence comes from a simulated TEE.',
    'For a trial, name its root under dangerouslyTrustSimulatedRoots. Never in production.',
  ],
  SESSION_INVALID: [
    'The session document is not of the form that its profile asks for.',
    'Fetch the session again; else the gateway is broken or hostile.',
  ],
  STATEMENT_INVALID: [
    'The statement is not of the form that its profile asks for.',
    'Fetch the statement again; else the gateway is broken or hostile.',
  ],
  STATEMENT_TIME: [
    'The time of judgement lies outside the life of the statement.',
    'Fetch a fresh quote, or judge at a proven time inside it.',
  ],
  TIME_UNANCHORED: [
    'No proven time is there: the host owns its clock.',
    'Send a nonce, or bring a witnessed checkpoint; or spell time as unchecked in policy.',
  ],
  CONFIG_UNMEASURED: [
    'The measured configuration is missing or not the pinned one.',
    'Compare the configuration digest with the lock row.',
  ],
  KEY_UNATTESTED: ['The key is not in the session that the hardware vouches for.', 'Treat the receipt as forged.'],
  KEY_PURPOSE: ['One key serves two purposes.', 'The gateway must make one key for each role.'],
  KEY_EXPIRED: ['The session is used past its life.', 'Verify the gateway again.'],
  NONCE_MISSING: ['The evidence does not contain your nonce.', 'Send a nonce of 32 to 64 bytes and verify again.'],
  NONCE_MISMATCH: ['The evidence contains another nonce than yours.', 'Treat it as a replay.'],
  EVIDENCE_REPLAY: ['The same receipt or challenge was shown before.', 'Treat it as a replay.'],
  EVIDENCE_STALE: ['The evidence is older than policy allows.', 'Ask for fresh evidence.'],
  EVIDENCE_DIGEST_MISMATCH: [
    'The receipt names another session than the one at hand.',
    'Fetch the session that the receipt names.',
  ],
} as const
