/** `countersign disclose` and `countersign replay` on archives of a real gateway. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Command, type Io, UsageError } from '../../src/cli/command.ts'
import { command as disclose } from '../../src/cli/commands/disclose.ts'
import { command as replay } from '../../src/cli/commands/replay.ts'
import { command as verify } from '../../src/cli/commands/verify.ts'
import { type Archive, decodeArchive, encodeArchive } from '../../src/core/archive/index.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { record, startRecordedGateway } from './record.ts'

let gateway: TestGateway
let work: string
let archive: Archive
const at = (name: string): string => join(work, name)

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'countersign-replay-'))
  gateway = await startRecordedGateway()
  archive = await record(gateway, { temperature: 0, stream: true, max_tokens: 12 }, 'quoted')
  writeFileSync(at('answer.cmw.json'), encodeArchive(archive))
  writeFileSync(at('policy.json'), gateway.policyText)
  writeFileSync(at('lock.json'), gateway.lockText)
})
afterAll(async () => {
  await gateway?.close()
  rmSync(work, { recursive: true, force: true })
})

async function run(command: Command, ...args: readonly string[]): Promise<{ exit: number; out: string; err: string }> {
  const said = { out: '', err: '' }
  const io: Io = {
    out: (text) => {
      said.out += text
    },
    err: (text) => {
      said.err += text
    },
    colour: false,
    progress: true,
    env: {},
    now: () => new Date(),
  }
  return { exit: await command.run(args, io), ...said }
}

const trusted = (): readonly string[] => ['--policy', at('policy.json'), '--lock', at('lock.json')]

function write(name: string, changes: Partial<Archive>): string {
  writeFileSync(at(name), encodeArchive({ ...archive, ...changes }))
  return at(name)
}

describe('countersign replay', () => {
  it('verifies, runs the answer again and says that it is identical', async () => {
    const { exit, out, err } = await run(replay, at('answer.cmw.json'), ...trusted())
    expect(exit, out).toBe(0)
    expect(out).toContain('the archive verifies (simulated): an answer of countersign-demo-2m')
    expect(out).toMatch(/✓ weights +sha256:/)
    expect(out).toContain('identical: 12 tokens, every octet of the answer')
    expect(err).toContain('tokens read or written')
  })

  it('says the same to machines', async () => {
    const { exit, out } = await run(replay, at('answer.cmw.json'), ...trusted(), '--json')
    expect(exit).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      archive: { verified: true, simulated: true, grade: 'quoted' },
      result: { kind: 'identical', tokens: 12, by: 'octets' },
    })
  })

  it('shows where an altered answer parts, which does not verify either', async () => {
    const text = new TextDecoder().decode(archive.response?.octets).replace('"content":" is"', '"content":" was"')
    const octets = new TextEncoder().encode(text)
    const altered = write('altered.cmw.json', { response: { mediaType: 'text/event-stream', octets } })
    const { exit, out } = await run(replay, altered, ...trusted())
    expect([exit, text.includes(' was')]).toEqual([1, true])
    expect(out).toContain('does NOT verify: RESPONSE_DIGEST_MISMATCH')
    expect(out).toMatch(/DIVERGENT in text, first at token \d+ of choice 0\n +recorded +" w/)
    const json = JSON.parse((await run(replay, altered, ...trusted(), '--json')).out)
    expect(json).toMatchObject({
      archive: { verified: false },
      result: { kind: 'divergent', divergence: { replayed: ' is' } },
    })
  })

  it('runs nothing where the archive does not verify for another reason', async () => {
    const other = await record(gateway, { temperature: 0, max_tokens: 2 })
    const swapped = write('swapped.cmw.json', { ...(other.request && { request: other.request }) })
    const { exit, out, err } = await run(replay, swapped, ...trusted())
    expect([exit, err]).toEqual([1, ''])
    expect(out).toContain('NOT VERIFIED: REQUEST_DIGEST_MISMATCH')
    expect(out).not.toContain('identical')
  })

  it.each(['model.safetensors', 'chat_template.jinja', 'tokenizer.json'])('refuses another %s', async (file) => {
    const folder = at(`other-${file}`)
    for (const name of ['config.json', 'model.safetensors', 'chat_template.jinja', 'tokenizer.json'])
      cpSync(join('model', name), join(folder, name))
    const octets = readFileSync(join(folder, file))
    // Weights end in numbers; the others are texts, in which one space more at the end changes nothing but the octets.
    const last = octets.length - 1
    const changed =
      file === 'model.safetensors'
        ? Buffer.concat([octets.subarray(0, last), Buffer.of((octets[last] ?? 0) ^ 1)])
        : Buffer.concat([octets, Buffer.from(' ')])
    writeFileSync(join(folder, file), changed)
    const { exit, out } = await run(replay, at('answer.cmw.json'), ...trusted(), '--model', folder)
    expect(exit, out).toBe(3)
    expect(out).toContain('not replayed: REPLAY_PRECONDITION')
  })

  it('takes octets from files where the archive has none, and says what is missing where there are none', async () => {
    const { request, response, ...bare } = archive
    writeFileSync(at('bare.cmw.json'), encodeArchive(bare))
    writeFileSync(at('request'), request?.octets ?? '')
    writeFileSync(at('response'), response?.octets ?? '')
    const files = ['--request', at('request'), '--response', at('response')]
    expect((await run(replay, at('bare.cmw.json'), ...trusted(), ...files)).exit).toBe(0)
    const none = await run(replay, at('bare.cmw.json'), ...trusted())
    expect(none.exit, none.out).toBe(3)
    expect(none.out).toContain('the octets of the request are not at hand')
    // The receipt names the digest of the choices, which needs no octets.
    const half = await run(replay, at('bare.cmw.json'), ...trusted(), '--request', at('request'))
    expect(half.exit, half.out).toBe(0)
    expect(half.out).toContain('the digest of its choices')
  })

  it('asks an engine behind HTTP, where the prompt goes, and says what that proves', async () => {
    const engine = ['--engine', gateway.base, '--weights', 'model']
    const { exit, out, err } = await run(replay, at('answer.cmw.json'), ...trusted(), ...engine)
    expect(exit, out).toBe(0)
    expect(out).toContain('identical: every choice of the answer; the engine gives this answer to this request')
    expect(out).toMatch(/✓ weights +sha256:/)
    expect(err).toBe(`sends what the engine was given, the prompt in it, to ${new URL(gateway.base).host}\n`)
    const nobody = await run(replay, at('answer.cmw.json'), ...trusted(), '--engine', 'http://127.0.0.1:1', '--json')
    expect(nobody.exit).toBe(3)
    expect(JSON.parse(nobody.out)).toMatchObject({ result: { kind: 'refused', code: 'CHECK_NOT_PERFORMED' } })
  })

  it('shows where an altered answer parts from what the engine says', async () => {
    const text = new TextDecoder().decode(archive.response?.octets).replace('"content":" is"', '"content":" was"')
    const octets = new TextEncoder().encode(text)
    const altered = write('altered-too.cmw.json', { response: { mediaType: 'text/event-stream', octets } })
    const { exit, out } = await run(replay, altered, ...trusted(), '--engine', gateway.base)
    expect(exit).toBe(1)
    expect(out).toMatch(/DIVERGENT in message\.content, first at character \d+ of choice 0\n +recorded +"was/)
  })

  it.each([
    ['--engine', 'http://127.0.0.1:1', '--model', 'model'],
    ['--weights', 'model'],
    ['--engine-key-env', 'KEY'],
    ['--engine', 'http://127.0.0.1:1', '--engine-key-env', 'NOT_SET'],
  ])('refuses %s %s %s %s', async (...args) => {
    await expect(run(replay, at('answer.cmw.json'), ...trusted(), ...args.filter(Boolean))).rejects.toThrow(UsageError)
  })

  it('wants one archive', async () => {
    await expect(run(replay)).rejects.toThrow(UsageError)
    await expect(run(replay, at('policy.json'), ...trusted())).rejects.toThrow()
  })
})

describe('countersign disclose', () => {
  it('shows model and code without the prompt, and that still verifies', async () => {
    const out = at('shown.cmw.json')
    const made = await run(disclose, at('answer.cmw.json'), '--show', 'response,exchange', '-o', out)
    expect(made).toMatchObject({
      exit: 0,
      out: 'shown: response, exchange; hidden: request, forwarded, dependencies\n',
    })
    const shown = decodeArchive(readFileSync(out))
    expect(shown).not.toHaveProperty('request')
    expect(shown.response).toEqual(archive.response)
    expect(readFileSync(out, 'utf8')).not.toContain(Buffer.from(archive.request?.octets ?? '').toString('base64url'))
    const policy = { ...JSON.parse(gateway.policyText), disclosures: ['response'], transforms: 'unchecked' }
    writeFileSync(at('lenient.json'), JSON.stringify(policy))
    const judged = await run(verify, out, '--policy', at('lenient.json'), '--lock', at('lock.json'), '--json')
    expect(judged.exit, judged.out).toBe(0)
    expect(JSON.parse(judged.out)).toMatchObject({ verified: true, grade: 'quoted' })
  })

  it('refuses what can be guessed, unless that is no matter', async () => {
    const args = [at('answer.cmw.json'), '--hide', 'request', '-o', at('guessable.cmw.json')]
    await expect(run(disclose, ...args)).rejects.toThrow(/can be guessed: forwarded holds .*; dependencies holds/)
    expect(existsSync(at('guessable.cmw.json'))).toBe(false)
    expect((await run(disclose, ...args, '--allow-guessing')).exit).toBe(0)
  })

  it('writes over nothing, least of all its input', async () => {
    const before = readFileSync(at('answer.cmw.json'))
    await expect(
      run(disclose, at('answer.cmw.json'), '--hide', 'exchange', '-o', at('answer.cmw.json')),
    ).rejects.toThrow('cannot be written')
    expect(readFileSync(at('answer.cmw.json'))).toEqual(before)
  })

  it('takes a receipt alone too, and writes it to the terminal', async () => {
    writeFileSync(at('receipt.txt'), `${archive.receipt}\n`)
    const { exit, out, err } = await run(disclose, at('receipt.txt'), '--hide', 'exchange', '--json')
    expect([exit, out.split('~').length]).toEqual([0, (archive.receipt ?? '').split('~').length - 1])
    expect(JSON.parse(err)).toMatchObject({ hidden: ['exchange'], guessable: [] })
    await expect(run(disclose, at('receipt.txt'), '--hide-insert', 'model')).rejects.toThrow('holds no inserted octets')
  })

  it('refuses names that are not there and wrong use', async () => {
    const file = at('answer.cmw.json')
    await run(disclose, file, '--hide', 'exchange', '-o', at('less.cmw.json'))
    const missing = expect.objectContaining({ failure: 'DISCLOSURE_MISSING' })
    await expect(run(disclose, at('less.cmw.json'), '--show', 'exchange')).rejects.toThrow(missing)
    await expect(run(disclose, file, '--hide-insert', 'tool-call')).rejects.toThrow(missing)
    for (const args of [
      [],
      [file],
      [file, '--show', 'prompt'],
      [file, '--show', 'request', '--hide', 'response'],
      [at('policy.json'), '--show', 'request'],
    ])
      await expect(run(disclose, ...args)).rejects.toThrow()
  })
})
