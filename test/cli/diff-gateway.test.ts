/** Two answers of a running gateway: what `countersign diff` finds between real archives. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { command } from '../../src/cli/commands/diff.ts'
import { command as timeline } from '../../src/cli/commands/timeline.ts'
import { decodeArchive, encodeArchive } from '../../src/core/archive/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { recordIo } from './log/history-folder.ts'

let gateway: TestGateway
let folder = ''
beforeAll(async () => {
  gateway = await startTestGateway()
  // Answered when the first quote is there: before it nothing is served.
  const nonce = Buffer.alloc(32, 7).toString('base64url')
  const attestation = await fetch(`${gateway.base}/attestation?nonce=${nonce}&wait=20`)
  if (attestation.status !== 200) throw new Error(`the gateway shows no quote: ${attestation.status}`)
  await attestation.arrayBuffer()
  folder = await mkdtemp(join(tmpdir(), 'countersign-diff-'))
  await writeFile(join(folder, 'policy.json'), gateway.policyText)
  await writeFile(join(folder, 'lock.json'), gateway.lockText)
})
afterAll(async () => {
  await gateway.close()
  await rm(folder, { recursive: true })
})

/** Asks, waits for the quote, and keeps the archive. */
async function ask(file: string, members: object): Promise<string> {
  const answer = await fetch(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'receipt=quoted, wait=20' },
    body: JSON.stringify({
      model: 'countersign-demo-2m',
      messages: [{ role: 'user', content: 'What does a receipt prove?' }],
      max_tokens: 8,
      seed: 5,
      ...members,
    }),
  })
  const octets = new Uint8Array(await answer.arrayBuffer())
  const archive = await fetch(`${gateway.base}/receipts/${answer.headers.get('inference-receipt-id')}`, {
    headers: { accept: 'application/cmw+json' },
  })
  if (archive.status !== 200) throw new Error(`answered ${answer.status}, archived ${archive.status}`)
  const kept = decodeArchive(new Uint8Array(await archive.arrayBuffer()))
  await writeFile(join(folder, file), encodeArchive({ ...kept, response: { mediaType: 'application/json', octets } }))
  return join(folder, file)
}

async function diff(...args: readonly string[]): Promise<{ readonly exit: number; readonly rows: readonly string[] }> {
  const { io, out } = recordIo(new Date())
  const exit = await command.run([...args, '--json'], io)
  const { rows } = JSON.parse(out())
  const changed = rows.filter(({ state }: { readonly state: string }) => state !== 'same')
  return { exit, rows: changed.map(({ state, group, name }: Record<string, string>) => `${state} ${group}: ${name}`) }
}

const trust = (): readonly string[] => [
  '--verify',
  '--policy',
  join(folder, 'policy.json'),
  '--lock',
  join(folder, 'lock.json'),
]

it('finds the seed between two answers, and nothing between an answer and itself asked again', async () => {
  const [first, again, other] = [await ask('1', {}), await ask('2', {}), await ask('3', { seed: 6 })]
  expect(await diff(first, again, ...trust())).toEqual({ exit: 0, rows: [] })
  const { exit, rows } = await diff(first, other, ...trust())
  expect(rows).toContain('changed sampling-parameters: seed')
  expect(rows).toContain('changed request: content')
  expect(rows.filter((row) => !/: (seed|content|output, .*|tokens|finish reasons)$/.test(row))).toEqual([])
  expect(exit).toBe(1)
})

it('names the system prompt that only one of two questions had', async () => {
  const messages = [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'What does a receipt prove?' },
  ]
  const { rows } = await diff(await ask('4', {}), await ask('5', { messages }))
  expect(rows).toContain('added system-prompt: messages[0]')
})

it('shows the boot in a timeline of its address', async () => {
  const { io, out } = recordIo(new Date())
  expect(await timeline.run([gateway.base], io)).toBe(0)
  expect(out()).toMatch(/boot 1 {2}gw\.example\.com\/log\/.*\n.* epoch 0 .*\n +code +countersign .*countersign@/)
  expect(out()).toContain('models         countersign-demo-2m')
})
