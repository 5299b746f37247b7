/** A published policy for Nitro Enclaves, complete as it is. Measurements are pinned elsewhere. @module */
import type { NitroPolicy } from './policy.ts'

/**
 * Enclaves (not a NitroTPM, whose instance is not closed off from its owner), by a document of the last five minutes before the time of
 * judgement. Archives are judged as of their document's own time, so the age binds live judgements alone.
 */
export const STRICT_NITRO_POLICY: NitroPolicy = {
  document: 'enclave',
  time: { maxAgeSeconds: 300, futureSkewSeconds: 60 },
  pcrs: { others: 'unchecked' },
  revocation: 'unchecked',
}

/** The strict policy with one's own pins, each of which replaces a field as a whole. */
export function nitroPolicyOf(pins: Partial<NitroPolicy> = {}): NitroPolicy {
  return { ...STRICT_NITRO_POLICY, ...pins }
}
