/** Rules of paths in a strict profile. Those of AMD's are in attestation-fixtures/snp. */
import { describe, expect, it } from 'vitest'
import { AMD_PROFILE, decodeCertificate, type PathProfile, verifyPath } from '../../../src/core/x509/index.ts'
import { type CertificateTemplate, caConstraints, keyUsage } from '../../../src/simulator/issue-certificate.ts'
import { AT, type Chain, makeChain, STRICT } from './issue.ts'

const judge = ({ path, roots }: Chain, profile: PathProfile = STRICT, at = AT) =>
  verifyPath(path, profile, { at, roots, revocation: 'unchecked' })
const failing = (code: string) => expect.objectContaining({ ok: false, code })

describe('verifyPath', () => {
  it.each([0, 1, 2])('accepts a path with %i intermediates', async (intermediates) => {
    const chain = makeChain(intermediates)
    const result = await judge(chain)
    expect(result).toMatchObject({ ok: true, rootFingerprint: chain.roots[0] })
    expect(result.ok && result.chain.map(({ subject }) => subject.text)).toHaveLength(intermediates + 2)
  })

  it('judges root and time anew for a path that it has proven', async () => {
    const chain = makeChain()
    expect(await judge(chain)).toMatchObject({ ok: true })
    expect(await judge({ ...chain, roots: [] })).toEqual(failing('X509_UNTRUSTED_ROOT'))
    expect(await judge(chain, STRICT, new Date(AT.getTime() + 2000))).toEqual(failing('X509_EXPIRED'))
    expect(await judge(chain, STRICT, new Date(AT.getTime() - 1001))).toEqual(failing('X509_NOT_YET_VALID'))
    expect(await judge(chain)).toMatchObject({ ok: true })
  })

  it('does not take what it proved under one profile for proven under another', async () => {
    const chain = makeChain()
    expect(await judge(chain)).toMatchObject({ ok: true })
    expect(await judge(chain, AMD_PROFILE)).toEqual(failing('X509_ALG_FORBIDDEN'))
  })

  it('[X13] takes both ends of the validity as inside', async () => {
    const chain = makeChain()
    expect(await judge(chain, STRICT, new Date(AT.getTime() - 1000))).toMatchObject({ ok: true })
    expect(await judge(chain, STRICT, new Date(AT.getTime() + 1999))).toMatchObject({ ok: true })
  })

  it('[X3] rejects an empty path and a root alone', async () => {
    const { path, roots } = makeChain()
    expect(await judge({ path: [], roots })).toEqual(failing('X509_CHAIN_BROKEN'))
    expect(await judge({ path: path.slice(-1), roots })).toEqual(failing('X509_CHAIN_BROKEN'))
  })

  it('[X1] trusts nothing without pinned roots, and no intermediate', async () => {
    const { path } = makeChain()
    expect(await judge({ path, roots: [] })).toEqual(failing('X509_UNTRUSTED_ROOT'))
    expect(await judge({ path: path.slice(0, 2), roots: makeChain().roots })).toEqual(failing('X509_CHAIN_BROKEN'))
  })

  it('[X5] counts intermediates against each path length', async () => {
    const limited = (place: number, length: number) =>
      makeChain(
        2,
        Array.from({ length: 4 }, (_, at) =>
          at === place ? (t) => ({ ...t, extensions: [caConstraints(length), keyUsage(0x04)] }) : undefined,
        ),
      )
    expect(await judge(limited(3, 2))).toMatchObject({ ok: true })
    expect(await judge(limited(3, 1))).toEqual(failing('X509_PATHLEN'))
    expect(await judge(limited(2, 1))).toMatchObject({ ok: true })
    expect(await judge(limited(2, 0))).toEqual(failing('X509_PATHLEN'))
    expect(await judge(limited(1, 0))).toMatchObject({ ok: true })
  })

  it('[X6] wants key usage on a leaf where the profile does', async () => {
    const chain = makeChain(0, [(t) => ({ ...t, extensions: [] })])
    expect(await judge(chain)).toEqual(failing('X509_KEY_USAGE'))
    expect(await judge(chain, { ...STRICT, leafKeyUsage: 'optional' })).toMatchObject({ ok: true })
  })

  it('[X9] wants a serial number on a leaf where the profile does', async () => {
    const chain = makeChain(0, [(t) => ({ ...t, serial: Uint8Array.of(0) })])
    expect(await judge(chain)).toEqual(failing('X509_MALFORMED'))
    expect(await judge(chain, { ...STRICT, leafSerialZero: 'allowed' })).toMatchObject({ ok: true })
  })

  it('[X19] rejects paths that are too long or too large before it reads them', async () => {
    const garbage = new Uint8Array(100)
    const limit = (path: readonly Uint8Array[]) => judge({ path, roots: [] })
    expect(await limit(Array.from({ length: 6 }, () => garbage))).toEqual(failing('X509_LIMIT'))
    expect(await limit([garbage, new Uint8Array(2049)])).toEqual(failing('X509_LIMIT'))
    expect(await limit([1, 2, 3].map(() => new Uint8Array(1400)))).toEqual(failing('X509_LIMIT'))
  })

  it('[X19] refuses more than 64 KiB, and takes no more than in proportion to what it judges', async () => {
    const wide: PathProfile = { ...STRICT, maxCertificateSize: 16_384, maxPathSize: 65_536 }
    const chainOf = (extensions: number) => {
      const padding = Array.from({ length: extensions }, (_, at) => ({ oid: `1.2.3.${at}`, value: new Uint8Array(5) }))
      const shape = (t: CertificateTemplate) => ({ ...t, extensions: [...t.extensions, ...padding] })
      return makeChain(2, [shape, shape, shape, shape])
    }
    const [few, most] = [chainOf(90), chainOf(900)]
    expect(most.path.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(50_000)
    const least = { few: Number.POSITIVE_INFINITY, most: Number.POSITIVE_INFINITY }
    for (let round = 0; round < 5; round += 1)
      for (const [name, chain] of [
        ['few', few],
        ['most', most],
      ] as const) {
        const begin = performance.now()
        expect(await judge(chain, wide)).toMatchObject({ ok: true })
        least[name] = Math.min(least[name], performance.now() - begin)
      }
    // Ten times as many: what compared each with each would take a hundred times as long.
    expect(least.most / least.few).toBeLessThan(30)
    const large = Array.from({ length: 5 }, () => new Uint8Array(13_200))
    expect(await judge({ path: large, roots: [] }, wide)).toEqual(failing('X509_LIMIT'))
  })

  it('[X20] rejects an ECDSA signature that is not DER', async () => {
    const { path, roots } = makeChain(0)
    const [leaf = new Uint8Array(), root = new Uint8Array()] = path
    // The certificate ends with SEQUENCE { r, s }; another tag in its place is no signature.
    const at = leaf.length - decodeCertificate(leaf).signature.length
    const broken = leaf.map((octet, index) => (index === at ? 0x31 : octet))
    expect(await judge({ path: [broken, root], roots })).toEqual(failing('SIG_MALFORMED'))
  })
})
