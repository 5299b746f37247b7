/** A gateway with everything that an answer of the embedded model can rely on: prompts, documents, tools of two kinds, memory. */
import { createHash } from 'node:crypto'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { vi } from 'vitest'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { loadCollection } from '../../src/retrieval/index.ts'
import { type McpStdioConfig, measureToolServer } from '../../src/tools/index.ts'
import { startTestGateway, type TestGateway } from '../kit/gateway.ts'

export interface ContextGateway extends TestGateway {
  readonly apiKey: string
  /** Its measured part but for models and upstreams: lines, indented by two. */
  readonly measured: string
  /** Where its documents lie. */
  readonly documents: string
  /** Questions that the HTTP tool was asked. */
  readonly asked: readonly string[]
  /** What the HTTP tool says from now on. */
  say(answer: (url: string) => string): void
}

const SMALL = fileURLToPath(new URL('../tools/servers/small-stdio.mjs', import.meta.url))
const DOCS = fileURLToPath(new URL('../../docs', import.meta.url))
const DOCUMENTS = ['context.md', 'verifying.md', 'witnessing.md']
/** The model's context is short. */
const CHUNK = 200
const PROMPT = 'Answer {{ style }}, of {{ part }} alone.'
const API_KEY = 'cs_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

/** A gateway whose first quote is there: before it nothing is kept. */
export async function startContextGateway(): Promise<ContextGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-context-'))
  const documents = join(folder, 'documents')
  await mkdir(documents)
  for (const name of DOCUMENTS) await cp(join(DOCS, name), join(documents, name))
  await writeFile(join(folder, 'short.liquid'), PROMPT)
  const asked: string[] = []
  let answer = (url: string): string => `The lamp of ${url.slice('/lamp?'.length)} is green.`
  const lamps = createServer(({ url = '' }, response) => {
    asked.push(url)
    response.setHeader('content-type', 'text/plain')
    response.end(answer(url))
  })
  const measured = [
    prompts(join(folder, 'short.liquid')),
    await collections(documents),
    '  memory: {}\n  toolCalls: 3\n  tools:\n',
    httpTool(await listen(lamps)),
    await stdioTool(),
  ].join('')
  const hash = createHash('sha256').update(API_KEY).digest('hex')
  const gateway = await startTestGateway({
    measured: `\n${measured}`,
    apiKeys: `\n    - { id: one, tenant: one, sha256: "${hash}", models: all }`,
  })
  await vi.waitUntil(async () => (await gateway.gateway.ready()).ready, { timeout: 30_000, interval: 20 })
  return {
    ...gateway,
    apiKey: API_KEY,
    measured,
    documents,
    asked,
    say: (next) => {
      answer = next
    },
    close: async () => {
      await gateway.close()
      lamps.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('no port')
  return address.port
}

function prompts(file: string): string {
  return `  prompts:
    - { id: short, version: "1", file: ${JSON.stringify(file)}, digest: "${digestUri(encodeUtf8(PROMPT))}" }
`
}

async function collections(directory: string): Promise<string> {
  const { root } = await loadCollection(directory, { maxCharacters: CHUNK })
  return `  collections:
    - { id: docs, directory: ${JSON.stringify(directory)}, root: "${root}", maxCharacters: ${CHUNK}, results: 1 }
`
}

function httpTool(port: number): string {
  return `    - id: lamps
      kind: http
      baseUrl: http://127.0.0.1:${port}
      functions:
        - name: find
          description: Where a lamp stands
          parameters:
            type: object
            properties:
              number: { type: integer, minimum: 1, maximum: 20 }
              room: { enum: [hall, attic, 7] }
              lit: { type: boolean }
            required: [number, room, lit]
          method: GET
          path: /lamp
`
}

async function stdioTool(): Promise<string> {
  const digest = digestUri(new Uint8Array(await readFile(SMALL)))
  const config: McpStdioConfig = {
    id: 'small',
    kind: 'mcp-stdio',
    command: process.execPath,
    args: [SMALL],
    env: [],
    files: [{ path: SMALL, digest }],
    tools: digest,
    timeoutMs: 15_000,
    resultBytes: 1024,
  }
  const { server } = await measureToolServer(config, { env: {}, monotonicMs: () => performance.now() })
  await server.close()
  return `    - id: small
      kind: mcp-stdio
      command: ${JSON.stringify(config.command)}
      args: [${JSON.stringify(SMALL)}]
      files: [{ path: ${JSON.stringify(SMALL)}, digest: "${digest}" }]
      tools: "${server.digest}"
      timeoutMs: 15000
      resultBytes: 1024
`
}
