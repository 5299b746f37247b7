/** Answers of engines behind HTTP, asked for again: of the embedded model behind HTTP, and of a server that answers otherwise. */
import { createServer, type RequestListener, type Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Io, UsageError } from '../../src/cli/command.ts'
import { openEngine } from '../../src/cli/replay/http-engine.ts'
import { digestUri } from '../../src/core/crypto/index.ts'
import { type EngineReplay, type RecordedAnswer, recordedAnswer, replayOnEngine } from '../../src/replay/index.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { rejectionOf } from '../kit/rejection-of.ts'
import { record, startRecordedGateway } from './record.ts'

const MODEL = fileURLToPath(new URL('../../model', import.meta.url))
const WILD = { messages: [{ role: 'user', content: 'q7 zz 0 ?' }], temperature: 2, max_tokens: 12, seed: 5 }
const CLASSES = ['bit-exact', 'batch-invariant', 'best-effort'] as const

let engine: TestGateway
let gateway: TestGateway
let origin: string
const servers: Server[] = []

beforeAll(async () => {
  engine = await startRecordedGateway()
  origin = engine.base.slice(0, -'/v1'.length)
  const models = CLASSES.map(
    (id) => `    - id: ${id}
      upstream: ${id}
      name: countersign-demo-2m
      weights: { directory: ${JSON.stringify(MODEL)} }
`,
  )
  const upstreams = CLASSES.map(
    (determinism) => `    ${determinism}:
      kind: http
      location: local
      baseUrl: ${origin}
      engine: { name: small-server, version: 1.2.3, determinism: ${determinism} }
`,
  )
  gateway = await startRecordedGateway({ models: models.join(''), measured: upstreams.join('') })
})
afterAll(async () => {
  for (const server of servers) server.close()
  await gateway?.close()
  await engine?.close()
})

const said: string[] = []
const io = (env: Io['env'] = {}): Io => ({
  out: () => undefined,
  err: (text) => {
    said.push(text)
  },
  colour: false,
  progress: false,
  env,
  now: () => new Date(),
})

async function recorded(model: (typeof CLASSES)[number], members: object = WILD): Promise<RecordedAnswer> {
  return recordedAnswer(await record(gateway, { ...members, model }))
}

interface Asking {
  readonly url?: string
  readonly weights?: string
}

async function ask(answer: RecordedAnswer, { url = origin, weights }: Asking = {}): Promise<EngineReplay> {
  return replayOnEngine(answer, await openEngine({ url, weights }, io()))
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

const answering =
  (content: string): RequestListener =>
  (_, response) => {
    response.setHeader('content-type', 'application/json')
    const message = { role: 'assistant', content }
    response.end(JSON.stringify({ choices: [{ index: 0, message, finish_reason: 'stop' }] }))
  }

const statusOf = ({ conditions }: EngineReplay, name: string): string | undefined =>
  conditions.find((check) => check.name === name)?.status

describe('the engine that answered, asked again', () => {
  it.each([
    ['whole', {}],
    ['streamed', { stream: true }],
    ['two choices', { n: 2 }],
    ['with log-probabilities', { logprobs: true, top_logprobs: 2 }],
  ])('says the same: %s', async (_, members) => {
    const { result } = await ask(await recorded('bit-exact', { ...WILD, ...members }))
    expect(result).toMatchObject({ kind: 'identical', by: 'choices' })
  })

  it('says what the signed digest is of, where the octets are not at hand', async () => {
    const answer = await recorded('bit-exact', { ...WILD, stream: true })
    const { result } = await ask({ ...answer, response: 'not-held' })
    expect(result).toMatchObject({ kind: 'identical', by: 'output-digest' })
    const other = await ask({ ...answer, response: 'not-held' }, { url: await serve(answering('No.')) })
    expect(other.result).toMatchObject({ kind: 'divergent', difference: { member: 'output_digest' } })
  })

  it('takes an address with /v1 too, and names its host before anything is sent', async () => {
    said.length = 0
    expect((await ask(await recorded('bit-exact'), { url: engine.base })).result.kind).toBe('identical')
    expect(said.join('')).toBe(`sends what the engine was given, the prompt in it, to ${new URL(engine.base).host}\n`)
  })

  it('is given exactly the octets that it was given then', async () => {
    const answer = await recorded('bit-exact')
    const seen: [string | undefined, string][] = []
    const url = await serve((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part) => parts.push(part))
      request.on('end', () => {
        seen.push([request.url, digestUri(Buffer.concat(parts))])
        response.statusCode = 503
        response.end()
      })
    })
    const { result } = await ask(answer, { url })
    expect(seen).toEqual([['/v1/chat/completions', answer.receipt.disclosed.forwarded?.digest]])
    expect(result).toMatchObject({ kind: 'refused', code: 'CHECK_NOT_PERFORMED', why: expect.stringContaining('503') })
  })

  it('holds the folder that it is said to serve against the receipt, and says where nobody measured it', async () => {
    const answer = await recorded('bit-exact')
    const measured = await ask(answer, { weights: MODEL })
    expect(measured.result.kind).toBe('identical')
    for (const name of ['weights', 'tokenizer', 'chat-template']) expect(statusOf(measured, name), name).toBe('pass')
    const bare = await ask(answer)
    expect([statusOf(bare, 'weights'), statusOf(bare, 'engine')]).toEqual(['not-performed', 'not-performed'])
    expect('why' in bare.result && bare.result.why).toContain('which weights it runs was not measured')
  })
})

