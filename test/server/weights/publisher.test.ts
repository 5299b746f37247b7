/** Weights that must be signed by a publisher whom the measured configuration names. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeOmsManifest } from '../../../src/core/resources/oms-manifest.ts'
import { measureFolder } from '../../../src/measure/index.ts'
import type { PublisherConfig } from '../../../src/server/config/types.ts'
import { createKey, createSigstore, IDENTITY, ISSUER } from '../../kit/sigstore.ts'
import { attest, type GatewayFixture, startFixture } from '../gateway/gateway-fixture.ts'
import { measuring, modelFolder, safetensors } from './model-folder.ts'

async function payloadOf(directory: string): Promise<Uint8Array> {
  return encodeOmsManifest((await measureFolder(directory)).manifest)
}

async function start(directory: string, publisher: PublisherConfig): Promise<GatewayFixture> {
  const fixture = await startFixture({ measured: measuring({ directory, publisher }) })
  onTestFinished(() => fixture.close())
  return fixture
}

async function signerOf(fixture: GatewayFixture): Promise<string | undefined> {
  const { session } = await attest(fixture)
  return session.dependencies.find(({ annotations }) => annotations.role === 'model')?.uri
}

const refused = (...texts: readonly string[]): object =>
  expect.objectContaining({
    code: 'ERR_CONFIG',
    message: expect.stringMatching(new RegExp(texts.join('.*'))),
  })

describe('weights that a key must have signed', () => {
  it('are served when it did, and the session names the key', async () => {
    const directory = await modelFolder()
    const key = createKey()
    await writeFile(join(directory, 'model.sig'), JSON.stringify(key.sign(await payloadOf(directory))))
    const fixture = await start(directory, { kind: 'key', publicKey: key.pem })
    expect(await signerOf(fixture)).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  it('refuse the boot when another key did, naming the check', async () => {
    const directory = await modelFolder()
    await writeFile(join(directory, 'model.sig'), JSON.stringify(createKey().sign(await payloadOf(directory))))
    await expect(start(directory, { kind: 'key', publicKey: createKey().pem })).rejects.toThrow(
      refused('weights of plain', 'publisher: check signature', 'PUBLISHER_SIGNATURE'),
    )
  })

  it('[R9] refuse the boot when a file was swapped after it was signed', async () => {
    const directory = await modelFolder()
    const key = createKey()
    await writeFile(join(directory, 'model.sig'), JSON.stringify(key.sign(await payloadOf(directory))))
    await writeFile(join(directory, 'model.safetensors'), safetensors([1, 2, 3, 5]))
    await expect(start(directory, { kind: 'key', publicKey: key.pem })).rejects.toThrow(
      refused('check files', 'ARTIFACT_DIGEST_MISMATCH', 'model.safetensors'),
    )
  })

  it('refuse the boot when there is no signature, or no key', async () => {
    const directory = await modelFolder()
    const { pem } = createKey()
    await expect(start(directory, { kind: 'key', publicKey: pem })).rejects.toThrow(refused('model.sig cannot be read'))
    await writeFile(join(directory, 'model.sig'), '{}')
    await expect(start(directory, { kind: 'key', publicKey: 'none' })).rejects.toThrow(refused('weights of plain'))
  })
})

describe('weights that an identity must have signed', () => {
  it('are served when it did, and the session names it; another identity refuses the boot', async () => {
    const sigstore = await createSigstore()
    const directory = await modelFolder()
    const outside = await modelFolder({
      'trusted_root.json': sigstore.trustedRoot,
      'weights.sigstore.json': JSON.stringify(await sigstore.sign({ payload: await payloadOf(directory) })),
    })
    const trust = {
      kind: 'sigstore',
      bundleFile: join(outside, 'weights.sigstore.json'),
      identity: IDENTITY,
      issuer: ISSUER,
      trustedRootFile: join(outside, 'trusted_root.json'),
      trustedRootDigest: digestUri(sigstore.trustedRoot),
    } as const
    expect(await signerOf(await start(directory, trust))).toBe(IDENTITY)
    await expect(start(directory, { ...trust, identity: 'https://example.com/somebody' })).rejects.toThrow(
      refused('check identity', 'PUBLISHER_IDENTITY', 'example.com/somebody'),
    )
    // Under another root anybody could be that identity.
    const forged = await createSigstore()
    await writeFile(trust.trustedRootFile, forged.trustedRoot)
    await expect(start(directory, trust)).rejects.toThrow(refused('trustedRootDigest is'))
  })

  it('are named by mail where a person signed them', async () => {
    const sigstore = await createSigstore()
    const directory = await modelFolder()
    const identity = 'someone@example.com'
    const bundle = await sigstore.sign({ payload: await payloadOf(directory), identity })
    await writeFile(join(directory, 'model.sig'), JSON.stringify(bundle))
    const trustedRootFile = join(await modelFolder({ 'root.json': sigstore.trustedRoot }), 'root.json')
    const trustedRootDigest = digestUri(sigstore.trustedRoot)
    const fixture = await start(directory, {
      kind: 'sigstore',
      identity,
      issuer: ISSUER,
      trustedRootFile,
      trustedRootDigest,
    })
    expect(await signerOf(fixture)).toBe(`mailto:${identity}`)
  })
})
