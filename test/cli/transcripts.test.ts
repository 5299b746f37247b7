/** Transcripts of the built command line: what it prints, where, and its exit code. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { deflateSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { decodeArchive, encodeArchive } from '../../src/core/archive/index.ts'
import { encodeSnpEndorsements } from '../../src/core/snp/index.ts'
import { exampleConfig } from '../../src/server/config/index.ts'

interface Step {
  readonly command: string
  readonly exit: number
  readonly out: readonly RegExp[]
  readonly err: readonly RegExp[]
}

const MAIN = resolve('dist/cli/main.js')
const FIXTURES = resolve('attestation-fixtures')
const DATA = 'test/cli/testdata'

function parse(text: string): readonly Step[] {
  return text
    .split('\n\n')
    .map((block) => block.split('\n').filter((line) => line !== '' && !line.startsWith('#')))
    .filter((lines) => lines.length > 0)
    .map((lines) => {
      const of = (prefix: string): readonly RegExp[] =>
        lines
          .filter((line) => line.startsWith(`${prefix}: `))
          .map((line) => new RegExp(line.slice(prefix.length + 2), 'm'))
      const command =
        lines
          .find((line) => line.startsWith('$ countersign'))
          ?.slice('$ countersign'.length)
          .trim() ?? ''
      const exit = Number(lines.find((line) => line.startsWith('exit '))?.slice('exit '.length))
      return { command, exit, out: of('out'), err: of('err') }
    })
}

function run(
  args: readonly string[],
  cwd: string,
): Promise<{ readonly exit: number; readonly out: string; readonly err: string }> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...args],
      { cwd, env: { PATH: process.env['PATH'] ?? '' } },
      (_error, out, err) => done({ exit: child.exitCode ?? -1, out, err }),
    )
  })
}

/** Policies for bare evidence of each platform, and evidence in the forms in which it is found. */
function writeEvidence(write: (name: string, content: string | Uint8Array) => void, base: object): void {
  const json = (path: string): Record<string, object> => JSON.parse(readFileSync(`${FIXTURES}/${path}`, 'utf8'))
  const bytes = (path: string): Buffer => readFileSync(`${FIXTURES}/${path}`)
  const tdx = {
    ...base,
    platforms: ['tdx'],
    tdx: json('tdx/policy.json'),
    eventLog: 'unchecked',
    dangerouslyTrustSimulatedRoots: json('tdx/expectations.json')['simulatedRoots'],
  }
  write('tdx.policy.json', JSON.stringify(tdx))
  write('tdx-foreign.policy.json', JSON.stringify({ ...tdx, dangerouslyTrustSimulatedRoots: [] }))
  write('tdx-log.policy.json', JSON.stringify({ ...tdx, eventLog: { replay: [3], required: 'unchecked' } }))
  write(
    'nitro.policy.json',
    JSON.stringify({
      ...base,
      platforms: ['nitro'],
      nitro: json('nitro/policy.json'),
      dangerouslyTrustSimulatedRoots: json('nitro/enclave/vector.json')['simulatedRoots'],
    }),
  )
  const snp = json('snp/policy.json')
  write('revocation.policy.json', JSON.stringify({ ...base, snp: { ...snp, revocation: 'required' } }))
  const report = bytes('snp/genoa-v3/report.bin')
  write('report.hex', `${report.toString('hex')}\n`)
  write(
    'report.gz.b64',
    `${(
      gzipSync(report)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\r\n')}\n`,
  )
  write('document.zlib', deflateSync(bytes('nitro/enclave/document.cbor')))
  write('loose.b64', `${bytes('nitro/enclave/document.cbor').toString('base64').slice(0, -5)}\n`)
  write('sgx.bin', Uint8Array.of(3, 0, 2, 0, ...new Uint8Array(428)))
  write('nvidia.bin', Uint8Array.of(0x11, 0xe0, ...new Uint8Array(100)))
  write('hcl.bin', Buffer.from(`HCLA${'\0'.repeat(28)}`))
  write('truncated.bin', bytes('tdx/shared/platform/quote.bin').subarray(0, 700))
  write('altered.bin', Buffer.from(report).fill(1, 0x4c, 0x4d))
  write('document.cut', bytes('nitro/enclave/document.cbor').subarray(0, 3000))
  const [vcek, ask, ark] = ['vcek', 'ask', 'ark'].map((name) => new Uint8Array(bytes(`snp/genoa-v3/${name}.der`)))
  if (vcek && ask && ark) write('table.bin', encodeSnpEndorsements({ vcek, ask, ark }))
  write('stored.json', JSON.stringify(storedCollateral(bytes)))
}