describe('an engine that answers otherwise', () => {
  it.each([
    ['bit-exact', 'divergent', 'always'],
    ['batch-invariant', 'divergent', 'in any batch'],
    ['best-effort', 'other', 'this proves nothing'],
  ] as const)('under %s is %s', async (determinism, kind, why) => {
    const answer = await recorded(determinism, { messages: [{ role: 'user', content: 'Hi' }], temperature: 0 })
    if (answer.response === 'not-held') throw new Error('no response')
    const { choices } = JSON.parse(new TextDecoder().decode(answer.response))
    const text: string = choices[0].message.content
    const { result } = await ask(answer, { url: await serve(answering(`${text.slice(0, 4)}ß${text.slice(5)}`)) })
    expect(result).toMatchObject({
      kind,
      why: expect.stringContaining(why),
      difference: { member: 'message.content', choice: 0, character: 4, recorded: text.slice(4, 28) },
    })
  })

  it('under best-effort may say the same, which proves little', async () => {
    const { result } = await ask(await recorded('best-effort'))
    expect(result).toMatchObject({ kind: 'identical', why: expect.stringContaining('no proof') })
  })

  it('parts in the number of choices, and in how they end', async () => {
    const two = await recorded('bit-exact', { ...WILD, n: 2 })
    const url = await serve(answering('No.'))
    expect((await ask(two, { url })).result).toMatchObject({
      difference: { member: 'choices', recorded: '0 1', replayed: '0' },
    })
    const answer = await recorded('bit-exact', { ...WILD, max_tokens: 4 })
    if (answer.response === 'not-held') throw new Error('no response')
    const { content } = JSON.parse(new TextDecoder().decode(answer.response)).choices[0].message
    expect((await ask(answer, { url: await serve(answering(content)) })).result).toMatchObject({
      difference: { member: 'finish_reason', recorded: 'length', replayed: 'stop' },
    })
  })

  it.each<readonly [string, RequestListener]>([
    [
      'leads elsewhere',
      (_, response) => {
        response.writeHead(307, { location: `${origin}/v1/chat/completions` })
        response.end()
      },
    ],
    ['says nothing that is an answer', (_, response) => response.end('<html>')],
    ['breaks off', (_, response) => response.destroy()],
    ['gives no choices', (_, response) => response.end('{"choices":[]}')],
  ])('or %s has not replayed it', async (_, listener) => {
    const { result } = await ask(await recorded('bit-exact'), { url: await serve(listener) })
    expect(result).toMatchObject({ kind: 'refused', code: 'CHECK_NOT_PERFORMED' })
  })
})

describe('nothing is sent', () => {
  const refused = async (answer: RecordedAnswer, weights?: string): Promise<readonly [string, string | undefined]> => {
    const url = await serve(() => {
      throw new Error('something was sent')
    })
    const { conditions, result } = await ask(answer, { url, ...(weights !== undefined && { weights }) })
    if (result.kind !== 'refused') throw new Error(result.kind)
    const failed = conditions.find(({ status, required }) => required && status !== 'pass')
    return [result.code, failed?.name]
  }

  it('where the folder is another, the request is another, or the API is not known', async () => {
    const answer = await recorded('bit-exact')
    const other = fileURLToPath(new URL('../../docs', import.meta.url))
    expect(await refused(answer, other)).toEqual(['REPLAY_PRECONDITION', 'weights'])
    const { request } = await recorded('bit-exact', { ...WILD, seed: 6 })
    expect(await refused({ ...answer, request })).toEqual(['REPLAY_PRECONDITION', 'request'])
    const { receipt } = answer
    const exchange = { ...receipt.disclosed.exchange, http: { '@path': '/v1/../admin' } }
    const elsewhere = { ...receipt, disclosed: { ...receipt.disclosed, exchange } }
    expect(await refused({ ...answer, receipt: elsewhere })).toEqual(['CHECK_NOT_PERFORMED', 'path'])
    const cut = { ...receipt, claims: { ...receipt.claims, outcome: 'incomplete' } } as const
    expect(await refused({ ...answer, receipt: cut })).toEqual(['REPLAY_PRECONDITION', 'outcome'])
  })

  it.each(['ftp://127.0.0.1', 'http://u:p@127.0.0.1', 'http://127.0.0.1/?a', 'http://engine.example.com', 'engine'])(
    'to %s',
    async (url) => {
      expect(await rejectionOf(openEngine({ url }, io()))).toBeInstanceOf(UsageError)
    },
  )

  it('without the token that is named; with it, it is sent', async () => {
    const wish = { url: origin, keyEnv: 'ENGINE_KEY' }
    expect(await rejectionOf(openEngine(wish, io()))).toBeInstanceOf(UsageError)
    const seen: (string | undefined)[] = []
    const url = await serve(({ headers }, response) => {
      seen.push(headers.authorization)
      response.end()
    })
    const open = await openEngine({ ...wish, url }, io({ ENGINE_KEY: 'secret' }))
    await open.send(new Uint8Array(), '/v1/chat/completions')
    expect(seen).toEqual(['Bearer secret'])
  })
})
