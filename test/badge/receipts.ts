/** Receipts as the badge sees them, made by hand: what they say is drawn, never believed elsewhere. */
import type { ShownReceipt } from '../../src/badge/view.ts'
import type { Check } from '../../src/core/verdict.ts'

export const PASS: Check = { name: 'signature', status: 'pass', required: true, detail: 'Ed25519' }
export const OPTIONAL: Check = { name: 'channel', status: 'not-performed', required: false, detail: 'none: no key' }
export const MISSING: Check = { name: 'merge-by', status: 'not-performed', required: true, detail: 'not reached' }
export const FAIL: Check = {
  name: 'nonce',
  status: 'fail',
  required: true,
  detail: 'another',
  wanted: 'yours',
  code: 'RECEIPT_CONTEXT',
}

export function shownReceipt(change: Partial<ShownReceipt> = {}): ShownReceipt {
  return {
    grade: 'signed',
    simulated: false,
    checks: [PASS, OPTIONAL],
    assumptions: ['Nobody opened the machine.'],
    claims: {
      iss: 'https://gw.example.com',
      iat: 1_800_000_000,
      jti: 'p9cQCeLOpmBthPufpIptpg',
      eat_profile: 'urn:countersign:receipt:1',
      session: `sha256:${'ab'.repeat(32)}`,
      seq: 0,
      outcome: 'complete',
      model: { name: 'demo', digest: 'none' },
      engine: { name: 'e', version: '1', determinism: 'bit-exact', flags: 'none' },
      upstream: { kind: 'embedded' },
      log: { origin: 'gw.example.com/log/x', merge_by: 1_800_000_060 },
      _sd_alg: 'sha-256',
      _sd: [],
    },
    ...change,
  }
}
