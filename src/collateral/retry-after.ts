/** Retry-After (RFC 9110, 10.2.3): seconds, or a date in its one modern form. @module */

const SECONDS = /^\d{1,9}$/
const IMF_FIXDATE = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/

/** Milliseconds to wait from `now`; undefined for what is neither. */
export function retryAfterMs(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined
  if (SECONDS.test(value)) return Number(value) * 1000
  const date = IMF_FIXDATE.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}
