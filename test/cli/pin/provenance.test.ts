/** `countersign pin --provenance`: who built a row is what a bundle proves, and nothing else. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { command } from '../../../src/cli/commands/pin.ts'
import { decodeLock, type LockRow } from '../../../src/core/lock.ts'
import type { Measurements } from '../../../src/core/measurement/measurements.ts'
import { encodePublished } from '../../../src/core/measurement/published.ts'
import { startTestGateway, type TestGateway } from '../../kit/gateway.ts'
import { createSigstore, IDENTITY, ISSUER, type Sigstore } from '../../kit/sigstore.ts'
import { runCommand } from '../run-command.ts'

const SLSA = 'https://slsa.dev/provenance/v1'
const OTHER: Measurements = { platform: 'snp', measurements: { measurement: 'e'.repeat(96) } }
const SHAPE = 'qemu 10, EPYC-v4, 4 vCPUs'

let gateway: TestGateway
let sigstore: Sigstore
let row: LockRow
let folder: string
beforeAll(async () => {
  gateway = await startTestGateway()
  sigstore = await createSigstore()
  const [first] = decodeLock(gateway.lockText).rows
  if (first === undefined) throw new Error('the gateway has a row')
  row = first
})
afterAll(() => gateway.close())
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-provenance-'))
  writeFileSync(file('policy.json'), gateway.policyText)
  writeFileSync(file('root.json'), sigstore.trustedRoot)
})
afterEach(() => rmSync(folder, { recursive: true }))

const file = (name: string): string => join(folder, name)
const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex')

function release(...images: readonly (readonly [Measurements, string])[]): Uint8Array {
  const source = { repository: 'https://github.com/example/gateway', commit: 'ab'.repeat(20) }
  return Buffer.from(
    encodePublished({
      version: 1,
      release: 'v1.2.3',
      source,
      images: images.map(([measured, shape], i) => ({
        ...measured,
        shape,
        name: `image-${i}.efi`,
        digest: `sha256:${'01'.repeat(32)}`,
      })),
    }),
  )
}

interface Signed {
  readonly issuer?: string
  readonly identity?: string
  /** What the bundle is about, where it is not what is given. */
  readonly about?: Uint8Array
  readonly predicateType?: string
}

async function write(published: Uint8Array, { about = published, predicateType = SLSA, ...signer }: Signed = {}) {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'measurements.json', digest: { sha256: sha256(about) } }],
    predicateType,
    predicate: {},
  }
  const bundle = Buffer.from(
    JSON.stringify(await sigstore.sign({ payload: Buffer.from(JSON.stringify(statement)), ...signer })),
  )
  writeFileSync(file('bundle.json'), bundle)
  writeFileSync(file('measurements.json'), published)
  return bundle
}

const proof = (): readonly string[] => [
  ...['--provenance', file('bundle.json'), '--measurements', file('measurements.json')],
  ...['--trusted-root', file('root.json'), '--issuer', ISSUER, '--identity', IDENTITY],
]
const pin = (...args: readonly string[]) =>
  runCommand(command, [...args, '--policy', file('policy.json'), '--lock', file('lock.json')])
const rows = (): readonly LockRow[] => decodeLock(readFileSync(file('lock.json'), 'utf8')).rows
const measured = (change: object = {}): string => {
  const [text] = JSON.parse(gateway.lockText).rows
  return `${JSON.stringify({ ...text, measurements: OTHER.measurements, status: 'next', ...change })}\n`
}

