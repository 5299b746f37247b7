import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { SignerIdentity } from '../../src/core/lock.ts'
import type { Measurements } from '../../src/core/measurement/measurements.ts'
import { encodePublished, type PublishedMeasurements } from '../../src/core/measurement/published.ts'
import { failedCheck } from '../../src/core/verdict.ts'
import { verifyProvenance } from '../../src/provenance/index.ts'
import { createSigstore, IDENTITY, ISSUER, type Sigstore } from '../kit/sigstore.ts'

type Json = Readonly<Record<string, unknown>>

const SEEN: Measurements = { platform: 'snp', measurements: { measurement: '5a'.repeat(48) } }
const OTHER: Measurements = { platform: 'snp', measurements: { measurement: '5b'.repeat(48) } }
const RELEASE: PublishedMeasurements = {
  version: 1,
  release: 'v1.2.3',
  source: { repository: 'https://github.com/example/gateway', commit: 'ab'.repeat(20) },
  images: [
    { ...SEEN, name: 'countersign-cvm.efi', digest: `sha256:${'01'.repeat(32)}`, shape: 'qemu, EPYC-v4, 4 vCPUs' },
  ],
}
const PUBLISHED = Buffer.from(encodePublished(RELEASE))
const SLSA = 'https://slsa.dev/provenance/v1'

const SIGSTORE = await createSigstore()
const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')

function statementOn(octets: Uint8Array, changes: Json = {}): Uint8Array {
  const subject = [{ name: 'measurements.json', digest: { sha256: sha256(octets) } }]
  return Buffer.from(
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject,
      predicateType: SLSA,
      predicate: {},
      ...changes,
    }),
  )
}

interface Case {
  readonly sigstore?: Sigstore
  readonly payload?: Uint8Array
  readonly identity?: string
  readonly issuer?: string
  readonly repository?: string
  readonly wanted?: string
  /** Whoever else may have signed. */
  readonly others?: readonly SignerIdentity[]
  readonly published?: Uint8Array
  readonly seen?: Measurements
  readonly change?: (bundle: ReturnType<typeof JSON.parse>) => void
  readonly entry?: (entry: Json) => Json | undefined
}

/** The check that decided, and its code; `ok` where all passed. */
async function decided({ sigstore = SIGSTORE, change = () => {}, ...made }: Case = {}): Promise<string> {
  const { payload = statementOn(PUBLISHED), identity = IDENTITY, issuer = ISSUER, wanted = IDENTITY } = made
  const entry = made.entry === undefined ? {} : { entry: made.entry }
  const source = made.repository === undefined ? {} : { repository: made.repository }
  const bundle = JSON.parse(JSON.stringify(await sigstore.sign({ payload, identity, issuer, ...source, ...entry })))
  change(bundle)
  const verdict = await verifyProvenance(
    { bundle: Buffer.from(JSON.stringify(bundle)), published: made.published ?? PUBLISHED, seen: made.seen ?? SEEN },
    { trustedRoot: SIGSTORE.trustedRoot, signers: [{ issuer: ISSUER, identity: wanted }, ...(made.others ?? [])] },
  )
  return verdict.ok ? 'ok' : `${failedCheck(verdict.checks)?.name} ${verdict.code}`
}

