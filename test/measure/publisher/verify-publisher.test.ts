import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createOmsManifest, encodeOmsManifest, type OmsResource } from '../../../src/core/resources/oms-manifest.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { type PublisherTrust, verifyPublisher } from '../../../src/measure/publisher/index.ts'
import { createKey, createSigstore, IDENTITY, ISSUER } from '../../kit/sigstore.ts'

type Json = Readonly<Record<string, unknown>>

const FILES: readonly OmsResource[] = [
  { name: 'config.json', digest: '11'.repeat(32) },
  { name: 'model.safetensors', digest: '22'.repeat(32) },
]
const manifestOf = (files: readonly OmsResource[]): ReturnType<typeof createOmsManifest> =>
  createOmsManifest('model', files, ['model.sig'])
const MANIFEST = manifestOf(FILES)
const PAYLOAD = encodeOmsManifest(MANIFEST)
const SIGSTORE = await createSigstore()
const OTHER = await createSigstore()
const BUNDLE = await SIGSTORE.sign({ payload: PAYLOAD })
const TRUST = { kind: 'sigstore', trustedRoot: SIGSTORE.trustedRoot, identity: IDENTITY, issuer: ISSUER } as const
const KEY = createKey()

/** The check that decided, and its code; `ok` where all passed. */
async function decided(bundle: Json | Uint8Array, trust: PublisherTrust = TRUST, manifest = MANIFEST): Promise<string> {
  const octets = bundle instanceof Uint8Array ? bundle : Buffer.from(JSON.stringify(bundle))
  const verdict = await verifyPublisher(octets, manifest, trust)
  return verdict.ok ? 'ok' : `${failedCheck(verdict.checks)?.name} ${verdict.code}`
}

type Copy = ReturnType<typeof JSON.parse>

function altered(bundle: Json, change: (copy: Copy) => void): Json {
  const copy = JSON.parse(JSON.stringify(bundle))
  change(copy)
  return copy
}

function certificateOf(bundle: Json): unknown {
  const { verificationMaterial }: Copy = bundle
  return verificationMaterial.certificate
}

