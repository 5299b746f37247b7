/** The JSON Schemas that editors use: they take what the decoders take, and refuse what a schema can see. */
import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { decodeLock } from '../../../src/core/lock.ts'
import { STRICT_NITRO_POLICY } from '../../../src/core/nitro/index.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { decodeRevocationList } from '../../../src/core/revocation/index.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { LOCK_SCHEMA, REVOCATIONS_SCHEMA } from '../../tools/schemas/lock.ts'
import { POLICY_SCHEMA } from '../../tools/schemas/policy.ts'

const ajv = new Ajv2020({ strict: true, strictRequired: false, strictTypes: false, allErrors: false })
const isPolicy = ajv.compile(POLICY_SCHEMA)
const isLock = ajv.compile(LOCK_SCHEMA)
const isList = ajv.compile(REVOCATIONS_SCHEMA)
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'))
const FIXTURES = 'attestation-fixtures'
const policy = read(`${FIXTURES}/policy/policy.json`)
const lock = read(`${FIXTURES}/policy/lock.json`)
const everything = read('docs/examples/evidence.policy.json')
const register = 'a'.repeat(96)
const digest = `sha256:${'b'.repeat(64)}`
const provenance = { issuer: 'https://issuer.example', identity: 'a@example.com', bundle: digest, subject: digest }
const rows = [
  { ...lock.rows[0], provenance },
  {
    ...lock.rows[0],
    platform: 'tdx',
    measurements: { mrTd: register, rtMr0: register, rtMr1: register, rtMr2: register },
  },
  {
    ...lock.rows[0],
    platform: 'nitro',
    measurements: { document: 'enclave', pcr0: register, pcr1: register, pcr2: register },
  },
]
const full = { ...lock, $schema: 'countersign.lock.schema.json', rows }
const list = {
  version: 1,
  number: 1,
  issuedAt: '2027-01-15T00:00:00Z',
  expiresAt: '2027-01-16T00:00:00Z',
  boots: [{ session: digest, reason: 'x' }],
  chips: [{ platform: 'nitro', id: 'i-0123456789abcdef0', reason: 'x' }],
  measurements: [{ platform: 'snp', measurements: { measurement: register }, reason: 'x' }],
  models: [{ digest, reason: 'x' }],
}

type Path = readonly (string | number)[]

interface Refused {
  readonly name: string
  readonly path: Path
  readonly value: unknown
}

function set(document: object, path: Path, value: unknown): object {
  const copy = structuredClone(document)
  let place: Record<string | number, unknown> = Object.assign(copy)
  for (const key of path.slice(0, -1)) place = Object.assign(place[key] ?? {})
  const last = path.at(-1) ?? ''
  if (value === undefined) delete place[last]
  else place[last] = value
  return copy
}

/** Paths of every object of a document. */
function objects(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return []
  const inner = Object.entries(value).flatMap(([key, item]) =>
    objects(item, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return Array.isArray(value) ? inner : [path, ...inner]
}

function at(document: object, path: Path): object {
  let place: Record<string | number, unknown> = Object.assign(document)
  for (const key of path) place = Object.assign(place[key] ?? {})
  return place
}

describe('the schemas that are shipped', () => {
  it.each([
    ['policy', POLICY_SCHEMA],
    ['lock', LOCK_SCHEMA],
    ['revocations', REVOCATIONS_SCHEMA],
  ])('are those of the tables: %s', async (name, schema) => {
    await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
      `../../../schemas/countersign.${name}.schema.json`,
    )
  })
})

describe('good documents', () => {
  const vectors = ['answer', 'challenge'].flatMap((folder) =>
    readdirSync(`${FIXTURES}/${folder}`).map((name) => read(`${FIXTURES}/${folder}/${name}/vector.json`)),
  )

  it('pass: policies and locks of every vector', () => {
    for (const vector of vectors) {
      expect(isPolicy(vector.policy)).toBe(true)
      expect(vector.lock === 'none' || isLock(vector.lock)).toBe(true)
    }
    expect(vectors.length).toBeGreaterThan(100)
  })

  it.each([
    ['the example policy', isPolicy, everything],
    ['a policy that names its schema', isPolicy, { $schema: 'x', ...policy }],
    ['a lock of all platforms', isLock, full],
    ['a list of revocations', isList, list],
  ])('pass: %s', (_, validate, document) => {
    expect(validate(document) || validate.errors).toBe(true)
  })

  it('decode too', () => {
    expect(decodePolicy(JSON.stringify({ $schema: 'x', ...policy })).revision).toBe(1)
    expect(decodePolicy(JSON.stringify(everything)).nitro?.document).toBe(STRICT_NITRO_POLICY.document)
    expect(decodeLock(JSON.stringify(full)).rows).toHaveLength(3)
    expect(decodeRevocationList(JSON.stringify(list)).number).toBe(1)
  })

  it('may name their schema in words only', () => {
    expect(failureOf(() => decodePolicy(JSON.stringify({ ...policy, $schema: 1 })))).toBe('POLICY_INVALID')
    expect(isPolicy({ ...policy, $schema: 1 })).toBe(false)
  })
})

/** What a schema cannot see, or need not: which lines make a quorum, and identities that are the same in another order. */
const UNSEEN = [
  'a quorum of nobody',
  'a quorum that nothing defines',
  'a witness whose key is no key',
  'a last day that is none',
]

describe('documents that the decoder refuses', () => {
  const refused: Readonly<Record<'cases' | 'lock', readonly Refused[]>> = read(`${FIXTURES}/policy/p3-fail.json`)
  const visible = (name: 'cases' | 'lock') => refused[name].filter(({ name: title }) => !UNSEEN.includes(title))

  it.each(visible('cases'))('[P3] fail the schema too: $name', ({ path, value }) => {
    expect(isPolicy(set(policy, path, value))).toBe(false)
  })

  it.each(visible('lock'))('[P3] fail the schema too: $name', ({ path, value }) => {
    expect(isLock(set(lock, path, value))).toBe(false)
  })
})

describe.each([
  ['policy', isPolicy, everything, decodePolicy],
  ['lock', isLock, full, decodeLock],
  ['revocations', isList, list, decodeRevocationList],
] as const)('schema and decoder of the %s', (_, validate, document, decode) => {
  const decodes = (value: object): boolean => {
    try {
      decode(JSON.stringify(value))
      return true
    } catch {
      return false
    }
  }

  it('know the same members, everywhere', () => {
    expect.hasAssertions()
    for (const path of objects(document)) {
      const unknown = set(document, [...path, 'surplus'], 'x')
      expect([path, validate(unknown), decodes(unknown)]).toEqual([path, false, false])
      for (const key of Object.keys(at(document, path))) {
        const lacking = set(document, [...path, key], undefined)
        expect([path, key, validate(lacking)]).toEqual([path, key, decodes(lacking)])
      }
    }
  })
})
