/** `countersign proxy`: its options, what it says, its exit codes, and that its lines hold no content. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Command, Io } from '../../src/cli/command.ts'
import { command, runProxy } from '../../src/cli/commands/proxy.ts'
import { command as receipts } from '../../src/cli/commands/receipts.ts'
import { command as verify } from '../../src/cli/commands/verify.ts'
import { closedPort } from '../kit/free-ports.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'
import { call } from '../server/gateway/http-client.ts'
import { errorAnswer, json } from '../server/upstream/mock-answers.ts'
import { type MockUpstream, startMockUpstream } from '../server/upstream/mock-upstream.ts'

const CANARY = 'canary-7f3a'
const ANSWER = {
  id: `chatcmpl-${CANARY}`,
  object: 'chat.completion',
  created: 1,
  model: 'mock',
  choices: [{ index: 0, message: { role: 'assistant', content: CANARY }, finish_reason: 'stop' }],
}

let gateway: TestGateway
let upstream: MockUpstream
let work: string
let trust: readonly string[]
beforeAll(async () => {
  upstream = await startMockUpstream(({ body }) =>
    Buffer.from(body).includes('"fail"') ? errorAnswer(429, 'flat') : json(ANSWER),
  )
  gateway = await startTestGateway({ upstream: upstream.origin })
  work = mkdtempSync(join(tmpdir(), 'countersign-proxy-'))
  writeFileSync(join(work, 'policy.json'), gateway.policyText)
  writeFileSync(join(work, 'lock.json'), gateway.lockText)
  const strict = { ...JSON.parse(gateway.policyText), dangerouslyTrustSimulatedRoots: [] }
  writeFileSync(join(work, 'strict.json'), JSON.stringify(strict))
  trust = ['--policy', join(work, 'policy.json'), '--lock', join(work, 'lock.json')]
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
  rmSync(work, { recursive: true, force: true })
})

interface Running {
  readonly said: { out: string; err: string }
  /** Address with `/v1`, once it listens. */
  readonly url: Promise<string>
  /** Resolves when `text` is in what it printed. */
  prints(text: string): Promise<void>
  stop(): Promise<number>
}

function start(args: readonly string[], env: Io['env'] = {}): Running {
  const said = { out: '', err: '' }
  const looking = new Set<() => void>()
  const look = (): void => {
    for (const again of looking) again()
  }
  const prints = (text: string): Promise<void> =>
    new Promise((resolve) => {
      const again = (): void => {
        if (!said.out.includes(text)) return
        looking.delete(again)
        resolve()
      }
      looking.add(again)
      again()
    })
  const io: Io = {
    out: (text) => {
      said.out += text
      look()
    },
    err: (text) => {
      said.err += text
    },
    colour: false,
    progress: false,
    env,
    now: () => new Date(),
  }
  let stop: () => void = () => undefined
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const exit = runProxy(['--listen', '127.0.0.1:0', ...args], () => stopped, io)
  const url = Promise.race([
    prints('/v1').then(() => /http:\/\/127\.0\.0\.1:\d+\/v1/.exec(said.out)?.[0] ?? ''),
    exit.then(() => ''),
  ])
  // Whoever stops it sees why it ended.
  url.catch(() => undefined)
  return {
    said,
    url,
    prints,
    stop: () => {
      stop()
      return exit
    },
  }
}

/** Another command, to its end. */
async function told(asked: Command, args: readonly string[]): Promise<{ out: string; exit: number }> {
  let out = ''
  const add = (text: string): void => {
    out += text
  }
  const io: Io = { out: add, err: () => {}, colour: false, progress: false, env: {}, now: () => new Date() }
  return { exit: await asked.run(args, io), out }
}

const plain = (): readonly string[] => ['--gateway', gateway.base, '--channel', 'none', ...trust]