/** Collateral in one file, as other verifiers store it. */
function storedCollateral(bytes: (path: string) => Buffer): object {
  const of = (name: string): Buffer => bytes(`tdx/shared/platform/${name}`)
  return {
    pck_crl_issuer_chain: '',
    root_ca_crl: of('root-ca-crl.der').toString('hex'),
    pck_crl: [...of('pck-crl.der')],
    tcb_info_issuer_chain: of('tcb-info-issuers.pem').toString(),
    tcb_info: of('tcb-info.json').toString(),
    tcb_info_signature: of('tcb-info.sig').toString('hex'),
    qe_identity_issuer_chain: of('qe-identity-issuers.pem').toString(),
    qe_identity: of('qe-identity.json').toString(),
    qe_identity_signature: of('qe-identity.sig').toString('hex'),
  }
}

/** A list that one may sign now. */
function revokedModel(now: Date): object {
  const instant = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}/, '')
  return {
    version: 1,
    number: 7,
    issuedAt: instant(now.getTime() - 1000),
    expiresAt: instant(now.getTime() + 86_400_000),
    boots: [],
    chips: [],
    measurements: [],
    models: [{ digest: `sha256:${'0'.repeat(64)}`, reason: 'weights were stolen' }],
  }
}

describe('command line', () => {
  let work: string

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'countersign-cli-'))
    const vector = JSON.parse(readFileSync(`${FIXTURES}/answer/quoted/vector.json`, 'utf8'))
    const evidence = JSON.parse(readFileSync(`${FIXTURES}/snp/genoa-v3/vector.json`, 'utf8'))
    const audit = { time: 'unchecked', witnesses: 'unchecked' }
    const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(work, name), content)
    write('answer.policy.json', JSON.stringify({ ...vector.policy, audit }))
    write('request.policy.json', JSON.stringify({ ...vector.policy, audit, disclosures: ['request'] }))
    const { receipt = '', ...gateway } = decodeArchive(
      new Uint8Array(readFileSync(`${FIXTURES}/answer/quoted/archive.cmw.json`)),
    )
    const [jws = '', ofRequest = '', ofForwarded = ''] = receipt.split('~')
    write('gateway.cmw.json', encodeArchive(gateway))
    write('withheld.cmw.json', encodeArchive({ ...gateway, receipt: `${jws}~${ofRequest}~${ofForwarded}~` }))
    write('answer.lock.json', JSON.stringify(vector.lock))
    const witnessed = JSON.parse(readFileSync(`${FIXTURES}/answer/witnessed/vector.json`, 'utf8'))
    write('witnessed.policy.json', JSON.stringify(witnessed.policy))
    write('witnessed.lock.json', JSON.stringify(witnessed.lock))
    const [row] = witnessed.lock.rows
    write(
      'retired.lock.json',
      JSON.stringify({ ...witnessed.lock, rows: [{ ...row, notAfter: '2027-01-15T09:00:00Z' }] }),
    )
    write('request', Buffer.from(vector.request, 'base64'))
    write('response', Buffer.from(vector.response, 'base64'))
    write('receipt', JSON.parse(readFileSync('attestation-fixtures/wire/answer.json', 'utf8')).receipt)
    const bare = {
      ...vector.policy,
      audit,
      measurements: 'unchecked',
      models: 'unchecked',
      dependencies: 'unchecked',
      engines: 'unchecked',
      dangerouslyTrustSimulatedRoots: evidence.simulatedRoots,
    }
    write('evidence.policy.json', JSON.stringify(bare))
    writeEvidence(write, bare)
    const revoking = { keys: ['Q'.repeat(42).concat('A')], maximumAgeSeconds: 86_400 }
    write('revoking.policy.json', JSON.stringify({ ...vector.policy, audit, revocations: revoking }))
    write('revocations.json', JSON.stringify(revokedModel(new Date())))
    write('countersign.yaml', exampleConfig)
    write('misspelt.yaml', exampleConfig.replace('maxWaitSeconds', 'maxWaitSecond'))
    write('misspelt.policy.json', JSON.stringify({ ...bare, alowDebug: true }))
  })

  afterAll(() => rmSync(work, { recursive: true, force: true }))

  for (const file of readdirSync(DATA)) {
    it.each(parse(readFileSync(join(DATA, file), 'utf8')))(
      `${file}: countersign $command`,
      async ({ command, exit, out, err }) => {
        const args = command
          .split(' ')
          .filter((word) => word !== '')
          .map((word) => word.replace('FIXTURES', FIXTURES).replace('WORK', work))
        const seen = await run(args, work)
        expect(seen.exit, `${seen.out}\n${seen.err}`).toBe(exit)
        for (const pattern of out) expect(seen.out).toMatch(pattern)
        for (const pattern of err) expect(seen.err).toMatch(pattern)
        expect(`${seen.out}${seen.err}`).not.toMatch(/^\s+at .*:\d+:\d+/m)
      },
    )
  }
})
