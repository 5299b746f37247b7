/** Genuine evidence from public repositories, and tampered copies of it, where the folder with it is at hand. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson, isJsonObject } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  createSnpRoots,
  decodeSnpEndorsements,
  decodeSnpPolicy,
  decodeSnpReport,
  encodeSnpEndorsements,
  type SnpEndorsements,
  verifySnpReport,
} from '../../../src/core/snp/index.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { basePolicy } from './fixture.ts'

const ROOTS = join('..', 'shared', 'vectors', 'roots')
const FOLDER = join('..', 'shared', 'vectors', 'sev-snp')
const here = existsSync(FOLDER)
if (!here) process.stdout.write(`genuine SEV-SNP vectors are not at hand (${FOLDER}): not tested\n`)

const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
/** What the vectors' own description asks for: everything that is not authenticity is left to a policy. */
const POLICY = decodeSnpPolicy({
  ...basePolicy(),
  signerKinds: ['vcek', 'vlek'],
  vmpls: [0, 1, 2, 3],
  cxl: 'unchecked',
  platformInfo: {
    aliasCheckComplete: 'unchecked',
    ecc: 'unchecked',
    tsme: 'unchecked',
    smt: 'unchecked',
    raplDisabled: 'unchecked',
    ciphertextHidingDram: 'unchecked',
    allowed: 'unchecked',
    unknownBits: 'reported',
  },
  minimumTcb: 'unchecked',
  minimumLaunchTcb: 'unchecked',
  minimumCommittedTcb: 'unchecked',
  provisionalFirmware: 'allowed',
})

const names = here ? readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'vector.json'))) : []

interface Genuine {
  readonly report: Uint8Array
  readonly endorsements: SnpEndorsements | undefined
  readonly generation: string
  readonly at: Date
  readonly accepted: boolean
  readonly reason: string
  /** Fields of the report by their names in the vector, hex. */
  readonly fields: Readonly<Record<string, string>>
}

function read(name: string): Genuine {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name, part)))
  const vector = new ObjectReader(decodeJson(file('vector.json'), { numbers: 'any' }), name, CODES)
  const expected = vector.object('expected')
  const listed = expected.has('measurements') ? expected.value('measurements') : {}
  const fields = isJsonObject(listed) ? Object.entries(listed).map(([field, value]) => [field, String(value)]) : []
  if (expected.has('report_data')) fields.push(['report_data', expected.string('report_data')])
  return {
    report: file('report.bin'),
    endorsements: readEndorsements(name),
    generation: vector.string('generation'),
    at: new Date(expected.value('at') === null ? Number.NaN : expected.string('at')),
    accepted: expected.oneOf('verdict', ['accept', 'reject']) === 'accept',
    reason: expected.string('reason'),
    fields: Object.fromEntries(fields),
  }
}

function readEndorsements(name: string): SnpEndorsements | undefined {
  const has = (part: string): boolean => existsSync(join(FOLDER, name, part))
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name, part)))
  if (has('vcek.der')) return { vcek: file('vcek.der'), ask: file('ask.der'), ark: file('ark.der') }
  return has('vlek.der') ? { vlek: file('vlek.der'), asvk: file('asvk.der'), ark: file('ark.der') } : undefined
}

/** What the sender of a vector must give; the one without certificates is judged apart. */
function endorsed(name: string): Genuine & { readonly endorsements: SnpEndorsements } {
  const vector = read(name)
  const { endorsements } = vector
  if (endorsements === undefined) throw new TypeError(`${name} has no certificates`)
  return { ...vector, endorsements }
}

/** The class that a reason begins with, and the code that is due for it. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^debug/, 'SNP_DEBUG_ALLOWED'],
  [/^bad signature|^r and s|^signature all zero/, 'SNP_BAD_SIGNATURE'],
  [/^wrong root/, 'X509_UNTRUSTED_ROOT'],
  [/^broken chain/, 'X509_CHAIN_BROKEN'],
  [/^forged VCEK/, 'X509_BAD_SIGNATURE'],
  [/expired/, 'X509_EXPIRED'],
  [/not yet valid/, 'X509_NOT_YET_VALID'],
  [/^empty report|^report is/, 'SNP_VERSION'],
  [/^no endorsement/, 'X509_CHAIN_BROKEN'],
]

function expectations(at: Date) {
  const roots = createSnpRoots({ roots: 'built-in', simulated: [] })
  return { at, reportData: 'unchecked', measurements: 'unchecked', roots } as const
}

/** Fields of a report under the names that vectors give them. */
function fieldsOf(report: Uint8Array): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(decodeSnpReport(report)).flatMap(([name, value]) =>
      value instanceof Uint8Array
        ? [[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), encodeHex(value)]]
        : [],
    ),
  )
}

