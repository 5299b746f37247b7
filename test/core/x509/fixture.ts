/** Reads and judges the vectors under attestation-fixtures/x509. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import {
  INTEL_PCK_PROFILE,
  INTEL_SIGNING_PROFILE,
  NITRO_PROFILE,
  type PathOptions,
  type PathProfile,
  type PathResult,
  verifyPath,
} from '../../../src/core/x509/index.ts'

const FOLDER = join('attestation-fixtures', 'x509')
const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
const PROFILES = {
  'intel-pck': INTEL_PCK_PROFILE,
  'intel-signing': INTEL_SIGNING_PROFILE,
  nitro: NITRO_PROFILE,
} as const

export interface PathFixture {
  readonly name: string
  readonly row: string
  readonly title: string
  /** From leaf to root. */
  readonly path: readonly Uint8Array[]
  readonly profile: PathProfile
  readonly options: PathOptions
  /** The code of the failure; undefined for a good vector. */
  readonly code: string | undefined
}

export function fixtureNames(): readonly string[] {
  return readdirSync(FOLDER)
}

export function readFixture(name: string): PathFixture {
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, name, part)))
  const vector = new ObjectReader(decodeJson(file('vector.json')), name, CODES)
  if (vector.string('name') !== name) throw new Error(`${name}/vector.json names another vector`)
  const expected = vector.object('expect')
  const revocation = vector.value('crls') === 'unchecked' ? 'unchecked' : { crls: vector.strings('crls').map(file) }
  const fixture = {
    name,
    row: vector.string('row'),
    title: vector.string('title'),
    path: vector.strings('path').map(file),
    profile: PROFILES[vector.oneOf('profile', ['intel-pck', 'intel-signing', 'nitro'])],
    options: { at: new Date(vector.string('at')), roots: vector.strings('roots'), revocation } as const,
    code: expected.boolean('ok') ? undefined : expected.string('code'),
  }
  for (const reader of [vector, expected]) reader.end()
  return fixture
}

export function judgeFixture(
  { path, profile, options }: PathFixture,
  changes: Partial<PathOptions> = {},
): Promise<PathResult> {
  return verifyPath(path, profile, { ...options, ...changes })
}
