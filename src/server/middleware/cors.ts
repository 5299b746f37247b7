/** What browsers may send to the gateway and read from it. Keys travel in a header, never in cookies, so any origin may ask. @module */

const EXPOSED = [
  'inference-receipt',
  'inference-receipt-id',
  'preference-applied',
  'retry-after',
  'retry-after-ms',
  'x-request-id',
  'x-should-retry',
]
const ALLOWED = [
  'accept',
  'attestation-nonce',
  'authorization',
  'content-type',
  'idempotency-key',
  'incremental',
  'inference-receipt-prev',
  'prefer',
  'x-request-hash',
  'x-stainless-arch',
  'x-stainless-helper-method',
  'x-stainless-lang',
  'x-stainless-os',
  'x-stainless-package-version',
  'x-stainless-retry-count',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-timeout',
]

/** On every answer. */
export const CORS_HEADERS: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED.join(', '),
}

/** On the answer to a preflight. */
export const PREFLIGHT_HEADERS: Readonly<Record<string, string>> = {
  ...CORS_HEADERS,
  'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
  'access-control-allow-headers': ALLOWED.join(', '),
  'access-control-max-age': '600',
}
