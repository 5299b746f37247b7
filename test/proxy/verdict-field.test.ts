/** `Countersign-Verdict` as a structured field: exact texts, and nothing that others write breaks out of it. */
import { describe, expect, it } from 'vitest'
import { encodeVerdict, type ProxyVerdict, verdictComment } from '../../src/proxy/verdict-field.ts'

const verified: ProxyVerdict = { state: 'verified', grade: 'quoted', channel: 'ohttp', simulated: true, jti: '-a_9' }

describe('the verdict field', () => {
  it.each<[ProxyVerdict, string]>([
    [verified, 'verified;grade=quoted;channel=ohttp;simulated;jti="-a_9"'],
    [{ ...verified, simulated: false, channel: 'none' }, 'verified;grade=quoted;channel=none;jti="-a_9"'],
    [{ state: 'pending', channel: 'tls-spki' }, 'pending;channel=tls-spki'],
    [{ state: 'no-receipt', channel: 'none' }, 'no-receipt;channel=none'],
    [
      { state: 'failed', check: 'snp.chain', code: 'RESPONSE_DIGEST_MISMATCH' },
      'failed;check=snp.chain;code=RESPONSE_DIGEST_MISMATCH',
    ],
    [{ state: 'failed', code: 'gateway_unreachable' }, 'failed;code=gateway_unreachable'],
    [{ state: 'local' }, 'local'],
  ])('of %o is exact', (verdict, text) => {
    expect(encodeVerdict(verdict)).toBe(text)
  })

  it('keeps whatever is no token in quotes, and what is not printable out', () => {
    const of = (check: string): string => encodeVerdict({ state: 'failed', check, code: 'X' })
    expect(of('a"b\\c')).toBe('failed;check="a\\"b\\\\c";code=X')
    expect(of('9 lives')).toBe('failed;check="9 lives";code=X')
    expect(of('')).toBe('failed;check="";code=X')
    expect(of('a\r\nset-cookie: x')).toBe('failed;check=unprintable;code=X')
    expect(encodeVerdict({ ...verified, jti: 'a"\n;x' })).toContain(';jti="ax"')
  })

  it('is a comment of its own in a stream, which no digest covers', () => {
    expect(verdictComment({ state: 'local' })).toBe(': countersign-verdict local\n\n')
  })
})
