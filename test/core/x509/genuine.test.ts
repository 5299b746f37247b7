/** Every genuine certificate path at hand under its vendor's profile, and every genuine revocation list: what is strict must not refuse them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { sameBytes } from '../../../src/core/encoding/bytes.ts'
import { decodePem } from '../../../src/core/encoding/pem.ts'
import {
  AMD_PROFILE,
  type Crl,
  decodeCertificate,
  decodeCrl,
  INTEL_PCK_PROFILE,
  INTEL_SIGNING_PROFILE,
  matchCrlNumber,
  NITRO_PROFILE,
  type PathProfile,
  type Revocation,
  verifyPath,
} from '../../../src/core/x509/index.ts'

const FOLDER = join('..', 'shared', 'vectors')
const here = existsSync(FOLDER)
if (!here) process.stdout.write(`genuine certificate paths are not at hand (${FOLDER}): not tested\n`)

interface Vector {
  readonly name: string
  readonly at: Date
  readonly files: readonly string[]
}

const read = (...parts: readonly string[]): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, ...parts)))
const pem = (...parts: readonly string[]): readonly Uint8Array[] =>
  decodePem(readFileSync(join(FOLDER, ...parts), 'latin1'), 'CERTIFICATE')
const root = (file: string): string => digestUri(read('roots', file))

/** Vectors of a platform that hold genuine certificates: not those that were tampered with, nor those of forged chains. */
function genuine(platform: string, forged: readonly string[] = []): readonly Vector[] {
  const found: Vector[] = []
  for (const name of here ? readdirSync(join(FOLDER, platform)) : []) {
    if (name.startsWith('derived-') || forged.includes(name)) continue
    const { expected }: { expected: { at?: string } } = JSON.parse(
      readFileSync(join(FOLDER, platform, name, 'vector.json'), 'utf8'),
    )
    if (expected.at !== undefined)
      found.push({
        name: join(platform, name),
        at: new Date(expected.at),
        files: readdirSync(join(FOLDER, platform, name)),
      })
  }
  return found
}

const judge = (
  path: readonly Uint8Array[],
  profile: PathProfile,
  roots: readonly string[],
  at: Date,
  crls?: readonly Uint8Array[],
) => {
  const revocation: Revocation = crls === undefined ? 'unchecked' : { crls }
  return verifyPath(path, profile, { at, roots, revocation })
}
const passed = expect.objectContaining({ ok: true })

