/** Policy and lock files: every field is required, nothing unknown passes, and every value has one form. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decodeLock, encodeLock, matchModel, matchRows } from '../../../src/core/lock.ts'
import { decodePolicy, witnessPolicyOf } from '../../../src/core/policy.ts'
import { failureOf } from '../../kit/failure-of.ts'
import { WITNESSES } from '../../kit/witness-quote.ts'

const read = (name: string) => JSON.parse(readFileSync(`attestation-fixtures/policy/${name}.json`, 'utf8'))
const policy = read('policy')
const lock = read('lock')
interface Refused {
  readonly name: string
  readonly path: Path
  readonly value: unknown
  readonly code: string
}

const refused: { readonly cases: readonly Refused[]; readonly lock: readonly Refused[] } = read('p3-fail')

type Path = readonly (string | number)[]

function set(document: object, path: Path, value: unknown): string {
  const copy = structuredClone(document)
  let place: Record<string | number, unknown> = Object.assign(copy)
  for (const key of path.slice(0, -1)) place = Object.assign(place[key] ?? {})
  const last = path.at(-1) ?? ''
  if (value === undefined) delete place[last]
  else place[last] = value
  return JSON.stringify(copy)
}

/** Every member of every object, but those of tables whose keys are data. */
function members(document: object, path: Path = []): readonly Path[] {
  return Object.entries(document).flatMap(([key, value]) => {
    const here = [...path, key]
    const isTable = /^minimum.*Tcb$/.test(key)
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !isTable
      ? [here, ...members(value, here)]
      : [here]
  })
}

describe('policy', () => {
  it('[P1] decodes the good policy', () => {
    expect(decodePolicy(JSON.stringify(policy)).grade).toBe('quoted')
  })

  it.each(members(policy).map((path) => path.join('.')))('[P1] rejects a policy without %s', (name) => {
    expect(failureOf(() => decodePolicy(set(policy, name.split('.'), undefined)))).toBe('POLICY_INCOMPLETE')
  })

  it.each(refused.cases)('[P3] rejects $name', ({ path, value, code }) => {
    expect(failureOf(() => decodePolicy(set(policy, path, value)))).toBe(code)
  })

  it('[P1] takes pins for the roles that are named, and for engines', () => {
    const dependencies = { tokenizer: [`sha256:${'0'.repeat(64)}`, 'none'], 'memory-after': ['none'] }
    const engines = [
      { name: 'vllm', version: '0.11.0', determinism: 'unchecked' },
      { name: 'countersign', version: '1.0.0', determinism: 'bit-exact' },
    ]
    expect(decodePolicy(JSON.stringify({ ...policy, dependencies, engines }))).toMatchObject({ dependencies, engines })
  })

  it.each(['dependencies', 'engines'])(
    '[P1] names %s to whoever holds an older policy, and says what to write',
    (name) => {
      const decode = (): unknown => decodePolicy(set(policy, [name], undefined))
      expect(decode).toThrow(`policy.${name} is missing: write "unchecked" to leave the check out`)
    },
  )

  it('reads the witnesses again where the lines of a policy are others than before', () => {
    const lines = [...WITNESSES]
    expect(witnessPolicyOf(lines).quorum).toBe('some')
    lines.splice(0, lines.length, ...WITNESSES.map((line) => line.replace(/^quorum .*$/, 'quorum w1')))
    expect(witnessPolicyOf(lines).quorum).toBe('w1')
  })

  it('[P1] takes the lines of a witness policy as they stand', () => {
    const lines = ['# two of three', ...WITNESSES]
    const decoded = decodePolicy(set(policy, ['audit', 'witnesses'], lines))
    expect(decoded.audit.witnesses).toEqual(lines)
    expect(witnessPolicyOf(WITNESSES)).toMatchObject({ quorum: 'some', witnesses: [{ name: 'w1' }, {}, {}] })
  })

  it('[P3] rejects a key that is there twice', () => {
    expect(failureOf(() => decodePolicy(JSON.stringify(policy).replace('{', '{"version":1,')))).toBe(
      'JSON_DUPLICATE_KEY',
    )
  })
})

