/** `countersign verify` over genuine evidence as it is stored: folders with certificates and collateral, where they are at hand. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/verify.ts'
import { TDX_POLICY } from '../kit/permissive-policies.ts'

const VECTORS = join('..', 'shared', 'vectors')
const here = existsSync(VECTORS)
if (!here) process.stdout.write(`genuine vectors are not at hand (${VECTORS}): not tested\n`)

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'))

interface Case {
  readonly name: string
  readonly args: readonly string[]
  readonly accepted: boolean
}

/** Evidence with the folder that vouches for it, at its time. */
function cases(platform: string, file: string): readonly Case[] {
  if (!here) return []
  return readdirSync(join(VECTORS, platform)).flatMap((name) => {
    const folder = join(VECTORS, platform, name)
    const { expected } = json(join(folder, 'vector.json'))
    const evidence = join(folder, file)
    if (platform === 'tdx')
      return (expected.evaluations ?? []).map(
        (evaluation: { collateral: string; at: string; verdict: string }): Case => ({
          name: `${name}, ${evaluation.collateral.split('/').at(-1) ?? ''}`,
          args: [evidence, '--endorsements', join(folder, evaluation.collateral), '--as-of', evaluation.at],
          accepted: evaluation.verdict === 'accept',
        }),
      )
    if (expected.at === null) return []
    const vouching = platform === 'nitro' ? [] : ['--endorsements', folder]
    return [{ name, args: [evidence, ...vouching, '--as-of', expected.at], accepted: expected.verdict === 'accept' }]
  })
}

const ALL = [...cases('sev-snp', 'report.bin'), ...cases('tdx', 'quote.bin'), ...cases('nitro', 'document.cbor')]

describe.skipIf(!here)('genuine evidence', () => {
  let work: string
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'countersign-genuine-'))
    writeFileSync(join(work, 'policy.json'), JSON.stringify(openPolicy()))
  })
  afterAll(() => rmSync(work, { recursive: true, force: true }))

  it.each(ALL)('$name', async ({ args, accepted }) => {
    let out = ''
    const io = {
      out: (text: string) => {
        out += text
      },
      err: () => undefined,
      colour: false,
      progress: false,
      env: {},
      now: () => new Date(0),
    }
    const exit = await command.run([...args, '--policy', join(work, 'policy.json'), '--json'], io).catch(refused)
    if (accepted) expect(exit, out).toBe(0)
    else expect(exit, out).toBeGreaterThan(0)
  })
})

/** What is cut is recognised no more. Else anything thrown is a fault of the command. */
function refused(error: unknown): number {
  if (error instanceof UsageError && /derived-(?:empty|truncated)/.test(error.message)) return 2
  throw error
}

/** Whatever is not authenticity is left to a policy. */
function openPolicy(): object {
  const snp = json('attestation-fixtures/snp/policy.json')
  const bits = Object.keys(snp.platformInfo).map((bit) => [bit, 'unchecked'])
  return {
    ...json('attestation-fixtures/answer/quoted/vector.json').policy,
    platforms: ['snp', 'tdx', 'nitro'],
    snp: {
      ...snp,
      signerKinds: ['vcek', 'vlek'],
      vmpls: [0, 1, 2, 3],
      cxl: 'unchecked',
      platformInfo: { ...Object.fromEntries(bits), unknownBits: 'reported' },
      minimumTcb: 'unchecked',
      minimumLaunchTcb: 'unchecked',
      minimumCommittedTcb: 'unchecked',
      provisionalFirmware: 'allowed',
      revocation: 'unchecked',
    },
    tdx: TDX_POLICY,
    nitro: {
      ...json('attestation-fixtures/nitro/policy.json'),
      time: { maxAgeSeconds: 'unchecked', futureSkewSeconds: 300 },
    },
    eventLog: 'unchecked',
    audit: { time: 'unchecked', witnesses: 'unchecked' },
    measurements: 'unchecked',
    models: 'unchecked',
    dependencies: 'unchecked',
    engines: 'unchecked',
    dangerouslyTrustSimulatedRoots: [],
  }
}
