/** What the failures of a disk mean. @module */

/** ENOSPC and EDQUOT, also as the cause of another error: there is no space now. */
export function isDiskFull(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++)
    if (hasCode(at, 'ENOSPC', 'EDQUOT')) return true
  return false
}

/** There is no file, or no folder, of that name. */
export function isMissing(error: unknown): boolean {
  return hasCode(error, 'ENOENT', 'ENOTDIR')
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.some((code) => error.code === code)
}
