/**
 * `Countersign-Verdict`: what the proxy says of an answer. A structured field (RFC 8941): an item that is a token, with parameters. Of a
 * stream the same text stands in its last comment, because its head left before anyone knew. docs/proxy.md. @module
 */
import type { Binding, Grade } from '../core/policy.ts'

export const VERDICT_HEADER = 'countersign-verdict'

export type ProxyVerdict =
  /** The octets that follow are those of the receipt, and everything that policy asks for holds. */
  | {
      readonly state: 'verified'
      readonly grade: Grade
      readonly channel: Binding | 'none'
      readonly simulated: boolean
      readonly jti: string
    }
  /** A stream has begun. Its last comment says what became of it. */
  | { readonly state: 'pending'; readonly channel: Binding | 'none' }
  /** A listing of the verified gateway: it bears no receipt. */
  | { readonly state: 'no-receipt'; readonly channel: Binding | 'none' }
  /** Nothing of the gateway's answer follows. `check` is absent where the gateway was not reached. */
  | { readonly state: 'failed'; readonly code: string; readonly check?: string }
  /** The proxy's own answer: nothing was sent to the gateway. */
  | { readonly state: 'local' }

const TOKEN = /^[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*$/

function isString(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text)
}

/** RFC 8941 section 4.1: a token where it can be one, else a string; what is neither is not named at all. */
function bareItem(value: string): string {
  if (TOKEN.test(value)) return value
  return isString(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : 'unprintable'
}

function parametersOf(verdict: ProxyVerdict): readonly string[] {
  switch (verdict.state) {
    case 'verified':
      return [
        `grade=${verdict.grade}`,
        `channel=${verdict.channel}`,
        ...(verdict.simulated ? ['simulated'] : []),
        // Always a string: some ids would be tokens, and a field has one type.
        `jti="${verdict.jti.replace(/[^A-Za-z0-9_-]/g, '')}"`,
      ]
    case 'pending':
    case 'no-receipt':
      return [`channel=${verdict.channel}`]
    case 'failed':
      return [
        ...(verdict.check === undefined ? [] : [`check=${bareItem(verdict.check)}`]),
        `code=${bareItem(verdict.code)}`,
      ]
    case 'local':
      return []
    default:
      return verdict satisfies never
  }
}

/** Canonical, as RFC 8941 section 4.1 serialises it. */
export function encodeVerdict(verdict: ProxyVerdict): string {
  return [verdict.state, ...parametersOf(verdict)].join(';')
}

/** A comment of an event stream, a block of its own: printable ASCII, so that no digest covers it and every client skips it. */
export function verdictComment(verdict: ProxyVerdict): string {
  return `: ${VERDICT_HEADER} ${encodeVerdict(verdict)}\n\n`
}
