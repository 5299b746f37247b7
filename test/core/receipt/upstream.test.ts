/** Where a model is said to run: policy's word, the exchange's and the session's, each on its own. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import type { DigestSource } from '../../../src/core/evidence/resource-descriptor.ts'
import type { AcceptedUpstream } from '../../../src/core/policy.ts'
import { checkUpstream } from '../../../src/core/receipt/check-upstream.ts'
import type { UpstreamKind } from '../../../src/core/receipt/claims.ts'
import { decodeReceipt } from '../../../src/core/receipt/receipt.ts'
import { judge } from '../../../src/core/verdict.ts'
import { readFixture } from './fixture.ts'

const { claims, disclosed } = decodeReceipt(readFixture('quoted').evidence.receipt)
const ALL = ['embedded', 'local', 'remote'] as const

interface Case {
  readonly kind: UpstreamKind
  readonly upstreams?: readonly AcceptedUpstream[]
  readonly exchange?: JsonObject
  /** Who vouches in the session for the model's digest. */
  readonly sources?: readonly DigestSource[]
  readonly role?: string
  /** Where a model ran that took part in a ranking of chunks. */
  readonly ranked?: string
}

async function judged({ kind, upstreams = ALL, exchange, sources = ['gateway'], role = 'model', ranked }: Case) {
  const dependencies = sources.map((source) => ({
    name: 'demo',
    digest: { sha256: claims.model.digest.slice('sha256:'.length) },
    annotations: { scheme: 'oms-v1' as const, role, source },
  }))
  const uri = `urn:countersign:ranking:1?=method=bm25,cosine&rrf=60&model=e&name=e&digest=none&upstream=${ranked}`
  const annotations = { scheme: 'raw' as const, role: 'retrieval-index', source: 'gateway' as const }
  const ranking = ranked === undefined ? [] : [{ name: 'docs ranking', uri, digest: { sha256: '0' }, annotations }]
  const receipt = {
    claims: { ...claims, upstream: { kind } },
    disclosed: {
      ...(exchange === undefined ? {} : { exchange }),
      ...(disclosed.dependencies && { dependencies: { ...disclosed.dependencies, 'retrieval-index': ranking } }),
    },
  }
  const verdict = await judge(['upstream'], async (check) => {
    checkUpstream(check, receipt, { dependencies }, { upstreams })
    return {}
  })
  return verdict.ok ? 'ok' : verdict.code
}

const at = (host: string): JsonObject => ({ upstream: { host } })

describe('where a model is said to run', () => {
  it.each<readonly [string, Case]>([
    ['an embedded model that the session names', { kind: 'embedded' }],
    ['one that the session names twice', { kind: 'embedded', sources: ['operator', 'gateway'] }],
    ['one that the hardware vouches for', { kind: 'embedded', sources: ['hardware'] }],
    ['a local server that is not named', { kind: 'local' }],
    ['a local server whose exchange names no peer', { kind: 'local', exchange: {} }],
    ['a local server by its loopback name', { kind: 'local', exchange: at('localhost:11434') }],
    ['a local server at the IPv6 loopback', { kind: 'local', exchange: at('[::1]:8000') }],
    ['a local server in the next container', { kind: 'local', exchange: at('vllm:8000') }],
    ['a remote server anywhere', { kind: 'remote', exchange: at('api.example.com') }],
    ['chunks ranked here', { kind: 'embedded', upstreams: ['embedded'], ranked: 'local' }],
    ['chunks ranked elsewhere, where remote is listed', { kind: 'embedded', ranked: 'remote' }],
  ])('[R14] passes %s', async (_, given) => {
    expect(await judged(given)).toBe('ok')
  })

  it.each<readonly [string, Case]>([
    ['a kind that policy does not list', { kind: 'local', upstreams: ['embedded'] }],
    ['a claim of attestation', { kind: 'attested' }],
    ['chunks ranked elsewhere', { kind: 'embedded', upstreams: ['embedded', 'local'], ranked: 'remote' }],
    ['chunks ranked nobody knows where', { kind: 'embedded', upstreams: ['embedded', 'local'], ranked: 'near' }],
    ['an embedded model that no session names', { kind: 'embedded', sources: [] }],
    ['an embedded model on the word of the operator', { kind: 'embedded', sources: ['operator'] }],
    ['an embedded model whose digest is that of another thing', { kind: 'embedded', role: 'software' }],
    ['an embedded model behind a connection', { kind: 'embedded', exchange: at('127.0.0.1:8000') }],
    ['a local server elsewhere', { kind: 'local', exchange: at('api.example.com:443') }],
    ['a local server whose name begins like the loopback', { kind: 'local', exchange: at('127.0.0.1.example.com') }],
    ['a local server on a private network', { kind: 'local', exchange: at('10.0.0.7:8000') }],
    ['a local server at a link-local address', { kind: 'local', exchange: at('169.254.169.254') }],
    ['a local server on an IPv6 network', { kind: 'local', exchange: at('[fd00::7]:8000') }],
    ['a local server at a mapped address', { kind: 'local', exchange: at('[::ffff:a00:7]') }],
    ['a local server without a host', { kind: 'local', exchange: { upstream: {} } }],
    ['a local server as text', { kind: 'local', exchange: { upstream: 'localhost' } }],
  ])('[R14] rejects %s', async (_, given) => {
    expect(await judged(given)).toBe('UPSTREAM_UNATTESTED')
  })
})
