/** Where the approval of a lock lies. @module */

/** Beside the lock, named as Sigstore's tools name a bundle. */
export function approvalFileOf(lock: string): string {
  return `${lock}.sigstore.json`
}
