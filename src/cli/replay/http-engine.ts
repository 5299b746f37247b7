/** The way to an engine behind HTTP: one origin, exact octets, no redirects. What it answers is its choice, and bounded. @module */
import { concatBytes } from '../../core/encoding/bytes.ts'
import { isInsideMachine, isLoopback } from '../../core/receipt/upstream-host.ts'
import { measureFolder } from '../../measure/index.ts'
import { describeModel } from '../../measure/model/index.ts'
import type { EngineAnswer, HttpEngine, MeasuredWeights } from '../../replay/index.ts'
import { type Io, UsageError } from '../command.ts'

const TIMEOUT_MS = 600_000
const MAX_ANSWER = 64 << 20
const TOKEN = /^[\x21-\x7e]{1,4096}$/
const WEIGHTS = /\.(?:gguf|safetensors)$/i

export interface EngineWish {
  readonly url: string
  /** Folder that it is said to serve. */
  readonly weights?: string | undefined
  /** Name of the environment variable that holds the bearer token. */
  readonly keyEnv?: string | undefined
}

/** @throws UsageError for an address that is not plain, and where the variable holds no token */
export async function openEngine({ url, weights, keyEnv }: EngineWish, io: Io): Promise<HttpEngine> {
  const base = readBase(url)
  const authorization = keyEnv === undefined ? {} : { authorization: `Bearer ${readToken(keyEnv, io)}` }
  const measured = weights === undefined ? 'not-measured' : await measureWeights(weights)
  let isTold = false
  return {
    weights: measured,
    send: async (octets, path) => {
      // It is somebody's prompt: who runs this sees where it goes before it goes.
      if (!isTold) io.err(`sends what the engine was given, the prompt in it, to ${base.host}\n`)
      isTold = true
      return post(`${base.origin}${base.pathname}${path}`, octets, authorization)
    },
  }
}

function readBase(text: string): { readonly origin: string; readonly pathname: string; readonly host: string } {
  const hint = 'Give where the engine answers, for example --engine http://127.0.0.1:8000'
  if (!URL.canParse(text)) throw new UsageError('--engine is no address', hint)
  const { protocol, origin, host, hostname, username, password, pathname, search, hash } = new URL(text)
  if (protocol !== 'http:' && protocol !== 'https:') throw new UsageError('--engine must be http:// or https://', hint)
  if (username !== '' || password !== '' || search !== '' || hash !== '')
    throw new UsageError('--engine must hold no user, query or fragment', 'A token goes into --engine-key-env.')
  if (protocol === 'http:' && !isLoopback(hostname) && !isInsideMachine(hostname))
    throw new UsageError('--engine on another machine must be https://', 'The prompt would go there in clear.')
  return { origin, host, pathname: pathname.replace(/\/$/, '').replace(/\/v1$/, '') }
}

function readToken(name: string, { env }: Io): string {
  const token = env[name]
  if (token === undefined || !TOKEN.test(token))
    throw new UsageError(`the environment variable ${name} holds no bearer token`, 'Printable letters without spaces.')
  return token
}

/** Under the root of the folder, and under the digest of its one file of weights: receipts name either. */
async function measureWeights(directory: string): Promise<MeasuredWeights> {
  const { root, files } = await measureFolder(directory, {})
  const { tokenizer, chatTemplate } = await describeModel(directory, files)
  const weights = files.filter(({ name }) => WEIGHTS.test(name))
  return {
    digests: [root, ...(weights.length === 1 ? weights.map(({ digest }) => digest) : [])],
    ...(tokenizer && { tokenizer: tokenizer.digest }),
    ...(chatTemplate && { chatTemplate: chatTemplate.digest }),
  }
}

async function post(
  url: string,
  octets: Uint8Array,
  authorization: { readonly authorization?: string },
): Promise<EngineAnswer | { readonly failure: string }> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...authorization,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'accept-encoding': 'identity',
      },
      body: new Uint8Array(octets),
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const said = await readBounded(response)
    if (said === undefined) return { failure: `the engine answered with more than ${MAX_ANSWER} octets` }
    return { status: response.status, mediaType: response.headers.get('content-type') ?? '', octets: said }
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError'
    return { failure: isLate ? 'the engine did not answer in time' : 'the engine cannot be reached, or broke off' }
  }
}

async function readBounded({ body }: Response): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const part of body ?? []) {
    size += part.length
    if (size > MAX_ANSWER) return undefined
    parts.push(part)
  }
  return concatBytes(...parts)
}
