/** Transcripts of the built command line: what it prints, where, and its exit code. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { decodeArchive, encodeArchive } from '../../src/core/archive/index.ts'
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
    write('request', Buffer.from(vector.request, 'base64'))
    write('response', Buffer.from(vector.response, 'base64'))
    write('receipt', JSON.parse(readFileSync('attestation-fixtures/wire/answer.json', 'utf8')).receipt)
    const bare = {
      ...vector.policy,
      audit,
      measurements: 'unchecked',
      models: 'unchecked',
      dangerouslyTrustSimulatedRoots: evidence.simulatedRoots,
    }
    write('evidence.policy.json', JSON.stringify(bare))
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
