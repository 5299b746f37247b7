/** `countersign diff` on files: what it prints, what it keeps to itself, and its exit codes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../src/cli/commands/diff.ts'
import { trialLock, trialPolicy } from '../../src/cli/trial-policy.ts'
import { type Archive, encodeArchive } from '../../src/core/archive/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { ReceiptClaims } from '../../src/core/receipt/claims.ts'
import { archiveOf, dependency, EXCHANGE, hex, type Planted, REFERENCES, withContent } from '../core/diff/answers.ts'
import { ISSUED_AT, MODEL } from '../kit/issue-answer.ts'
import { recordIo } from './log/history-folder.ts'

/** Nothing that octets would have to bear out. */
const verifiable = (planted: Planted = {}): Archive => {
  const { upstream: _, ...exchange } = EXCHANGE
  return archiveOf({ ...planted, exchange, dependencies: { 'tool-call': 'none', 'memory-before': 'none' } })
}
const NOW = new Date((ISSUED_AT + 20) * 1000)
const SECRET = 'the launch is on Friday'
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-diff-'))
  await put('policy.json', trialPolicy(REFERENCES))
  await put('lock.json', trialLock(REFERENCES))
})
afterAll(() => rm(folder, { recursive: true }))

async function put(name: string, content: Uint8Array | string): Promise<string> {
  await writeFile(join(folder, name), content)
  return join(folder, name)
}

let count = 0
const putArchive = (archive: Archive): Promise<string> => put(`${count++}.cmw.json`, encodeArchive(archive))

interface Run {
  readonly exit: number
  readonly out: string
}

async function run(...args: readonly string[]): Promise<Run> {
  const { io, out } = recordIo(NOW)
  return { exit: await command.run(args, io), out: out() }
}

async function diffArchives(before: Archive, after: Archive, ...options: readonly string[]): Promise<Run> {
  return run(await putArchive(before), await putArchive(after), ...options)
}

const trust = (): readonly string[] => [
  '--verify',
  '--policy',
  join(folder, 'policy.json'),
  '--lock',
  join(folder, 'lock.json'),
]
/** Everything told, but the file names, that differ from run to run. */
const named = (out: string): string => out.replaceAll(`${folder}/`, '').replace(/[0-9]+\.cmw\.json/g, 'FILE')

const ask = (question: string, answer: string): Planted => ({
  request: encodeUtf8(`{"model":"demo","messages":[{"role":"user","content":"${question}"}]}`),
  response: encodeUtf8(`{"choices":[{"message":{"content":"${answer}"}}]}`),
  splices: [{ at: 1, remove: 0, insert: encodeUtf8(`"system":"${question}",`), role: 'system-prompt' }],
})

