/** Whose word the weights and the engine are, as a verdict says it. */
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeJcs } from '../../../src/core/encoding/jcs.ts'
import type { DigestSource, ResourceDescriptor } from '../../../src/core/evidence/resource-descriptor.ts'
import type { EngineClaim, UpstreamKind } from '../../../src/core/receipt/claims.ts'
import { upstreamAssumptions } from '../../../src/core/receipt/upstream-assumptions.ts'

const HEX = 'a'.repeat(64)
const UNKNOWN: EngineClaim = {
  name: 'openai-compatible',
  version: 'unknown',
  determinism: 'best-effort',
  flags: 'none',
}
const ENGINE: EngineClaim = { name: 'vllm', version: '0.9.1', determinism: 'best-effort', flags: 'none' }

const descriptor = (role: string, source: DigestSource, hex = HEX): ResourceDescriptor => ({
  name: 'm',
  digest: { sha256: hex },
  annotations: { scheme: 'oms-v1', role, source },
})

interface Case {
  readonly kind: UpstreamKind
  readonly digest?: string
  readonly engine?: EngineClaim
  readonly dependencies?: readonly ResourceDescriptor[]
}

function sentences({ kind, digest = `sha256:${HEX}`, engine = UNKNOWN, dependencies = [] }: Case): string {
  return upstreamAssumptions({ model: { name: 'm', digest }, engine, upstream: { kind } }, { dependencies }).join(' ')
}

describe('what is taken for granted about a model server', () => {
  it.each([
    ['measured weights', { kind: 'local', dependencies: [descriptor('model', 'gateway')] }, /measured where they lie/],
    ['asserted weights', { kind: 'local', dependencies: [descriptor('model', 'operator')] }, /nobody measured them/],
    [
      'weights that are measured under one name and asserted under another',
      { kind: 'local', dependencies: [descriptor('model', 'gateway'), descriptor('model', 'operator')] },
      /nobody measured them/,
    ],
    ['weights that no session names', { kind: 'local' }, /nobody measured them/],
    [
      'a digest that is measured, of another thing',
      { kind: 'local', dependencies: [descriptor('software', 'gateway')] },
      /nobody measured them/,
    ],
    ['a remote server', { kind: 'remote' }, /not attested: its answer is its word.*nobody measured them/],
  ] as const)('is said of %s', (_, given, said) => {
    expect(sentences(given)).toMatch(said)
  })

  it('is nothing of weights where there is no digest, and of an embedded model nothing at all', () => {
    expect(sentences({ kind: 'local', digest: 'none' })).not.toMatch(/weights/)
    expect(sentences({ kind: 'embedded' })).toBe('')
  })

  it("is the operator's word for the engine that the session names, and for no other", () => {
    const { name, version, determinism } = ENGINE
    const dependencies = [
      descriptor('engine', 'operator', encodeHex(sha256(encodeJcs({ name, version, determinism })))),
    ]
    expect(sentences({ kind: 'local', engine: ENGINE, dependencies })).toMatch(/engine are the word of the operator/)
    expect(sentences({ kind: 'local', engine: UNKNOWN, dependencies })).not.toMatch(/engine/)
  })
})
