/** `countersign replay --live-tools`: tools and documents of an answer asked again, the same and others. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { command as replay } from '../../src/cli/commands/replay.ts'
import { type Archive, encodeArchive } from '../../src/core/archive/index.ts'
import { recordIo } from '../cli/log/history-folder.ts'
import { type ContextGateway, startContextGateway } from './context-gateway.ts'
import { record } from './record.ts'

let gateway: ContextGateway
let work: string
let archive: Archive
const at = (name: string): string => join(work, name)

const QUESTION = {
  messages: [{ role: 'user', content: 'How is a receipt verified, 7 or 12?' }],
  tools: [
    { type: 'file_search', vector_store_ids: ['docs'], max_num_results: 2 },
    { type: 'mcp', server_label: 'lamps' },
  ],
  tool_choice: 'required',
  temperature: 0,
  max_tokens: 40,
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'countersign-live-'))
  gateway = await startContextGateway()
  archive = await record(gateway, QUESTION, 'quoted')
  writeFileSync(at('answer.cmw.json'), encodeArchive(archive))
  writeFileSync(at('policy.json'), gateway.policyText)
  writeFileSync(at('lock.json'), gateway.lockText)
  writeFileSync(at('gateway.yaml'), configuration(gateway.measured))
})
afterAll(async () => {
  await gateway?.close()
  rmSync(work, { recursive: true, force: true })
})
beforeEach(() => gateway.say((url) => `The lamp of ${url.slice('/lamp?'.length)} is green.`))

const configuration = (measured: string): string => `measured:
  host: gw.example.com
  models:
    - { id: countersign-demo-2m, upstream: embedded }
  upstreams:
    embedded: { kind: embedded }
${measured.replace('  memory: {}\n', '')}operational:
  apiKeys: dangerously-none
`

interface Ran {
  readonly exit: number
  readonly out: string
}

async function run(...args: readonly string[]): Promise<Ran> {
  const { io, out } = recordIo(new Date())
  const trust = ['--policy', at('policy.json'), '--lock', at('lock.json')]
  const exit = await replay.run([at('answer.cmw.json'), ...trust, ...args], io)
  return { exit, out: out() }
}

const live = async (...args: readonly string[]): Promise<{ exit: number; rows: readonly object[] }> => {
  const { exit, out } = await run('--live-tools', at('gateway.yaml'), '--json', ...args)
  return { exit, rows: JSON.parse(out).live }
}

describe('an answer that relied on documents and a tool', () => {
  it('is run again with its steps, from the archive alone', async () => {
    const before = gateway.asked.length
    const { exit, out } = await run()
    expect(exit, out).toBe(0)
    expect(out).toContain('step 1, which asked for tools: identical')
    expect(out).toContain('every octet of the answer')
    expect(out).not.toContain('asked again')
    expect(gateway.asked.length).toBe(before)
  })

  it('relies on the same now, where tools and documents give the same', async () => {
    const before = gateway.asked.length
    const { exit, rows } = await live()
    expect(rows).toEqual([
      { kind: 'index', name: 'docs', status: 'same', detail: expect.stringMatching(/^sha256:/) },
      { kind: 'chunk', name: expect.stringMatching(/^docs\//), status: 'same', detail: expect.any(String) },
      { kind: 'chunk', name: expect.stringMatching(/^docs\//), status: 'same', detail: expect.any(String) },
      { kind: 'tool', name: 'lamps__find', status: 'same', detail: 'identity, schema, result, outcome' },
    ])
    expect(exit).toBe(0)
    // With the arguments of then.
    expect(gateway.asked.slice(before)).toEqual([gateway.asked[0]])
  })

  it('shows a tool that gives something else now', async () => {
    gateway.say(() => 'It is red.')
    const { exit, out } = await run('--live-tools', at('gateway.yaml'))
    expect(exit, out).toBe(1)
    expect(out).toMatch(/✗ tool lamps__find: other, result: then sha256:\w+, now sha256:\w+/)
    expect(out).toContain('✓ index docs: same')
    // What the archive holds is replayed all the same.
    expect(out).toContain('every octet of the answer')
    expect(out).not.toContain('It is red')
  })

  it('shows a tool whose definition is another now', async () => {
    const other = gateway.measured.replace('Where a lamp stands', 'Where a lamp is')
    writeFileSync(at('other.yaml'), configuration(other))
    const { exit, out } = await run('--live-tools', at('other.yaml'))
    expect(exit).toBe(1)
    expect(out).toMatch(/✗ tool lamps__find: other, schema: then/)
  })

  it('shows what a configuration does not have', async () => {
    const none = gateway.measured.replace('id: lamps', 'id: others').replace('id: docs', 'id: more')
    writeFileSync(at('none.yaml'), configuration(none))
    const { exit, out } = await run('--live-tools', at('none.yaml'))
    expect(exit, out).toBe(3)
    expect(out).toContain('· tool lamps__find: not-asked, the configuration has no such tool')
    expect(out).toContain('· index docs: not-asked')
  })

  it('shows documents that are others now', async () => {
    appendFileSync(join(gateway.documents, 'verifying.md'), '\nHow is a receipt verified? 7 or 12, receipt verified.\n')
    const { exit, rows } = await live()
    expect(exit).toBe(1)
    expect(rows[0]).toMatchObject({ kind: 'index', name: 'docs', status: 'other' })
    expect(rows[1]).toMatchObject({
      kind: 'chunk',
      status: 'other',
      detail: expect.stringContaining('in its place now'),
    })
  })

  it('does not run a tool with arguments that are not those of the record', async () => {
    const { inserts, ...rest } = archive
    writeFileSync(at('bare.cmw.json'), encodeArchive(rest))
    const before = gateway.asked.length
    const { io } = recordIo(new Date())
    const policy = { ...JSON.parse(gateway.policyText), transforms: 'unchecked' }
    writeFileSync(at('lenient.json'), JSON.stringify(policy))
    const trust = ['--policy', at('lenient.json'), '--lock', at('lock.json')]
    const exit = await replay.run([at('bare.cmw.json'), ...trust, '--live-tools', at('gateway.yaml')], io)
    expect([exit === 0, gateway.asked.length]).toEqual([false, before])
    expect(inserts?.size).toBeGreaterThan(0)
  })
})