describe('countersign pin --provenance', () => {
  it('fills in who built the rows that were calculated, and their shape from the release', async () => {
    const published = release([row, 'another machine'], [OTHER, SHAPE])
    const bundle = await write(published)
    writeFileSync(file('rows'), measured({ shape: 'what somebody called it' }))
    expect((await pin('--measured', file('rows'), ...proof())).exit).toBe(0)
    const provenance = {
      issuer: ISSUER,
      identity: IDENTITY,
      bundle: `sha256:${sha256(bundle)}`,
      subject: `sha256:${sha256(published)}`,
    }
    expect(rows()).toMatchObject([{ ...OTHER, status: 'next', shape: SHAPE, provenance }])
  })

  it('does so for what a gateway shows, still marked as simulated', async () => {
    await write(release([row, SHAPE]))
    expect((await pin(gateway.base, ...proof())).exit).toBe(0)
    expect(rows()).toMatchObject([{ shape: `simulated: ${SHAPE}`, provenance: { identity: IDENTITY } }])
  })

  it('makes rows of a release, each with the configuration and the models that are named', async () => {
    await write(release([row, 'a'], [OTHER, 'b'], [OTHER, 'c']))
    const named = ['--config', row.config, '--model', `llama=sha256:${'7'.repeat(64)}`]
    expect((await pin('--measured', file('measurements.json'), ...named, ...proof())).exit).toBe(0)
    expect(rows()).toMatchObject([
      { ...row, status: 'next', shape: 'a', models: [{ name: 'llama' }], provenance: { identity: IDENTITY } },
      { ...OTHER, status: 'next', shape: 'b | c', config: row.config },
    ])
  })

  it.each<[string, string, Signed]>([
    ['another issuer vouches for', 'PROVENANCE_ISSUER', { issuer: 'https://issuer.example' }],
    ['an identity signed that begins with the wanted one', 'PROVENANCE_IDENTITY', { identity: `${IDENTITY}-evil` }],
    [
      'an identity signed of another ref',
      'PROVENANCE_IDENTITY',
      { identity: IDENTITY.replace('heads/main', 'heads/x') },
    ],
    ['is about another measurements.json', 'PROVENANCE_DIGEST', { about: Buffer.from('another release') }],
    ['is no provenance', 'PROVENANCE_FORMAT', { predicateType: 'https://slsa.dev/verification_summary/v1' }],
  ])('[B1] pins nothing by a bundle that %s', async (_, code, signed) => {
    await write(release([row, SHAPE]), signed)
    const { exit, out, err } = await pin(gateway.base, ...proof())
    expect(exit).toBe(1)
    expect(out).toContain(code)
    expect(err).toContain('nothing is pinned')
    expect(readdirSync(folder)).not.toContain('lock.json')
  })

  it('[B2] pins no row where one of them is not in the release', async () => {
    await write(release([OTHER, SHAPE]))
    writeFileSync(file('rows'), measured() + measured({ measurements: { measurement: 'f'.repeat(96) } }))
    const { exit, out } = await pin('--measured', file('rows'), ...proof())
    expect(exit).toBe(1)
    expect(out).toContain('PROVENANCE_MEASUREMENT')
    expect(readdirSync(folder)).not.toContain('lock.json')
  })

  it('pins nothing by a bundle under the root of another Sigstore', async () => {
    await write(release([row, SHAPE]))
    writeFileSync(file('root.json'), (await createSigstore()).trustedRoot)
    expect((await pin(gateway.base, ...proof())).exit).toBe(1)
  })

  it.each(['without a bundle', 'beside one'])('refuses a row that claims provenance, %s', async (how) => {
    await write(release([OTHER, SHAPE]))
    const digest = `sha256:${'b'.repeat(64)}`
    writeFileSync(
      file('rows'),
      measured({ provenance: { issuer: ISSUER, identity: IDENTITY, bundle: digest, subject: digest } }),
    )
    const args = how === 'beside one' ? proof() : []
    await expect(pin('--measured', file('rows'), ...args)).rejects.toMatchObject({ failure: 'PROVENANCE_FORMAT' })
  })

  it.each<[string, () => readonly string[]]>([
    ['half of who built it', () => [gateway.base, ...proof().slice(0, -2)]],
    ['no bundle', () => [gateway.base, '--trusted-root', file('root.json')]],
    ['a shape of its own', () => [gateway.base, '--shape', 'mine', ...proof()]],
    ['a configuration of its own', () => [gateway.base, '--config', row.config]],
    ['a release without its configuration', () => ['--measured', file('measurements.json'), ...proof()]],
    ['rows and a configuration', () => ['--measured', file('rows'), '--config', row.config]],
    ['rows and a status', () => ['--measured', file('rows'), '--status', 'active']],
  ])('refuses %s', async (_, args) => {
    await write(release([row, SHAPE]))
    writeFileSync(file('rows'), measured())
    await expect(pin(...args())).rejects.toMatchObject({ code: 'ERR_USAGE' })
    expect(readdirSync(folder)).not.toContain('lock.json')
  })
})
