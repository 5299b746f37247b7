/** Reads and judges the vectors under attestation-fixtures/snp. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHex } from '../../../src/core/encoding/bytes.ts'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import {
  createSnpRoots,
  decodeSnpPolicy,
  type SnpAttestation,
  type SnpEndorsements,
  type SnpExpectations,
  type SnpPolicy,
  type VcekEndorsements,
  verifySnpReport,
} from '../../../src/core/snp/index.ts'
import type { Verdict } from '../../../src/core/verdict.ts'
import { openVector, readBasePolicy, type TableVector, vectorNames } from '../../kit/vectors.ts'

const FOLDER = join('attestation-fixtures', 'snp')

export interface SnpFixture extends TableVector {
  readonly report: Uint8Array
  readonly endorsements: SnpEndorsements
  readonly policy: SnpPolicy
  readonly expectations: SnpExpectations
}

/** The policy of every good vector. */
export const basePolicy = (): JsonObject => readBasePolicy(FOLDER)

export const fixtureNames = (): readonly string[] => vectorNames(FOLDER)

export function readFixture(name: string): SnpFixture {
  const { vector, policy, head, file, end } = openVector(FOLDER, name)
  const fixture = {
    ...head,
    report: file('report.bin'),
    endorsements: readEndorsements(name),
    policy: decodeSnpPolicy(policy),
    expectations: {
      at: new Date(vector.string('at')),
      reportData: decodeHex(vector.string('reportData')),
      measurements: vector.strings('measurements'),
      roots: createSnpRoots({ roots: 'built-in', simulated: vector.strings('simulatedRoots') }),
    },
  }
  end()
  return fixture
}

/** `vcek.der` and `ask.der`, or `vlek.der` and `asvk.der`; `ark.der`; revocation lists where there are any. */
function readEndorsements(name: string): SnpEndorsements {
  const folder = join(FOLDER, name)
  const file = (part: string): Uint8Array => new Uint8Array(readFileSync(join(folder, part)))
  const lists = readdirSync(folder).filter((part) => /^crl-\d\.der$/.test(part))
  const shared = { ark: file('ark.der'), ...(lists.length > 0 && { crls: lists.map(file) }) }
  return existsSync(join(folder, 'vlek.der'))
    ? { vlek: file('vlek.der'), asvk: file('asvk.der'), ...shared }
    : { vcek: file('vcek.der'), ask: file('ask.der'), ...shared }
}

/** Those of a vector that a VCEK signed. */
export function vcekEndorsements({ name, endorsements }: SnpFixture): VcekEndorsements {
  if (!('vcek' in endorsements)) throw new TypeError(`${name} is not signed by a VCEK`)
  return endorsements
}

export function judgeFixture(fixture: SnpFixture, changes: Partial<SnpFixture> = {}): Promise<Verdict<SnpAttestation>> {
  const { report, endorsements, policy, expectations } = { ...fixture, ...changes }
  return verifySnpReport({ report }, endorsements, policy, expectations)
}
