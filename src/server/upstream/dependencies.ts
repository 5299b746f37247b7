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

const MAX_NAME = 80
const TAIL = 40

/** A name as receipts have room for: of a longer one the middle goes, and the digest says which it is. */
export function shortName(name: string): string {
  if (name.length <= MAX_NAME) return name
  const letters = [...name]
  return `${letters.slice(0, MAX_NAME - TAIL - 1).join('')}…${letters.slice(-TAIL).join('')}`
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