describe('lock', () => {
  it('re-encodes to itself, sorted, one measurement a line', () => {
    const text = encodeLock(decodeLock(JSON.stringify(lock)))
    expect(encodeLock(decodeLock(text))).toBe(text)
    expect(text.split('\n').filter((line) => line.includes('"measurement":'))).toHaveLength(1)
  })

  it.each(['version', 'revision', 'rows'])('[P1] rejects a lock without %s', (key) => {
    expect(failureOf(() => decodeLock(set(lock, [key], undefined)))).toBe('POLICY_INCOMPLETE')
  })

  it.each(Object.keys(lock.rows[0]))('[P1] rejects a row without %s', (key) => {
    expect(failureOf(() => decodeLock(set(lock, ['rows', 0, key], undefined)))).toBe('POLICY_INCOMPLETE')
  })

  it.each(refused.lock)('[P3] rejects $name', ({ path, value, code }) => {
    expect(failureOf(() => decodeLock(set(lock, path, value)))).toBe(code)
  })

  it('re-encodes a row with its provenance to itself', () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const provenance = {
      issuer: 'https://issuer.example',
      identity: 'https://example.com/a@refs/tags/v1',
      bundle: digest,
    }
    const text = set(lock, ['rows', 0, 'provenance'], { ...provenance, subject: digest })
    const [row] = decodeLock(encodeLock(decodeLock(text))).rows
    expect(row?.provenance).toEqual({ ...provenance, subject: digest })
  })

  it('refuses a lock that is older than one that was in use', () => {
    const text = JSON.stringify({ ...lock, revision: 7 })
    expect(decodeLock(text, { atLeast: 7 }).revision).toBe(7)
    expect(failureOf(() => decodeLock(text, { atLeast: 8 }))).toBe('PIN_ROLLBACK')
  })

  it('matches rows as tuples, never a revoked one', () => {
    const a = 'a'.repeat(96)
    const b = 'b'.repeat(96)
    const config = `sha256:${'c'.repeat(64)}`
    const model = { name: 'm', digest: `sha256:${'d'.repeat(64)}` }
    const row = {
      platform: 'snp',
      shape: '-',
      status: 'active',
      notAfter: 'none',
      provenance: 'none',
      measurements: { measurement: a },
      config,
      models: [model],
    } as const
    const rows = {
      version: 1,
      revision: 1,
      minimumPolicyRevision: 0,
      rows: [
        row,
        { ...row, measurements: { measurement: b }, status: 'revoked' },
        { ...row, status: 'next', config: `sha256:${'e'.repeat(64)}`, models: [{ ...model, name: 'n' }] },
      ],
    } as const
    const at = new Date('2027-01-15T08:00:00Z')
    const seen = (measurement: string) => ({ platform: 'snp', measurements: { measurement } }) as const
    const matched = matchRows(rows, { seen: seen(a), config, at })
    expect(matched).toEqual({ ok: true, rows: [row] })
    expect(matchRows(rows, { seen: seen(b), config, at })).toMatchObject({
      ok: false,
      code: 'MEASUREMENT_RETIRED',
    })
    expect(matchRows(rows, { seen: seen('f'.repeat(96)), config, at })).toMatchObject({
      ok: false,
      code: 'MEASUREMENT_MISMATCH',
    })
    expect(matchRows(rows, { seen: seen(a), config: `sha256:${'0'.repeat(64)}`, at })).toMatchObject({
      ok: false,
      code: 'CONFIG_UNMEASURED',
    })
    expect(matchModel(rows, [row], model)).toMatchObject({ ok: true })
    expect(matchModel(rows, [row], { ...model, name: 'n' })).toMatchObject({ ok: false, code: 'POLICY_TUPLE' })
    expect(matchModel(rows, [row], { ...model, digest: 'none' })).toMatchObject({ ok: false, code: 'MODEL_MISMATCH' })
  })
})
