/** What is remembered of issuers saves work, and decides nothing: each path is still judged by its own octets. */
import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { type PathProfile, verifyPath } from '../../../src/core/x509/index.ts'
import {
  type CertificateTemplate,
  issueCertificate,
  type Shape,
  spkiOf,
} from '../../../src/simulator/issue-certificate.ts'
import { AT, type Chain, makeChain, STRICT } from './issue.ts'

const judge = ({ path, roots }: Chain, profile: PathProfile = STRICT, at = AT) =>
  verifyPath(path, profile, { at, roots, revocation: 'unchecked' })
const failing = (code: string) => expect.objectContaining({ ok: false, code })
const flipped = (der: Uint8Array): Uint8Array => der.map((octet, at) => (at === der.length - 1 ? octet ^ 1 : octet))

/** Another leaf under issuers that are remembered by now. */
async function underKnown(): Promise<{ readonly known: Chain; readonly other: Chain }> {
  const known = makeChain(1)
  expect(await judge(known)).toMatchObject({ ok: true })
  const [leaf = new Uint8Array()] = makeChain(1).path
  return { known, other: { ...known, path: [leaf, ...known.path.slice(1)] } }
}

/** The root's name and fields under a key of its own: nobody below it is its issue. */
function rootOfOtherKey(): Uint8Array {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const templates: CertificateTemplate[] = []
  const keep: Shape = (template) => {
    templates.push(template)
    return template
  }
  makeChain(1, [undefined, undefined, keep])
  const [template] = templates
  if (template === undefined) throw new Error('no root was made')
  return issueCertificate({ ...template, spki: spkiOf(publicKey) }, privateKey)
}

describe('issuers that are remembered', () => {
  it('accepts another leaf of theirs, and not one whose signature was changed', async () => {
    const { other } = await underKnown()
    const [leaf = new Uint8Array(), ...issuers] = other.path
    expect(await judge({ ...other, path: [flipped(leaf), ...issuers] })).toEqual(failing('X509_BAD_SIGNATURE'))
    expect(await judge(other)).toMatchObject({ ok: true })
  })

  it('does not take a changed issuer for the one it knows', async () => {
    const { other } = await underKnown()
    const [leaf = new Uint8Array(), issuer = new Uint8Array(), root = new Uint8Array()] = other.path
    expect(await judge({ ...other, path: [leaf, flipped(issuer), root] })).toEqual(failing('X509_BAD_SIGNATURE'))
    const changedRoot = { ...other, path: [leaf, issuer, flipped(root)] }
    expect(await judge(changedRoot)).toEqual(failing('X509_UNTRUSTED_ROOT'))
  })

  it('asks for the signature again where another certificate stands above an issuer that it knows', async () => {
    const { other } = await underKnown()
    const root = rootOfOtherKey()
    const path = [...other.path.slice(0, 2), root]
    expect(await judge({ path, roots: [digestUri(root)] })).toEqual(failing('X509_BAD_SIGNATURE'))
  })

  it('judges roots, time and the rules of a profile anew', async () => {
    const { other } = await underKnown()
    expect(await judge({ ...other, roots: [] })).toEqual(failing('X509_UNTRUSTED_ROOT'))
    expect(await judge(other, STRICT, new Date(AT.getTime() + 2000))).toEqual(failing('X509_EXPIRED'))
    expect(await judge(other, { ...STRICT, issuerKeys: ['P-256'] })).toEqual(failing('X509_BAD_KEY'))
    expect(await judge(other)).toMatchObject({ ok: true })
  })
})
