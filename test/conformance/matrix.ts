/** What each client must make of each variant. Data: `outcome.ts` says what the words mean. @module */
import type { Outcome } from './outcome.ts'
import { REFUSED } from './variants.ts'

/** The same for every client that is asked, or for all but those that are named. */
export type Expected = Outcome | Readonly<{ others: Outcome } & Record<string, Outcome>>

export interface Row {
  /** Clients as they are, straight to the gateway. */
  readonly bare: Expected
  /** Clients that verify. */
  readonly verified: Expected
}

const always = (expected: Expected): Row => ({ bare: expected, verified: expected })

/**
 * An event of the gateway says that the stream broke. Clients that stop there never see the receipt; the AI SDK reads on, and the receipt
 * says so too.
 */
const broken = (code: string): Row => ({
  bare: `broken ${code}`,
  verified: { others: `broken ${code}`, 'AI SDK streamText': 'unverified RESPONSE_INCOMPLETE' },
})

export const MATRIX: Readonly<Record<string, Row>> = {
  good: always('ok'),
  'octet-by-octet': always('ok'),
  'not-ascii': always('ok'),
  tools: always('ok'),
  'finish-length': always('ok'),
  'finish-content-filter': always('ok'),
  'finish-function-call': always('ok'),
  'finish-unknown': always('ok'),
  'finish-empty-before': always('ok'),
  'two-choices': always('ok'),
  reasoning: always('ok'),
  comments: always('ok'),
  crlf: always('ok'),
  cr: always('ok'),
  'byte-order-mark': always('ok'),
  'no-space': always('ok'),
  'event-names': always('ok'),
  'event-without-choices': always('ok'),
  'no-done': always('ok'),
  'after-done': always('ok'),

  'error-400': always('400 bad'),
  'error-400-flat': always('400 invalid_request_error'),
  'error-400-vllm': always('400 invalid_request_error'),
  'error-422-fastapi': always('422 invalid_request_error'),
  // The gateway's own key, not the client's.
  'error-401': always('502 upstream_error'),
  'error-403': always('502 upstream_error'),
  'error-404': always('404 invalid_request_error'),
  'error-429': always('429 bad after 1'),
  'error-429-retry-after': always('429 bad after 7'),
  'error-500': always('502 bad'),
  'error-502-html': always('502 upstream_error'),
  'error-503': always('503 bad after 1'),
  'error-500-empty': always('502 upstream_error'),

  'json-cut': always('502 upstream_error'),
  'length-beyond-body': always('502 upstream_error'),
  'not-json': always('502 upstream_error'),
  'no-choices-at-all': always('502 upstream_error'),
  'empty-200': always('502 upstream_error'),
  'whole-for-stream': always('502 upstream_error'),
  'stream-for-whole': always('502 upstream_error'),
  'cut-in-block': broken('upstream_error'),
  'ends-in-block': broken('upstream_error'),
  'no-finish': broken('upstream_error'),
  'no-finish-done': broken('upstream_error'),
  'one-of-two-finishes': broken('upstream_error'),
  'only-done': broken('upstream_error'),
  'no-events': broken('upstream_error'),
  'error-event': broken('bad'),
  'error-event-first': broken('bad'),
  'error-event-done': broken('upstream_error'),
  'garbage-event': broken('upstream_error'),
  'huge-line': broken('upstream_error'),
  gzip: always('502 upstream_error'),
  redirect: always('502 upstream_error'),
  silent: always('504 upstream_timeout'),
  'silent-in-stream': broken('upstream_timeout'),

  'reset-0': broken('upstream_error'),
  'reset-1': broken('upstream_error'),
  'reset-2': broken('upstream_error'),
  'reset-3': broken('upstream_error'),
  'reset-4': broken('upstream_error'),
  'reset-5': always('ok'),

  [REFUSED]: always('502 upstream_error'),
}

/** Of clients that verify, when somebody in between attacks. */
export const ATTACKED: Readonly<Record<string, Expected>> = {
  'swapped-answer': 'unverified RESPONSE_DIGEST_MISMATCH',
  'dropped-last-text': 'unverified RESPONSE_INCOMPLETE',
  'dropped-finish': 'unverified RESPONSE_INCOMPLETE',
  'dropped-done': 'unverified RESPONSE_INCOMPLETE',
  'swapped-order': 'unverified RESPONSE_DIGEST_MISMATCH',
  'added-text': 'unverified RESPONSE_DIGEST_MISMATCH',
  'stripped-receipt': 'unverified RECEIPT_MISSING',
  'receipt-of-another': 'unverified RECEIPT_CONTEXT',
  'altered-receipt': 'unverified RECEIPT_VERSION',
  'receipt-says-aborted': 'unverified RECEIPT_VERSION',
  'receipt-says-timeout': 'unverified RECEIPT_VERSION',
  'receipt-is-no-receipt': 'unverified BASE64_STRICT',
  'other-type': 'unverified RECEIPT_MISSING',
  'error-made-answer': 'unverified RESPONSE_INCOMPLETE',
  'error-made-other': 'unverified RESPONSE_INCOMPLETE',
  // Each library's word for a connection that broke.
  'cut-before-done': {
    others: 'broken TypeError',
    'openai .stream()': 'broken Error',
    'AI SDK streamText': '200 AI_APICallError',
    'Python stream': 'broken gateway_unreachable',
  },
  'ended-before-done': 'unverified RECEIPT_MISSING',
  'forged-end': 'unverified RECEIPT_MISSING',
  'forged-end-no-space': 'unverified RECEIPT_MISSING',
  'forged-end-tab': 'unverified RECEIPT_MISSING',
  'forged-end-blanks': 'unverified RECEIPT_MISSING',
  'forged-end-more': 'unverified RECEIPT_MISSING',
  'forged-end-cr': 'unverified RECEIPT_MISSING',
  'forged-end-mark': 'unverified RECEIPT_MISSING',
  'forged-end-named': 'unverified RECEIPT_MISSING',
  'forged-end-twice': 'unverified RECEIPT_MISSING',
  'forged-end-no-blank': 'unverified RECEIPT_MISSING',
}