describe.skipIf(!here)('genuine SEV-SNP evidence', () => {
  const counts = new Map<string, { accepted: number; refused: number }>()
  const count = (row: string, accepted: boolean): void => {
    const { accepted: yes, refused: no } = counts.get(row) ?? { accepted: 0, refused: 0 }
    counts.set(row, { accepted: yes + (accepted ? 1 : 0), refused: no + (accepted ? 0 : 1) })
  }
  afterAll(() => {
    const rows = [...counts].sort().map(([row, { accepted, refused }]) => `${row.padEnd(24)}${accepted}\t${refused}`)
    process.stdout.write(`${'platform generation'.padEnd(24)}accepted\trefused\n${rows.join('\n')}\n`)
  })

  it('is at hand in number, of both kinds of key and of every generation', () => {
    expect(names.length).toBeGreaterThan(45)
    expect(names.filter((name) => existsSync(join(FOLDER, name, 'vlek.der'))).length).toBeGreaterThanOrEqual(4)
    const accepted = new Set(names.map(read).flatMap(({ accepted, generation }) => (accepted ? [generation] : [])))
    expect([...accepted].sort()).toEqual(['genoa', 'milan', 'turin'])
  })

  for (const name of names) {
    it(`${name}: verdict, code, measurements and report data are those of the vector`, async () => {
      const { report, endorsements, generation, at, accepted, reason, fields } = read(name)
      const code = accepted ? 'accept' : REASONS.find(([pattern]) => pattern.test(reason))?.[1]
      if (endorsements === undefined) {
        expect(() => decodeSnpEndorsements(new Uint8Array())).toThrow(expect.objectContaining({ failure: code }))
        count(`sev-snp ${generation}`, false)
      } else {
        const verdict = await verifySnpReport({ report }, endorsements, POLICY, expectations(at))
        expect(verdict.ok ? 'accept' : verdict.code).toBe(code)
        expect(verdict.simulated).toBe(false)
        count(`sev-snp ${generation}`, verdict.ok)
        expect(decodeSnpEndorsements(encodeSnpEndorsements(endorsements))).toEqual(endorsements)
      }
      if (Object.keys(fields).length > 0) expect(fieldsOf(report)).toMatchObject(fields)
    })
  }

  it('[S13] names the cloud provider of a genuine VLEK, and rejects every other one', async () => {
    const { report, endorsements, at } = endorsed('milan-v3-vlek-aws-constellation')
    const judge = (cspId: string) =>
      verifySnpReport({ report }, endorsements, { ...POLICY, cspIds: [cspId] }, expectations(at))
    const verdict = await judge('CN=cc-eu-west-1.amazonaws.com')
    expect(verdict).toMatchObject({
      ok: true,
      value: { key: { kind: 'vlek', cspId: 'CN=cc-eu-west-1.amazonaws.com' } },
    })
    expect(await judge('CN=cc-us-east-2.amazonaws.com')).toMatchObject({ ok: false, code: 'SNP_SIGNER_KIND' })
  })

  it('[X2] a genuine chain takes no changed byte either', async () => {
    const { report, endorsements, at } = endorsed('turin-v5-oak')
    for (const [name, der] of Object.entries(endorsements)) {
      for (let offset = 0; offset < der.length; offset += 7) {
        const changed = der.map((octet: number, index: number) => (index === offset ? octet ^ 0x10 : octet))
        const verdict = await verifySnpReport(
          { report },
          { ...endorsements, [name]: changed },
          POLICY,
          expectations(at),
        )
        expect([name, offset, verdict.ok]).toEqual([name, offset, false])
      }
    }
  })
})

describe.skipIf(!here)("AMD's genuine revocation lists", () => {
  const required = { ...POLICY, revocation: 'required' } as const
  const lists = { milan: 'amd_crl_milan.der', genoa: 'amd_crl_genoa.der' } as const
  const crlOf = (product: keyof typeof lists): Uint8Array => new Uint8Array(readFileSync(join(ROOTS, lists[product])))

  const judge = (name: string, crls: readonly Uint8Array[], at: string) => {
    const { report, endorsements } = endorsed(name)
    return verifySnpReport({ report }, { ...endorsements, crls }, required, expectations(new Date(at)))
  }

  it.each([
    ['genoa-v5-oak', 'genoa', '2025-09-06T17:21:41Z'],
    ['milan-v3-oak-oc-release', 'milan', '2026-01-10T00:00:00Z'],
    ['milan-v3-vlek-trustee', 'milan', '2025-06-01T00:00:00Z'],
  ] as const)('[S18] accepts %s, whose issuer the list of %s does not name', async (name, product, at) => {
    const verdict = await judge(name, [crlOf('milan'), crlOf('genoa')], at)
    expect(failedCheck(verdict.checks)).toBeUndefined()
    expect(verdict.checks.find((check) => check.name === 'revocation')).toMatchObject({ status: 'pass' })
    expect(await judge(name, [crlOf(product)], at)).toMatchObject({ ok: true })
  })

  it.each([
    ['no list', 'genoa-v5-oak', [], '2025-09-06T17:21:41Z', 'CRL_MISSING'],
    ['the list of another product', 'genoa-v5-oak', ['milan'], '2025-09-06T17:21:41Z', 'CRL_MISSING'],
    ['a list before its time', 'milan-v3-vlek-trustee', ['milan'], '2025-01-09T22:14:21Z', 'CRL_EXPIRED'],
    ['a list after its time', 'genoa-v5-oak', ['genoa'], '2025-11-04T00:00:00Z', 'CRL_EXPIRED'],
  ] as const)('[S18] rejects a genuine report with %s', async (_, name, products, at, code) => {
    expect(await judge(name, products.map(crlOf), at)).toMatchObject({ ok: false, code })
  })

  it('[S18] rejects a list of which one byte was changed', async () => {
    const changed = crlOf('genoa').map((octet, index, all) => (index === all.length - 1 ? octet ^ 1 : octet))
    expect(await judge('genoa-v5-oak', [changed], '2025-09-06T17:21:41Z')).toMatchObject({
      ok: false,
      code: 'CRL_BAD_ISSUER',
    })
  })
})
