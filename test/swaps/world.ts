/** Everything around the gateways of the table: a model server, a tool server, a model's folder, documents, a prompt. All real, all local. @module */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { loadCollection } from '../../src/retrieval/index.ts'
import { EMBEDDED_MODEL_DIRECTORY } from '../../src/server/upstream/embedded-model.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../kit/gateway.ts'
import { MemoryFiles } from '../kit/memory-files.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { type Configured, configurationText } from './configuration.ts'
import { startTestEngine, type TestEngine } from './engine.ts'

const DOCUMENTS = ['decisions.md', 'verifying.md']
const MODEL_FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'chat_template.jinja']

export interface TestTools {
  readonly origin: string
  /** What it says of a town. */
  weather: string
  close(): Promise<void>
}

export interface World {
  readonly folder: string
  /** As the baseline has it. */
  readonly configured: Configured
  readonly engine: TestEngine
  readonly tools: TestTools
  /** The disk under the baseline, which its host owns. */
  readonly disk: MemoryFiles
  /** Nothing is planted in it. */
  readonly baseline: TestGateway
  /** A copy of the model's folder in which one file is another one, under the same name. */
  swapFile(name: string, change: (octets: Uint8Array) => Uint8Array): Promise<string>
  /** Starts a gateway that is stopped with the world. */
  start(configured: Partial<Configured>, options?: TestGatewayOptions): Promise<TestGateway>
  close(): Promise<void>
}

async function startTools(): Promise<TestTools> {
  const tools = { weather: 'sunny' }
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.end(`${request.url}: ${tools.weather}`)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()))
  return Object.assign(tools, { origin: `http://127.0.0.1:${port}`, close })
}

/** A prompt under the same name in a folder of its own, and what measures it. */
export async function writePrompt(folder: string, name: string, text: string): Promise<Configured['prompt']> {
  const file = join(folder, name)
  await writeFile(file, text)
  return { file, digest: digestUri(encodeUtf8(text)) }
}

/** A copy of the documents, and what measures it. @param change of their first page */
export async function copyDocuments(
  folder: string,
  change: (text: string) => string = (text) => text,
): Promise<Configured['documents']> {
  const directory = await mkdtemp(join(folder, 'docs-'))
  for (const name of DOCUMENTS)
    await cp(fileURLToPath(new URL(`../../docs/${name}`, import.meta.url)), join(directory, name))
  await writeFile(join(directory, 'harbour.md'), change('# Harbour\n\nThe harbour of Ulm is closed on Sundays.\n'))
  return { directory, root: (await loadCollection(directory, { maxCharacters: 300 })).root }
}

export async function createWorld(): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-swaps-'))
  const [engine, tools] = await Promise.all([startTestEngine(), startTools()])
  const configured: Configured = {
    prompt: await writePrompt(folder, 'house.liquid', 'Answer in one line.'),
    documents: await copyDocuments(folder),
    engineOrigin: engine.origin,
    engineVersion: '0.11.0',
    toolOrigin: tools.origin,
    townSchema: { type: 'string' },
    defaults: { temperature: 0.7, seed: 7 },
  }
  const started: TestGateway[] = []
  const start: World['start'] = async (changes, options = {}) => {
    const config = (directory: string): string => configurationText({ ...configured, ...changes }, directory)
    const gateway = await startTestGateway({ ...options, config })
    started.push(gateway)
    await gateway.gateway.ready()
    return gateway
  }
  const disk = new MemoryFiles()
  return {
    folder,
    configured,
    engine,
    tools,
    disk,
    baseline: await start({}, { store: createMemoryStore(disk) }),
    start,
    swapFile: async (name, change) => {
      const directory = await mkdtemp(join(folder, 'model-'))
      for (const file of MODEL_FILES) await cp(join(EMBEDDED_MODEL_DIRECTORY, file), join(directory, file))
      await writeFile(join(directory, name), change(await readFile(join(directory, name))))
      return directory
    },
    close: async () => {
      for (const gateway of started) await gateway.close()
      await Promise.all([engine.close(), tools.close()])
      await rm(folder, { recursive: true })
    },
  }
}