describe('bundles of Sigstore', () => {
  test('all checks pass, and the publisher is named', async () => {
    const verdict = await verifyPublisher(Buffer.from(JSON.stringify(BUNDLE)), MANIFEST, TRUST)
    expect(verdict).toMatchObject({ ok: true, value: { kind: 'sigstore', identity: IDENTITY, issuer: ISSUER } })
    expect(verdict.checks.map(({ name, status }) => `${name} ${status}`)).toEqual(
      ['bundle-format', 'signature', 'identity', 'statement', 'files'].map((name) => `${name} pass`),
    )
  })

  test('of another root', async () => {
    expect(await decided(BUNDLE, { ...TRUST, trustedRoot: OTHER.trustedRoot })).toBe('signature PUBLISHER_SIGNATURE')
  })

  test.each(['tlogs', 'ctlogs', 'certificateAuthorities'])('of a root with other %s', async (field) => {
    const [root, other] = [SIGSTORE, OTHER].map(({ trustedRoot }) => JSON.parse(Buffer.from(trustedRoot).toString()))
    const trustedRoot = Buffer.from(JSON.stringify({ ...root, [field]: other[field] }))
    expect(await decided(BUNDLE, { ...TRUST, trustedRoot })).toBe('signature PUBLISHER_SIGNATURE')
  })

  test.each([
    ['its own', 'https://github.com/example/models', 'ok'],
    ['another', 'https://github.com/example/models-evil', 'identity PUBLISHER_IDENTITY'],
    ['one whose name its own begins with', 'https://github.com/example/model', 'identity PUBLISHER_IDENTITY'],
  ])('of a workflow that ran for %s repository', async (_name, repository, due) => {
    expect(await decided(await SIGSTORE.sign({ payload: PAYLOAD, repository }))).toBe(due)
  })

  test('another payload than was signed', async () => {
    const signed = Buffer.from('{}')
    expect(await decided(await SIGSTORE.sign({ payload: PAYLOAD, signed }))).toBe('signature PUBLISHER_SIGNATURE')
  })

  test('a payload of another type than was signed', async () => {
    const other = altered(BUNDLE, (copy) => {
      copy.dsseEnvelope.payloadType = 'application/json'
    })
    expect(await decided(other)).toBe('bundle-format PUBLISHER_SIGNATURE')
  })

  test('a certificate of another signature', async () => {
    const second = await SIGSTORE.sign({ payload: PAYLOAD })
    const mixed = altered(BUNDLE, (copy) => {
      copy.verificationMaterial.certificate = certificateOf(second)
    })
    expect(await decided(mixed)).toBe('signature PUBLISHER_SIGNATURE')
  })

  test('no entry of the transparency log', async () => {
    const bundle = await SIGSTORE.sign({ payload: PAYLOAD, entry: () => undefined })
    expect(await decided(bundle)).toBe('signature PUBLISHER_SIGNATURE')
  })

  test.each([
    ['without proof of inclusion', { inclusionProof: undefined }, 'bundle-format'],
    ['without a time', { inclusionPromise: undefined }, 'signature'],
    ['of another time', { integratedTime: '1700000000' }, 'signature'],
    ['with a body that is no JSON', { canonicalizedBody: 'AAAA' }, 'signature'],
  ])('an entry of the transparency log %s', async (_, fields, check) => {
    const bundle = await SIGSTORE.sign({ payload: PAYLOAD, entry: (entry) => ({ ...entry, ...fields }) })
    expect(await decided(bundle)).toBe(`${check} PUBLISHER_SIGNATURE`)
  })

  test.each([
    ['is in no log of certificates', { logsCertificates: false }],
    ['had ended when it signed', { logTime: new Date(Date.now() + 3_600_000) }],
    ['had not begun when it signed', { logTime: new Date(Date.now() - 3_600_000) }],
  ])('a certificate that %s', async (_, faults) => {
    const { trustedRoot, sign } = await createSigstore(faults)
    expect(await decided(await sign({ payload: PAYLOAD }), { ...TRUST, trustedRoot })).toBe(
      'signature PUBLISHER_SIGNATURE',
    )
  })

  test.each(['identity', 'issuer'])('a certificate that names no %s, where none is demanded', async (field) => {
    const bundle = await SIGSTORE.sign({ payload: PAYLOAD, [field]: '' })
    expect(await decided(bundle, { ...TRUST, [field]: '' })).toBe('signature PUBLISHER_SIGNATURE')
  })

  test('an entry of another signature', async () => {
    const other: Json[] = []
    await SIGSTORE.sign({ payload: PAYLOAD, entry: (entry) => void other.push(entry) })
    const bundle = await SIGSTORE.sign({ payload: PAYLOAD, entry: () => other[0] })
    expect(await decided(bundle)).toBe('signature PUBLISHER_SIGNATURE')
  })

  test.each([
    ['another identity', { identity: IDENTITY.replace('example', 'evil') }],
    ['an identity that goes on', { identity: `${IDENTITY}-evil` }],
    ['an identity that differs where a pattern has a dot', { identity: IDENTITY.replace('github.com', 'githubxcom') }],
    ['another issuer', { issuer: 'https://accounts.google.com' }],
    ['an issuer that goes on', { issuer: `${ISSUER}.evil.example` }],
  ])('%s', async (_, fields) => {
    const bundle = await SIGSTORE.sign({ payload: PAYLOAD, ...fields })
    expect(await decided(bundle)).toBe('identity PUBLISHER_IDENTITY')
    expect(await decided(bundle, { ...TRUST, ...fields })).toBe('ok')
  })

  test('signed with a key', async () => {
    expect(await decided(KEY.sign(PAYLOAD))).toBe('signature PUBLISHER_SIGNATURE')
  })

  test.each([
    ['nothing', ''],
    ['no root', '[]'],
    ['a key that is none', '{"tlogs":[{"publicKey":{"rawBytes":"AAAA"},"logId":{"keyId":"AAAA"}}]}'],
  ])('a trusted root that holds %s is a wrong configuration', async (_, text) => {
    await expect(decided(BUNDLE, { ...TRUST, trustedRoot: Buffer.from(text) })).rejects.toMatchObject({
      code: 'ERR_CONFIG',
    })
  })
})

describe('bundles of a key', () => {
  const trust = { kind: 'key', publicKey: KEY.pem } as const

  test.each(['prime256v1', 'secp384r1', 'secp521r1'] as const)('on %s', async (curve) => {
    const key = createKey(curve)
    const verdict = await verifyPublisher(Buffer.from(JSON.stringify(key.sign(PAYLOAD))), MANIFEST, {
      kind: 'key',
      publicKey: key.pem,
    })
    expect(verdict).toMatchObject({ ok: true, value: { kind: 'key', identity: expect.stringMatching(/^sha256:/) } })
  })

  test('another key', async () => {
    expect(await decided(createKey().sign(PAYLOAD), trust)).toBe('signature PUBLISHER_SIGNATURE')
  })

  test('another payload than was signed', async () => {
    const bundle = altered(KEY.sign(Buffer.from('{}')), (copy) => {
      copy.dsseEnvelope.payload = Buffer.from(PAYLOAD).toString('base64')
    })
    expect(await decided(bundle, trust)).toBe('signature PUBLISHER_SIGNATURE')
  })

  test('with a certificate beside the signature of the key', async () => {
    const verificationMaterial = { certificate: certificateOf(BUNDLE), tlogEntries: [] }
    expect(await decided(BUNDLE, trust)).toBe('signature PUBLISHER_SIGNATURE')
    expect(await decided({ ...KEY.sign(PAYLOAD), verificationMaterial }, trust)).toBe('signature PUBLISHER_SIGNATURE')
  })

  test.each([
    ['no PEM', 'key'],
    ['a private key', KEY.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()],
    [
      'a key for other signatures',
      generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    ],
  ])('%s is a wrong configuration', async (_, publicKey) => {
    await expect(decided(BUNDLE, { kind: 'key', publicKey })).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })
})

