/** One request of the proxy as a line for people. @module */
import type { RequestLine } from '../../proxy/index.ts'
import { paint } from '../output.ts'

function judged({ verdict, grade, simulated, check, code, jti }: RequestLine): string {
  switch (verdict) {
    case 'verified':
      return `verified ${grade ?? ''}${simulated === true ? ' (simulated)' : ''} ${jti ?? ''}`
    case 'failed':
      return `NOT VERIFIED ${[check, code].filter((part) => part !== undefined).join(' ')}`
    case 'aborted':
      return 'the client left'
    case 'pending':
    case 'local':
    case 'no-receipt':
      return verdict
    default:
      return verdict satisfies never
  }
}

const COLOURS: Readonly<Record<string, string>> = { verified: '32', failed: '31', aborted: '33' }

export function renderRequest(line: RequestLine, colour: boolean): string {
  const { time, method, route, status, ms, verdict } = line
  const text = paint(judged(line), COLOURS[verdict] ?? '0', colour)
  return `${time.slice(11, 19)} ${method} ${route} ${status} ${ms} ms  ${text}\n`
}