describe('provenance of a measurement', () => {
  test('passes, and gives what a lock row says of it', async () => {
    const bundle = Buffer.from(JSON.stringify(await SIGSTORE.sign({ payload: statementOn(PUBLISHED) })))
    const trust = { trustedRoot: SIGSTORE.trustedRoot, signers: [{ issuer: ISSUER, identity: IDENTITY }] }
    const verdict = await verifyProvenance({ bundle, published: PUBLISHED, seen: SEEN }, trust)
    expect(verdict).toMatchObject({
      ok: true,
      value: {
        provenance: {
          issuer: ISSUER,
          identity: IDENTITY,
          bundle: `sha256:${sha256(bundle)}`,
          subject: `sha256:${sha256(PUBLISHED)}`,
        },
        images: [{ name: 'countersign-cvm.efi' }],
      },
    })
    expect(verdict.checks.every(({ status }) => status === 'pass')).toBe(true)
    expect(verdict.checks.map(({ name }) => name)).toEqual([
      'bundle-format',
      'signature',
      'issuer',
      'identity',
      'statement',
      'subject',
      'predicate',
      'published',
      'measurement',
    ])
  })

  test('[B1] of another issuer, though the name is the same', async () => {
    expect(await decided({ issuer: 'https://issuer.example' })).toBe('issuer PROVENANCE_ISSUER')
  })

  test.each([
    ['that begins with the wanted one', `${IDENTITY}-evil`],
    ['of which the wanted one is an end', `https://evil.example/?${IDENTITY}`],
    ['of another repository with the same beginning', IDENTITY.replace('/models/', '/models-evil/')],
    ['of another workflow', IDENTITY.replace('sign.yaml', 'other.yaml')],
    ['of another ref', IDENTITY.replace('refs/heads/main', 'refs/heads/topic')],
    ['that a pattern would take for it', IDENTITY.replace('github.com', 'githubXcom')],
  ])('[B1] of an identity %s', async (_name, identity) => {
    expect(await decided({ identity })).toBe('identity PROVENANCE_IDENTITY')
  })

  test('[B1] of the issuer of one who may sign and the name of another', async () => {
    const others = [{ issuer: 'https://issuer.example', identity: 'release@example.com' }]
    expect(await decided({ others, identity: 'release@example.com' })).toBe('identity PROVENANCE_IDENTITY')
    expect(await decided({ others, issuer: 'https://issuer.example' })).toBe('identity PROVENANCE_IDENTITY')
    expect(await decided({ others, issuer: 'https://issuer.example', identity: 'release@example.com' })).toBe('ok')
  })

  test('[B1] identities are no patterns for whoever pins them either', async () => {
    expect(await decided({ wanted: 'https://github.com/.*' })).toBe('identity PROVENANCE_IDENTITY')
  })

  test.each([
    ['its own repository', 'https://github.com/example/models', 'ok'],
    ['another repository', 'https://github.com/evil/models', 'identity PROVENANCE_IDENTITY'],
    ['a repository with the same beginning', 'https://github.com/example/mod', 'identity PROVENANCE_IDENTITY'],
  ])('[B1] of a workflow that was called by %s', async (_name, repository, due) => {
    expect(await decided({ repository })).toBe(due)
  })

  test('of a repository whose name takes two octets for its length', async () => {
    const repository = `https://github.com/example/${'m'.repeat(110)}`
    const identity = `${repository}/.github/workflows/sign.yaml@refs/heads/main`
    expect(await decided({ repository, identity, wanted: identity })).toBe('ok')
  })

  test('[B1] of another artefact', async () => {
    const payload = statementOn(Buffer.from('another file'))
    expect(await decided({ payload })).toBe('subject PROVENANCE_DIGEST')
  })

  test('[B1] in no log', async () => {
    expect(await decided({ entry: () => undefined })).toBe('signature PROVENANCE_LOG')
  })

  test.each<[string, string, (proof: ReturnType<typeof JSON.parse>) => void]>([
    [
      'of another tree',
      'signature PROVENANCE_LOG',
      (proof) => proof.hashes.push(Buffer.alloc(32, 7).toString('base64')),
    ],
    ['of another index', 'signature PROVENANCE_LOG', (proof) => Object.assign(proof, { logIndex: '1' })],
    [
      'whose checkpoint nobody signed',
      'signature PROVENANCE_LOG',
      ({ checkpoint }) =>
        Object.assign(checkpoint, { envelope: checkpoint.envelope.replace(/^[^\n]+/, 'other.example') }),
    ],
  ])('[B1] with a proof of inclusion %s', async (_name, due, alter) => {
    const change = (bundle: ReturnType<typeof JSON.parse>): void =>
      alter(bundle.verificationMaterial.tlogEntries[0].inclusionProof)
    expect(await decided({ change })).toBe(due)
  })

  test('[B1] with the promise of a log alone, and no proof', async () => {
    const entry = ({ inclusionProof, ...rest }: Json): Json => ({ ...rest, promised: inclusionProof !== undefined })
    expect(await decided({ entry })).toBe('bundle-format PROVENANCE_FORMAT')
  })

  test('[B1] logged when its certificate was not valid', async () => {
    const late = await createSigstore({ logTime: new Date('2035-01-01T00:00:00Z') })
    const bundle = Buffer.from(JSON.stringify(await late.sign({ payload: statementOn(PUBLISHED) })))
    const trust = { trustedRoot: late.trustedRoot, signers: [{ issuer: ISSUER, identity: IDENTITY }] }
    const verdict = await verifyProvenance({ bundle, published: PUBLISHED, seen: SEEN }, trust)
    expect(verdict).toMatchObject({ ok: false, code: 'PROVENANCE_TIME' })
  })

  test('[B1] under the root of another Sigstore', async () => {
    expect(await decided({ sigstore: await createSigstore() })).toMatch(/^signature PROVENANCE_(SIGNATURE|LOG)$/)
  })

  test('[B1] with another payload than was signed', async () => {
    const change = (bundle: ReturnType<typeof JSON.parse>): void => {
      bundle.dsseEnvelope.payload = statementOn(PUBLISHED, { predicate: { evil: true } }).toString()
      bundle.dsseEnvelope.payload = Buffer.from(bundle.dsseEnvelope.payload).toString('base64')
    }
    expect(await decided({ change })).toMatch(/^signature PROVENANCE_(SIGNATURE|LOG)$/)
  })

  test('[B2] of a release that never measured what was seen', async () => {
    expect(await decided({ seen: OTHER })).toBe('measurement PROVENANCE_MEASUREMENT')
  })

  test('[B2] of the same octets under another platform', async () => {
    const nitro: Measurements = {
      platform: 'nitro',
      measurements: { document: 'enclave', pcr0: '5a'.repeat(48), pcr1: '5a'.repeat(48), pcr2: '5a'.repeat(48) },
    }
    expect(await decided({ seen: nitro })).toBe('measurement PROVENANCE_MEASUREMENT')
  })

  test('of a claim of another type', async () => {
    const payload = statementOn(PUBLISHED, { predicateType: 'https://slsa.dev/verification_summary/v1' })
    expect(await decided({ payload })).toBe('predicate PROVENANCE_FORMAT')
  })

  test.each<[string, Json]>([
    ['no statement', { _type: 'https://in-toto.io/Statement/v0.1' }],
    ['nothing', { subject: [] }],
    ['a subject with another digest alone', { subject: [{ name: 'x', digest: { sha1: '00'.repeat(20) } }] }],
  ])('whose payload is about %s', async (_name, changes) => {
    expect(await decided({ payload: statementOn(PUBLISHED, changes) })).toBe('statement PROVENANCE_FORMAT')
  })

  test('of a list of measurements that is none', async () => {
    const published = Buffer.from(PUBLISHED.toString().replace('"version": 1', '"version": 2'))
    expect(await decided({ published, payload: statementOn(published) })).toBe('published PROVENANCE_FORMAT')
  })
})
