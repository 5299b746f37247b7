/** What the process's exit code means. @module */

export const EXIT_OK = 0
export const EXIT_NOT_VERIFIED = 1
export const EXIT_USAGE = 2
/** A required check could not be performed: something that it needs is missing. */
export const EXIT_NOT_PERFORMED = 3

export type ExitCode = typeof EXIT_OK | typeof EXIT_NOT_VERIFIED | typeof EXIT_USAGE | typeof EXIT_NOT_PERFORMED