describe('countersign diff', () => {
  it('says first that nothing was verified, shows what changed, what cannot be told, and counts the rest', async () => {
    const before = archiveOf({ claims: (claims) => ({ ...claims, model: { ...MODEL, digest: 'none' } }) })
    const after = archiveOf({
      claims: (claims: ReceiptClaims) => ({
        ...claims,
        model: { ...MODEL, digest: 'none' },
        engine: { ...claims.engine, version: '0.2.0' },
      }),
      dependencies: {
        tokenizer: [dependency('tokenizer', 'tokenizer.json', 'other')],
        'retrieval-index': 'none',
      },
    })
    const { exit, out } = await diffArchives(before, after)
    expect(named(out)).toMatchInlineSnapshot(`
      "nothing was verified by diff: this is what the two sides say of themselves

        A  FILE: receipt 7dIrWxtqkYQFdnDj0qnQgw, 2027-01-15T08:00:00.000Z, gw.example.com/log/gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q
        B  FILE: receipt 7dIrWxtqkYQFdnDj0qnQgw, 2027-01-15T08:00:00.000Z, gw.example.com/log/gTl3Dqh9F19Wo1Rmw0x-zMuNipG07jeiXfYPW4_Js5Q

      Changed
        ~ engine           version         0.1.0 → 0.2.0
        ~ tokenizer        tokenizer.json  sha256:44136fa355b3678a… (raw, gateway) → sha256:d9298a10d1b07358… (raw, gateway)
        - retrieval-index  docs            sha256:4813494d137e1631… (raw, gateway)

      Cannot be told
        ? nobody measured the weights of either answer
            weights: digest

      40 of 44 stayed as they were.
      "
    `)
    expect(exit).toBe(1)
  })

  it('exits 0 where nothing changed, and 3 where something cannot be told', async () => {
    expect(await diffArchives(archiveOf(), archiveOf())).toMatchObject({
      exit: 0,
      out: expect.stringContaining('Nothing changed'),
    })
    const unmeasured = (jti: string): Archive =>
      archiveOf({ claims: (claims) => ({ ...claims, jti, model: { ...MODEL, digest: 'none' } }) })
    const { exit, out } = await diffArchives(unmeasured('AAAAAAAAAAAAAAAAAAAAAA'), unmeasured('AAAAAAAAAAAAAAAAAAAAAQ'))
    expect(out).toContain('Cannot be told\n  ? nobody measured the weights of either answer\n      weights: digest\n')
    expect(exit).toBe(3)
  })

  it('compares receipts alone, and an archive with a receipt', async () => {
    const { receipt = '' } = archiveOf()
    const token = await put('token', `${receipt}\n`)
    expect((await run(token, token)).exit).toBe(0)
    expect((await run(await putArchive(archiveOf()), token)).exit).toBe(0)
    const other = archiveOf({ session: (session) => ({ ...session, swversion: ['0.2.0'] }) })
    const { exit, out } = await run(await putArchive(other), token)
    expect(out).toContain(
      '? no session at hand in B\n      code: software, configuration: measured-config, weights: vouched for by',
    )
    expect(exit).toBe(3)
  })

  it('keeps content to itself unless it is asked for', async () => {
    const [before, after] = [withContent(ask('When?', SECRET)), withContent(ask('Where?', 'nowhere'))]
    for (const options of [[], ['--json']]) {
      const { out } = await diffArchives(before, after, ...options)
      expect(out).not.toContain('launch')
      expect(out).not.toContain('When')
    }
    expect((await diffArchives(before, after)).out).toContain(
      'Both archives hold request, system-prompt, response: --content',
    )
  })

  it('shows unified diffs of request, inserted octets and answer with --content, JSON a member a line', async () => {
    const [before, after] = [withContent(ask('When?', SECRET)), withContent(ask('Where?', 'nowhere'))]
    const { out } = await diffArchives(before, after, '--content')
    expect(out).toContain('--- A/request\n+++ B/request\n')
    expect(out).toContain('-      "content": "When?"\n+      "content": "Where?"\n')
    expect(out).toContain('-"system":"When?",\n')
    expect(out).toContain(`-        "content": "${SECRET}"\n`)
    const machine = JSON.parse((await diffArchives(before, after, '--content', '--json')).out)
    expect(machine.content.map(({ name }: { readonly name: string }) => name)).toEqual([
      'request',
      'system-prompt',
      'response',
    ])
  })

  it('shows octets as they are where only their layout differs, says what is no text, and obeys no control characters', async () => {
    const shown = async (before: Uint8Array, after: Uint8Array): Promise<string> => {
      const [a, b] = [before, after].map((response) => withContent({ response }))
      return a && b ? (await diffArchives(a, b, '--content')).out : ''
    }
    expect(await shown(encodeUtf8('{"a":1}'), encodeUtf8('{"a": 1}'))).toContain('-{"a":1}\n')
    expect(await shown(Uint8Array.of(0xff, 1), Uint8Array.of(0xff))).toContain('not text: 2 and 1 octets')
    expect(await shown(encodeUtf8('a\tb'), encodeUtf8('\u001b[31mred'))).toContain(
      '-a    b\n\\ No newline at end of file\n+?[31mred',
    )
    const lines = (word: string): Uint8Array =>
      encodeUtf8(Array.from({ length: 5_000 }, (_, i) => `${word}${i}`).join('\n'))
    expect(await shown(lines('a'), lines('b'))).toContain('too different to lay side by side')
  })

  it('shows no content that the receipt does not name', async () => {
    const before = withContent(ask('When?', SECRET))
    const forged = {
      ...withContent(ask('Where?', 'x')),
      request: { mediaType: 'application/json', octets: encodeUtf8('FORGED') },
    }
    const { out } = await diffArchives(before, forged, '--content')
    expect(out).not.toContain('FORGED')
    expect(out).toContain('the request is not used: the receipt discloses no such digest')
  })

  it('gives machines every row with whole digests', async () => {
    const after = archiveOf({ dependencies: { tokenizer: [dependency('tokenizer', 'tokenizer.json', 'other')] } })
    const { exit, out } = await diffArchives(archiveOf(), after, '--json')
    const said = JSON.parse(out)
    expect(said).toMatchObject({
      note: expect.stringContaining('nothing was verified by diff'),
      outcome: 'changed',
      a: { jti: expect.any(String), seq: 0, setAside: [] },
      b: { origin: expect.stringContaining('gw.example.com/log/') },
    })
    expect(said.rows).toContainEqual(
      expect.objectContaining({ group: 'tokenizer', state: 'changed', after: `sha256:${hex('other')} (raw, gateway)` }),
    )
    expect(said).not.toHaveProperty('content')
    expect(exit).toBe(1)
  })

  it('shows names of an attacker without obeying them, and cuts long ones', async () => {
    const after = archiveOf({
      dependencies: {
        tokenizer: [dependency('tokenizer', 'x\u001b[2J\u202e', 'other')],
        'tool-call': [dependency('tool-call', 'y'.repeat(900), '')],
      },
    })
    const { out } = await diffArchives(archiveOf(), after)
    for (const letter of ['\u001b', '\u202e']) expect(out).not.toContain(letter)
    expect(out).toContain('x?[2J?')
    expect(out).not.toContain('y'.repeat(300))
  })

  it('verifies both sides first on request', async () => {
    const { exit, out } = await diffArchives(verifiable(), verifiable(), ...trust())
    expect(out).toContain('both sides were verified\n  A  verified (simulated): an answer of demo')
    expect(out).toContain('SIMULATED TEE')
    expect(exit).toBe(0)
    const { exit: changed } = await diffArchives(
      verifiable(),
      verifiable({ nonce: 'none', mediaType: 'text/event-stream' }),
      ...trust(),
    )
    expect(changed).toBe(1)
  })

  it('names the failed check of a side that does not verify, and exits 1 though nothing changed', async () => {
    const honest = verifiable()
    const forged = { ...honest, statement: encodeUtf8(`${new TextDecoder().decode(honest.statement)} `) }
    const { exit, out } = await diffArchives(honest, forged, ...trust())
    expect(out).toMatch(/NOT VERIFIED: B\n {2}A {2}verified.*\n {2}B {2}NOT VERIFIED: [A-Z_]+, check [a-z-]+/)
    expect(out).toContain('Nothing changed.\n')
    expect(exit).toBe(1)
    const machine = JSON.parse((await diffArchives(honest, forged, ...trust(), '--json')).out)
    expect(machine).toMatchObject({
      note: 'NOT VERIFIED: B',
      a: { verified: true },
      b: { verified: false, why: expect.any(String) },
    })
  })

  it('compares the evidence of two gateways', async () => {
    const { receipt: _, proof: __, ...gateway } = archiveOf()
    const { exit, out } = await diffArchives(gateway, gateway)
    expect(out).toContain('a gateway, no answer')
    expect(exit).toBe(0)
    await expect(diffArchives(gateway, archiveOf())).rejects.toThrow('holds no receipt')
  })

  it('refuses what it cannot compare', async () => {
    const token = await put('token', `${archiveOf().receipt}`)
    await expect(run(token)).rejects.toThrow('two files are compared')
    await expect(run(token, token, token)).rejects.toThrow('two files are compared')
    await expect(run(token, token, '--policy', 'p')).rejects.toThrow('are for --verify')
    await expect(run(token, token, ...trust())).rejects.toThrow('is a receipt alone, which does not verify')
    await expect(run(token, await put('text', 'hello'))).rejects.toThrow('is 5 bytes')
  })
})
