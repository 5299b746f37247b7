/** Descriptors of what an answer relies on beside the weights. @module */
import { sha256 } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import type { DigestScheme, DigestSource, ResourceDescriptor } from '../../core/evidence/resource-descriptor.ts'
import type { Dependencies, DependencyRole } from '../../core/receipt/disclosed.ts'

/** Every role, and none of them applies. */
export const NO_DEPENDENCIES: Dependencies = {
  'prompt-template': 'none',
  'chat-template': 'none',
  'system-prompt': 'none',
  tokenizer: 'none',
  'sampling-parameters': 'none',
  'tool-definitions': 'none',
  'tool-call': 'none',
  'retrieval-index': 'none',
  'retrieval-result': 'none',
  'memory-before': 'none',
  'memory-after': 'none',
}

/** One thing by its octets. */
export interface DescribedOctets {
  readonly name: string
  readonly octets: Uint8Array
  readonly scheme: DigestScheme
  readonly source: DigestSource
}

/** One thing that was measured before, by its digest; `none` where there is none. */
export function describeMeasured(
  role: DependencyRole,
  name: string,
  measured: { readonly digest: string } | undefined,
): readonly ResourceDescriptor[] | 'none' {
  if (measured === undefined) return 'none'
  const digest = { sha256: measured.digest.slice('sha256:'.length) }
  return [{ name, digest, annotations: { scheme: 'raw', role, source: 'gateway' } }]
}

/** The descriptors of one role; `none` for no things. */
export function describe(
  role: DependencyRole,
  things: readonly DescribedOctets[],
): readonly ResourceDescriptor[] | 'none' {
  if (things.length === 0) return 'none'
  return things.map(({ name, octets, scheme, source }) => ({
    name,
    digest: { sha256: encodeHex(sha256(octets)) },
    annotations: { scheme, role, source },
  }))
}
