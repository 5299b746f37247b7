/**
 * C2SP/x509-limbo, where the suite is at hand: our paths accept none of its invalid chains, but for what no profile of ours looks at
 * (host names, key purposes, key identifiers, revocation lists); each kind is counted.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { decodePem } from '../../../src/core/encoding/pem.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import { type Certificate, decodeCertificate, type PathProfile, verifyPath } from '../../../src/core/x509/index.ts'
import { MalformedError } from '../../../src/errors.ts'

const FILE = join('..', 'shared', 'suites', 'x509-limbo', 'limbo.json')
const here = existsSync(FILE)
if (!here) process.stdout.write(`x509-limbo is not at hand (${FILE}): not tested\n`)

const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1'
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2'
const PROFILE: PathProfile = {
  name: 'x509-limbo',
  minLength: 2,
  maxLength: 6,
  maxIntermediates: 4,
  maxCertificateSize: 16_384,
  maxPathSize: 65_536,
  algorithms: ['ES256', 'ES384'],
  explicitTrailerField: 'refused',
  leafKeys: ['P-256', 'P-384'],
  issuerKeys: ['P-256', 'P-384'],
  leafSerialZero: 'refused',
  leafKeyUsage: 'optional',
  extendedKeyUsage: { purpose: SERVER_AUTH, leaf: 'optional' },
  keyIdentifiers: 'required',
  criticalExtensions: ['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.37'],
  revocable: 'leaf-and-issuers',
}

/** What our profiles leave to others, by the beginning of a case's id: such cases are not judged. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  'host names': ['webpki::san::', 'webpki::cn::', 'rfc5280::san::'],
  'name constraints': ['rfc5280::nc::', 'webpki::nc::'],
}
/** Valid by RFC 5280 and refused here, by id. */
const STRICTER: Readonly<Record<string, string>> = {
  'crl::issuer-no-keyusage-extension': 'an issuer must say keyCertSign',
  'pathlen::validation-ignores-pathlen-in-leaf': 'a CA is no leaf',
  'rfc5280::root-and-intermediate-swapped': 'a root issues itself',
}

interface Case {
  readonly id: string
  readonly expected: 'SUCCESS' | 'FAILURE'
  readonly at: Date
  readonly leaf: Uint8Array
  readonly intermediates: readonly Uint8Array[]
  readonly roots: readonly Uint8Array[]
  readonly crls: readonly Uint8Array[]
  readonly profile: PathProfile
}

function readCases(): readonly Case[] {
  const suite = new ObjectReader(decodeJson(readFileSync(FILE), { maxSize: 1 << 24, numbers: 'any' }), 'limbo', CODES)
  const der = (pem: string, label = 'CERTIFICATE'): Uint8Array => decodePem(pem, label)[0] ?? new Uint8Array()
  return suite.array('testcases').map((value) => {
    const reader = new ObjectReader(value, 'case', CODES)
    return {
      id: reader.string('id'),
      expected: reader.oneOf('expected_result', ['SUCCESS', 'FAILURE']),
      at: new Date(
        reader.value('validation_time') === null ? '2026-11-01T00:00:00Z' : reader.string('validation_time'),
      ),
      leaf: der(reader.string('peer_certificate')),
      intermediates: reader.strings('untrusted_intermediates').map((pem) => der(pem)),
      roots: reader.strings('trusted_certs').map((pem) => der(pem)),
      crls: reader.strings('crls').map((pem) => der(pem, 'X509 CRL')),
      profile: profileOf(reader),
    }
  })
}

/** The suite of the web asks for a purpose of the leaf, RFC 5280 does not; some cases bound the path. */
function profileOf(reader: ObjectReader): PathProfile {
  const depth = reader.value('max_chain_depth')
  return {
    ...PROFILE,
    maxIntermediates: typeof depth === 'number' ? depth : PROFILE.maxIntermediates,
    extendedKeyUsage: {
      purpose: reader.string('validation_kind') === 'CLIENT' ? CLIENT_AUTH : SERVER_AUTH,
      leaf: reader.string('id').startsWith('webpki::') ? 'required' : 'optional',
    },
  }
}

/** Every way up by names from the leaf to a trusted root: we validate paths and do not build them. */
function pathsOf({ leaf, intermediates, roots }: Case): readonly (readonly Uint8Array[])[] {
  const decoded = new Map<Uint8Array, Certificate>()
  for (const raw of [leaf, ...intermediates, ...roots]) decoded.set(raw, decodeCertificate(raw))
  const name = (raw: Uint8Array, which: 'subject' | 'issuer') => encodeHex(decoded.get(raw)?.[which].der ?? raw)
  const walk = (path: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] => {
    const issuer = name(path.at(-1) ?? leaf, 'issuer')
    const above = (candidates: readonly Uint8Array[]) => candidates.filter((raw) => name(raw, 'subject') === issuer)
    const ended = above(roots).map((root) => [...path, root])
    if (path.length >= PROFILE.maxLength) return ended
    const next = above(intermediates).filter((raw) => !path.includes(raw))
    return [...ended, ...next.flatMap((raw) => walk([...path, raw]))]
  }
  return walk([leaf])
}

async function judge(test: Case): Promise<'SUCCESS' | 'FAILURE'> {
  try {
    for (const path of pathsOf(test)) {
      const { ok } = await verifyPath(path, test.profile, {
        at: test.at,
        roots: test.roots.map(digestUri),
        revocation: test.crls.length === 0 ? 'unchecked' : { crls: test.crls },
      })
      if (ok) return 'SUCCESS'
    }
    return 'FAILURE'
  } catch (error) {
    if (error instanceof MalformedError) return 'FAILURE'
    throw error
  }
}

describe.skipIf(!here)('x509-limbo', () => {
  const cases = here ? readCases() : []
  const leftOut = ({ id }: Case): string | undefined =>
    Object.entries(LEFT_OUT).find(([, prefixes]) => prefixes.some((prefix) => id.startsWith(prefix)))?.[0]

  it('accepts no invalid chain, and refuses a valid one only for a reason that is written down', async () => {
    const wrong: string[] = []
    const counted = new Map<string, number>()
    const count = (reason: string): void => void counted.set(reason, (counted.get(reason) ?? 0) + 1)
    for (const test of cases) {
      const topic = leftOut(test)
      const verdict = await judge(test)
      const reason = verdict === test.expected ? undefined : STRICTER[test.id]
      if (topic !== undefined) count(`left out: ${topic}`)
      else if (verdict === test.expected) count('as the suite says')
      else if (reason !== undefined && verdict === 'FAILURE') count(`stricter: ${reason}`)
      else wrong.push(`${test.id}: expected ${test.expected}`)
    }
    expect(wrong).toEqual([])
    process.stdout.write(`x509-limbo: ${cases.length} cases: ${JSON.stringify(Object.fromEntries(counted))}\n`)
  })
})