describe('countersign proxy', () => {
  it('says what verified, writes a line for each request, and ends with 0', async () => {
    const running = start(plain())
    const url = await running.url
    const body = JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'May I?' }] })
    const headers = { 'content-type': 'application/json' }
    expect((await call(`${url}/chat/completions`, { method: 'POST', headers, body })).status).toBe(200)
    await running.prints('/v1/chat/completions')
    expect(await running.stop()).toBe(0)
    const { out, err } = running.said
    expect(out).toMatch(/^gateway {2}http:\S+, verified: snp \(simulated\), log gw\.example\.com\/log\/\S+$/m)
    expect(out).toMatch(/^channel {2}none: nothing ties the connection to the TEE$/m)
    expect(out).toMatch(
      /^[\d:]{8} POST \/v1\/chat\/completions 200 \d+ ms {2}verified signed \(simulated\) [\w-]{22}$/m,
    )
    expect(err).toContain('SIMULATED TEE')
  })

  it('keeps what verified, and lists and exports it for whoever verifies it later', async () => {
    const store = join(work, 'kept')
    const running = start([...plain(), '--store', store])
    const url = await running.url
    const body = JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'May I?' }] })
    const headers = { 'content-type': 'application/json' }
    await call(`${url}/chat/completions`, { method: 'POST', headers, body })
    const kept = await vi.waitFor(async () => {
      const [answer] = (await told(receipts, ['list', store, '--json'])).out.split('\n')
      const facts = JSON.parse(answer ?? '')
      expect(facts).toMatchObject({ grade: 'quoted', archived: true, requestSize: body.length })
      return facts
    }, 20_000)
    expect(await running.stop()).toBe(0)
    const file = join(work, 'answer.cmw.json')
    expect(await told(receipts, ['export', store, kept.jti, '--out', file])).toMatchObject({ exit: 0 })
    const verdict = await told(verify, [file, ...trust])
    expect([verdict.exit, verdict.out]).toEqual([0, expect.stringContaining('request-digest')])
    await expect(told(receipts, ['export', store, kept.jti, '--out', file])).rejects.toThrow('cannot be written')
    await expect(told(receipts, ['list', join(work, 'mistyped')])).rejects.toThrow('there is no folder')
    await expect(told(receipts, ['export', store, 'AAAAAAAAAAAAAAAAAAAAAA', '--out', join(work, 'x')])).rejects.toThrow(
      'no answer',
    )
  })

  it('writes JSON lines without any of the content, in whatever part it stands', async () => {
    const running = start([...plain(), '--json', '--api-key-env', 'KEY'], { KEY: `key-${CANARY}` })
    const url = await running.url
    const ask = (
      path: string,
      body: object | string,
      headers: Readonly<Record<string, string>> = {},
    ): Promise<unknown> =>
      call(`${url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      })
    const messages = [{ role: 'user', content: CANARY }]
    await ask('/chat/completions', { model: 'mock', messages, user: CANARY, tools: [] }, { 'x-stainless-lang': CANARY })
    await ask('/chat/completions', { model: 'mock', messages, user: 'fail' })
    await ask('/chat/completions', { model: CANARY, messages })
    await ask('/chat/completions', `{"${CANARY}`)
    await ask(`/${CANARY}?q=${CANARY}`, CANARY, { authorization: `Bearer ${CANARY}` })
    await ask('/chat/completions', { messages }, { host: `${CANARY}.example` })
    await call(`${url}/models/${CANARY}`)
    await running.prints('/v1/models/*')
    expect(await running.stop()).toBe(0)
    const { out, err } = running.said
    expect(`${out}${err}`).not.toContain(CANARY)
    const [first, ...lines] = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(first).toMatchObject({ event: 'listening', url, verified: { platform: 'snp', simulated: true } })
    expect(lines).toHaveLength(7)
    expect(lines[0]).toEqual({
      event: 'request',
      time: expect.any(String),
      method: 'POST',
      route: '/v1/chat/completions',
      status: 200,
      verdict: 'verified',
      grade: 'signed',
      simulated: true,
      jti: expect.stringMatching(/^[\w-]{22}$/),
      ms: expect.any(Number),
    })
    expect(lines.map(({ status }) => status)).toEqual([200, 429, 404, 400, 404, 403, 404])
  })

  it('speaks Oblivious HTTP where nothing else is said', async () => {
    const running = start(['--gateway', gateway.base.replace(/\/v1$/, '/'), ...trust])
    const url = await running.url
    const body = JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'May I?' }] })
    const headers = { 'content-type': 'application/json' }
    const reply = await call(`${url}/chat/completions`, { method: 'POST', headers, body })
    expect(reply.headers['countersign-verdict']).toMatch(/^verified;grade=signed;channel=ohttp;/)
    expect(await running.stop()).toBe(0)
    expect(running.said.out).toMatch(/^channel {2}ohttp$/m)
  })

  it('lets no answer pass below the grade that is asked for', async () => {
    const running = start([...plain(), '--grade', 'quoted', '--wait', '2'])
    const url = await running.url
    const body = JSON.stringify({ model: 'mock', messages: [{ role: 'user', content: 'May I?' }] })
    const reply = await call(`${url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await running.stop()
    expect(reply.headers['countersign-verdict']).toMatch(/^verified;grade=quoted;/)
    await expect(start([...plain(), '--grade', 'witnessed']).stop()).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('ends with 1 where the gateway does not verify, before it listens', async () => {
    const running = start([
      '--gateway',
      gateway.base,
      '--channel',
      'none',
      '--policy',
      join(work, 'strict.json'),
      '--lock',
      join(work, 'lock.json'),
    ])
    expect(await running.stop()).toBe(1)
    expect(running.said.out).toBe('')
    expect(running.said.err).toMatch(/^countersign: not verified: check \S+ failed with SIMULATED_EVIDENCE/)
  })

  it('waits for a gateway that is not there yet, and refuses meanwhile', async () => {
    const running = start(['--gateway', `http://127.0.0.1:${await closedPort()}`, '--channel', 'none', ...trust])
    const url = await running.url
    expect(running.said.out).toContain('not verified yet')
    expect(running.said.err).toContain('Every request is refused until it verifies')
    expect((await call(`${url}/models`)).status).toBe(502)
    expect(await running.stop()).toBe(0)
  })

  it('says where it cannot listen', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.on('listening', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const running = start([...plain(), '--listen', `127.0.0.1:${port}`])
    await expect(running.stop()).rejects.toMatchObject({
      code: 'ERR_CONFIG',
      message: expect.stringContaining('EADDRINUSE'),
    })
    taken.close()
  })

  it.each([
    ['no gateway', [], '--gateway is due'],
    ['no address', ['--gateway', 'gw.example.com'], '--gateway is no address'],
    ['a user in the address', ['--gateway', 'https://me:secret@gw.example.com'], 'without user'],
    ['two /v1', ['--gateway', 'https://gw.example.com/v1/x/v1'], 'more than one /v1'],
    ['an unknown channel', ['--gateway', 'https://gw.example.com', '--channel', 'tls'], '--channel tls is unknown'],
    [
      'a relay without ohttp',
      ['--gateway', 'https://gw.example.com', '--channel', 'none', '--relay', 'https://r.example'],
      '--relay goes with',
    ],
    ['an unknown grade', ['--gateway', 'https://gw.example.com', '--grade', 'gold'], '--grade gold is unknown'],
    ['no seconds', ['--gateway', 'https://gw.example.com', '--wait', 'soon'], '--wait is'],
    ['an empty variable', ['--gateway', 'https://gw.example.com', '--api-key-env', 'NONE'], 'holds no key'],
    ['no port', ['--gateway', 'https://gw.example.com', '--listen', '8788'], '--listen is not HOST:PORT'],
  ])('refuses %s', async (_what, args, message) => {
    await expect(start([...trust, ...args]).stop()).rejects.toThrow(message)
  })

  it('does not listen where others can reach it', async () => {
    const running = start([...plain(), '--listen', '0.0.0.0:0'])
    await expect(running.stop()).rejects.toMatchObject({ code: 'ERR_CONFIG' })
  })

  it('has help with an example', () => {
    expect(command.help).toContain('Example: countersign proxy --gateway https://')
  })
})
