/** `countersign conversation`: archives of two turns, each verified, and what ties them together. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../src/cli/commands/conversation.ts'
import { trialLock, trialPolicy } from '../../src/cli/trial-policy.ts'
import { type Archive, encodeArchive } from '../../src/core/archive/index.ts'
import { receiptDigest } from '../../src/core/receipt/conversation.ts'
import { REFERENCES, snp } from '../core/diff/answers.ts'
import { ISSUED_AT, issueAnswer } from '../kit/issue-answer.ts'
import { recordIo } from './log/history-folder.ts'

const NOW = new Date((ISSUED_AT + 20) * 1000)

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-conversation-'))
  await writeFile(join(folder, 'policy.json'), trialPolicy(REFERENCES))
  await writeFile(join(folder, 'lock.json'), trialLock(REFERENCES))
})
afterAll(() => rm(folder, { recursive: true }))

function turn(prev?: string): Archive {
  return issueAnswer(snp, {
    disclosed: (given) => ({ ...given, exchange: { ...given.exchange, ...(prev !== undefined && { prev }) } }),
  }).archive
}

async function judge(archives: readonly Archive[], ...more: readonly string[]) {
  const files = archives.map((_, at) => join(folder, `${at}.cmw.json`))
  for (const [at, archive] of archives.entries()) await writeFile(files[at] ?? '', encodeArchive(archive))
  const { io, out } = recordIo(NOW)
  const trust = ['--policy', join(folder, 'policy.json'), '--lock', join(folder, 'lock.json')]
  return { exit: await command.run([...files, ...trust, ...more], io), out: out() }
}

describe('countersign conversation', () => {
  it('verifies each archive and the links between them', async () => {
    const first = turn()
    const { exit, out } = await judge([first, turn(receiptDigest(first.receipt ?? ''))])
    expect(exit, out).toBe(0)
    expect(out.match(/verified \(simulated\): an answer/g)).toHaveLength(2)
    expect(out).toMatch(/✓ prev +1 links/)
    expect(out).toMatch(/– memory +no turn is known/)
  })

  it('fails where a turn was left out, though each verifies alone', async () => {
    const { exit, out } = await judge([turn(), turn()])
    expect(exit).toBe(1)
    expect(out).toContain('NOT VERIFIED: RECEIPT_CONTEXT')
  })

  it('fails where one of the archives does not verify, and says which', async () => {
    const first = turn()
    const receipt = first.receipt ?? ''
    const forged = { ...first, receipt: receipt.replace(/[^.~]{8}(?=~)/, 'AAAAAAAA') }
    const { exit, out } = await judge([first, forged], '--json')
    expect(exit).toBe(1)
    expect(JSON.parse(out).answers).toMatchObject([{ verified: true }, { verified: false }])
  })

  it.each([[[]], [[turn()]]])('asks for two archives or more', async (archives) => {
    await expect(judge(archives)).rejects.toThrow(/two archives or more/)
  })
})