describe.skipIf(!here)('genuine certificate paths', () => {
  it('verify under the profile of AMD', async () => {
    const roots = ['milan', 'genoa', 'turin'].map((product) => root(`amd_ark_${product}.der`))
    const forged = ['milan-v2-forged-vcek-a', 'milan-v2-forged-vcek-b', 'milan-v2-wrong-vlek']
    const vectors = genuine('sev-snp', forged).filter(({ files }) => files.includes('ark.der'))
    expect(vectors.length).toBeGreaterThan(10)
    for (const { name, at, files } of vectors) {
      const [leaf, issuer] = files.includes('vlek.der') ? ['vlek.der', 'asvk.der'] : ['vcek.der', 'ask.der']
      const path = [leaf, issuer, 'ark.der'].map((file) => read(name, file))
      expect([name, await judge(path, AMD_PROFILE, roots, at)]).toEqual([name, passed])
    }
  })

  it('verify under the profile of AWS', async () => {
    const vectors = genuine('nitro', ['marlin-custom-root-pcr16'])
    expect(vectors.length).toBeGreaterThan(8)
    for (const { name, at, files } of vectors) {
      const bundle = files.filter((file) => file.startsWith('cabundle_')).sort()
      const path = ['leaf.der', ...bundle.reverse()].map((file) => read(name, file))
      const result = await judge(path, NITRO_PROFILE, [root('aws_nitro_enclaves_root_g1.der')], at)
      expect([name, result]).toEqual([name, passed])
    }
  })

  const INTEL_ROOTS = here ? [root('intel_sgx_root_ca.der')] : []
  const sets = here ? readdirSync(join(FOLDER, 'collateral')) : []
  const listsOf = (set: string): readonly Uint8Array[] =>
    ['pck_crl.der', 'root_ca_crl.der'].map((file) => read('collateral', set, file))
  const timeOf = (set: string): Date => {
    const { at }: { at: string } = JSON.parse(readFileSync(join(FOLDER, 'collateral', set, 'collateral.json'), 'utf8'))
    return new Date(at)
  }

  it('verify under the profile of Intel, with the lists of their time', async () => {
    const vectors = [...genuine('tdx'), ...genuine('sgx')].filter(({ files }) => files.includes('pck_chain.pem'))
    let covered = 0
    for (const { name, at } of vectors) {
      const path = pem(name, 'pck_chain.pem')
      const issuer = decodeCertificate(path[0] ?? new Uint8Array()).issuer.der
      expect([name, await judge(path, INTEL_PCK_PROFILE, INTEL_ROOTS, at)]).toEqual([name, passed])
      for (const set of sets) {
        const crls = listsOf(set)
        const same = crls.some((crl) => sameBytes(decodeCrl(crl).issuer.der, issuer))
        const result = await judge(path, INTEL_PCK_PROFILE, INTEL_ROOTS, timeOf(set), crls)
        if (!result.ok && ['X509_NOT_YET_VALID', 'X509_EXPIRED'].includes(result.code)) continue
        expect([name, set, result]).toEqual([
          name,
          set,
          same ? passed : expect.objectContaining({ code: 'CRL_MISSING' }),
        ])
        if (same) covered++
      }
    }
    expect(covered).toBeGreaterThan(20)
  })

  it('verify under the profile of Intel for collateral', async () => {
    expect(sets.length).toBeGreaterThan(10)
    for (const set of sets) {
      for (const chain of ['tcb_info_issuer_chain.pem', 'qe_identity_issuer_chain.pem']) {
        const path = pem('collateral', set, chain)
        const result = await judge(path, INTEL_SIGNING_PROFILE, INTEL_ROOTS, timeOf(set), listsOf(set))
        expect([set, chain, result]).toEqual([set, chain, passed])
      }
    }
  })

  it('verify with the lists of AMD, which name an ASK that was replaced', async () => {
    const roots = [root('amd_ark_milan.der'), root('amd_ark_genoa.der')]
    const lists = ['amd_crl_milan.der', 'amd_crl_genoa.der'].map((file) => read('roots', file))
    const at = new Date('2025-09-01T00:00:00Z')
    for (const name of ['genoa-v5-oak', 'milan-v3-oak-oc-release']) {
      const path = ['vcek.der', 'ask.der', 'ark.der'].map((file) => read('sev-snp', name, file))
      expect([name, await judge(path, AMD_PROFILE, roots, at, lists)]).toEqual([name, passed])
      expect(await judge(path, AMD_PROFILE, roots, new Date('2026-06-01T00:00:00Z'), lists)).toMatchObject({
        code: 'CRL_EXPIRED',
      })
    }
    expect(decodeCrl(lists[1] ?? new Uint8Array()).revoked.get('020001')).toEqual({
      date: new Date('2022-10-31T12:00:00Z'),
    })
  })

  it('[X18] take newer lists of Intel after older ones, and not the other way round', () => {
    const lists = sets.map((set) => decodeCrl(read('collateral', set, 'pck_crl.der')))
    const sameIssuer = (a: Crl, b: Crl): boolean => sameBytes(a.issuer.der, b.issuer.der)
    let compared = 0
    for (const older of lists)
      for (const newer of lists) {
        if (!sameIssuer(older, newer) || older.thisUpdate >= newer.thisUpdate) continue
        expect(matchCrlNumber(older, newer)).toEqual({ ok: true })
        expect(matchCrlNumber(newer, older)).toMatchObject({ ok: false, code: 'CRL_ROLLBACK' })
        compared++
      }
    expect(compared).toBeGreaterThan(10)
  })
})