describe('what was signed', () => {
  const trust = { kind: 'key', publicKey: KEY.pem } as const
  const [config, weights] = FILES
  if (config === undefined || weights === undefined) throw new Error('two files are due')

  test.each([
    ['is missing', [config]],
    ['was added', [...FILES, { name: 'extra.py', digest: '33'.repeat(32) }]],
    ['was changed', [config, { ...weights, digest: '44'.repeat(32) }]],
    ['was renamed', [config, { ...weights, name: 'model2.safetensors' }]],
  ])('a file %s', async (_, files) => {
    const bundle = KEY.sign(PAYLOAD)
    expect(await decided(bundle, trust, manifestOf(files))).toBe('files ARTIFACT_DIGEST_MISMATCH')
    expect(await decided(KEY.sign(encodeOmsManifest(manifestOf(files))), trust, manifestOf(files))).toBe('ok')
  })

  test('publishers leave out modes', async () => {
    const marked = manifestOf([config, { ...weights, executable: true }])
    expect(await decided(KEY.sign(PAYLOAD), trust, marked)).toBe('ok')
  })

  test.each([
    ['no JSON', 'x'],
    [
      'another statement',
      '{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1"}',
    ],
    [
      'a subject of other files',
      Buffer.from(PAYLOAD)
        .toString()
        .replace(/"sha256":"[0-9a-f]/, '"sha256":"x'),
    ],
  ])('%s', async (_, payload) => {
    expect(await decided(KEY.sign(Buffer.from(payload)), trust)).toBe('statement PUBLISHER_SIGNATURE')
  })
})

describe('hostile bundles', () => {
  const signatureLine = (line: string): Json =>
    altered(BUNDLE, (copy) => {
      const { checkpoint } = copy.verificationMaterial.tlogEntries[0].inclusionProof
      checkpoint.envelope = `${checkpoint.envelope}${line}\n`
    })
  const text = JSON.stringify(BUNDLE)

  test.each<[string, Json | Uint8Array]>([
    ['nothing', Buffer.alloc(0)],
    ['a list', Buffer.from('[]')],
    ['a key twice', Buffer.from(text.replace('{"mediaType"', '{"mediaType":"x","mediaType"'))],
    ['no material', { mediaType: BUNDLE['mediaType'] }],
    ['null for material', { ...BUNDLE, verificationMaterial: null }],
    ['version 0.2', { ...BUNDLE, mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.2' }],
    ['version 0.4', { ...BUNDLE, mediaType: 'application/vnd.dev.sigstore.bundle.v0.4+json' }],
    ['two signatures', altered(BUNDLE, ({ dsseEnvelope }) => dsseEnvelope.signatures.push({ sig: 'AAAA' }))],
    ['no signature', altered(BUNDLE, ({ dsseEnvelope }) => dsseEnvelope.signatures.pop())],
    ['no envelope', { ...BUNDLE, dsseEnvelope: undefined }],
    [
      'thousands of entries',
      altered(BUNDLE, ({ verificationMaterial: material }) => {
        material.tlogEntries = Array(5_000).fill(material.tlogEntries[0])
      }),
    ],
    ['a checkpoint with a slow pattern', signatureLine('\u2014 (.|.|.|.)*! AAAAAAAAAA')],
    ['a checkpoint of a megabyte', signatureLine('x'.repeat(1 << 20))],
  ])('%s', async (_, bundle) => {
    expect(await decided(bundle)).toBe('bundle-format PUBLISHER_SIGNATURE')
  })

  test.each([
    ['a certificate that is none', { certificate: { rawBytes: 'AAAA' } }],
    ['a timestamp that is none', { timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }] } }],
  ])('%s', async (_, material) => {
    const bundle = altered(BUNDLE, ({ verificationMaterial }) => Object.assign(verificationMaterial, material))
    expect(await decided(bundle)).toBe('signature PUBLISHER_SIGNATURE')
  })

  test('with any letter altered: never an exception, and never another publisher', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), fc.integer({ min: 32, max: 126 }), async (at, letter) => {
        const altered = Buffer.from(text)
        altered[at] = letter
        const verdict = await verifyPublisher(altered, MANIFEST, TRUST)
        if (verdict.ok) expect(verdict.value).toEqual({ kind: 'sigstore', identity: IDENTITY, issuer: ISSUER })
        else expect(failedCheck(verdict.checks)?.status).toBe('fail')
      }),
      { numRuns: 300 },
    )
  })
})
