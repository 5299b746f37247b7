// A question about this project, answered with everything that an answer can rely on: a measured prompt, documents, a tool of an MCP server,
// memory. Then the gateway is stopped, and its two archives are verified, compared and run again, offline.
//
//   npm run -s example:context [-- DIR]     leaves configuration, archives, policy and lock in DIR (default: a folder for temporary files)
//
// The TEE is simulated, the model is the embedded one, and too small to be right: what is shown is what its answers stand on.
// Exit 0 when both archives verify and both replays are identical, else 1.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { root } from './prepare.mjs'

const [
  { createAttestedFetch, createConversation, receiptOf },
  { exportArchive, createMemoryStore },
  { readPolicy, readLock },
] = await Promise.all(
  ['index', 'receipt-store/index', 'client-node/index'].map((entry) => import(join(root, 'dist', `${entry}.js`))),
)

const [given] = process.argv.slice(2)
const folder = given === undefined ? mkdtempSync(join(tmpdir(), 'countersign-context-')) : resolve(given)
mkdirSync(folder, { recursive: true })
const example = join(root, 'docs', 'examples', 'context')
const cli = join(root, 'dist', 'cli', 'main.js')
const sha256 = (octets) => `sha256:${createHash('sha256').update(octets).digest('hex')}`

/** Runs a command of the command line to its end; its output is shown where `show` says so. */
async function countersign(args, { show = false, exits = [0] } = {}) {
  if (show) console.log(`\n$ countersign ${args.map((arg) => arg.replace(`${folder}/`, '')).join(' ')}`)
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((done) => child.on('close', done)),
  ])
  if (show) process.stdout.write(out)
  if (!exits.includes(code)) throw new Error(`countersign ${args[0]} ended with ${code}:\n${show ? '' : out}${err}`)
  return { out, err, code }
}

async function text(stream) {
  let all = ''
  for await (const part of stream.setEncoding('utf8')) all += part
  return all
}

async function configure() {
  const { out: keyLines, err: keyText } = await countersign(['keys', 'add', '--id', 'auditor', '--tenant', 'audit'])
  const [apiKey] = /cs_[A-Za-z0-9_-]{43}/.exec(keyText) ?? []
  const documents = ['measure', 'index', join(root, 'docs'), '--max-characters', '300', '--json']
  const index = JSON.parse((await countersign(documents)).out)
  const file = (path) => JSON.stringify(path)
  const server = join(example, 'codes-server.mjs')
  const page = join(root, 'docs', 'failure-codes.md')
  const write = (tools) => {
    const config = `measured:
  host: gw.example.com
  models:
    - id: auditor
      upstream: embedded
      name: countersign-demo-2m
      defaults: { temperature: 0.5, seed: 7, max_tokens: 64 }
  upstreams:
    embedded: { kind: embedded }
  prompts:
    - id: auditor
      version: "1"
      file: ${file(join(example, 'auditor.liquid'))}
      digest: ${sha256(readFileSync(join(example, 'auditor.liquid')))}
  collections:
    - id: docs
      directory: ${file(join(root, 'docs'))}
      root: ${index.root}
      maxCharacters: 300
      results: 1
  tools:
    - id: codes
      kind: mcp-stdio
      command: ${file(process.execPath)}
      args: [${file(server)}, ${file(page)}]
      files:
        - { path: ${file(server)}, digest: "${sha256(readFileSync(server))}" }
        - { path: ${file(page)}, digest: "${sha256(readFileSync(page))}" }
      tools: ${tools}
  memory: { retentionDays: 30 }
operational:
  listen: { host: 127.0.0.1, port: 0 }
  dataDir: ${file(join(folder, 'data'))}
  apiKeys:
${keyLines.trimEnd().replaceAll(/^/gm, '    ')}
  quoting: { intervalMs: 50 }
  log: none
`
    writeFileSync(join(folder, 'countersign.yaml'), config)
  }
  write(`sha256:${'0'.repeat(64)}`)
  const measured = JSON.parse(
    (await countersign(['measure', 'tools', join(folder, 'countersign.yaml'), '--json'], { exits: [0, 1] })).out,
  )
  write(measured.servers[0].tools)
  return apiKey
}

/** Until it says where it listens. */
function serve() {
  const args = [cli, 'serve', '--simulated', '--inception', '-c', join(folder, 'countersign.yaml')]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  return new Promise((found, failed) => {
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part) => {
        said += part
        const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? []
        if (url !== undefined) found({ child, url })
      })
    child.on('exit', (code) => failed(new Error(`the gateway ended with ${code}:\n${said}`)))
  })
}

/** Asks through the attested client, which verifies the answer; leaves an archive with request, answer and all that verifies them; gives the answer's id. */
async function ask({ url, apiKey, attested, store }, name, request) {
  const response = await attested(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  })
  const answer = await response.text()
  if (!response.ok) throw new Error(`${name}: status ${response.status}: ${answer}`)
  const receipt = await receiptOf(response)
  await receipt.upgrade('quoted')
  writeFileSync(join(folder, `${name}.cmw.json`), await exportArchive(store, receipt.claims.jti))
  console.log(`\n${name}: ${request.messages.at(-1).content}\n${said(answer)}`)
  return /"id":"(chatcmpl-[^"]+)"/.exec(answer)?.[1]
}

/** The text of an answer, whole or streamed. */
function said(answer) {
  if (answer.startsWith('{')) return JSON.parse(answer).choices[0].message.content
  const events = answer.split('\n').flatMap((line) => (line.startsWith('data: {') ? [JSON.parse(line.slice(6))] : []))
  return events.map(({ choices }) => choices[0]?.delta?.content ?? '').join('')
}

const prompt = { id: 'auditor', version: '1', variables: { product: 'Countersign' } }
const search = { type: 'file_search', vector_store_ids: ['docs'] }

async function converse(gateway) {
  const first = await ask(gateway, 'first', {
    model: 'auditor',
    store: true,
    prompt,
    tools: [search, { type: 'mcp', server_label: 'codes' }],
    tool_choice: { type: 'function', function: { name: 'codes__look_up' } },
    messages: [{ role: 'user', content: 'What does WITNESS_QUORUM mean?' }],
  })
  await ask(gateway, 'second', {
    model: 'auditor',
    stream: true,
    previous_response_id: first,
    prompt,
    tools: [search],
    messages: [{ role: 'user', content: 'And what is a witness?' }],
  })
}

const policyFile = join(folder, 'data', 'countersign.policy.json')
const lockFile = join(folder, 'data', 'countersign.lock.json')
const judging = ['--policy', policyFile, '--lock', lockFile]

async function judge() {
  for (const name of ['first', 'second']) {
    const archive = join(folder, `${name}.cmw.json`)
    await countersign(['verify', archive, ...judging], { show: true })
    await countersign(['replay', archive, ...judging], { show: true })
  }
  const sides = [join(folder, 'first.cmw.json'), join(folder, 'second.cmw.json')]
  await countersign(['conversation', ...sides, ...judging], { show: true })
  // Exit 1: something changed, which is what it is asked to show.
  const { out } = await countersign(['diff', ...sides, '--verify', ...judging], { show: true, exits: [1] })
  if (out.includes('NOT VERIFIED')) throw new Error('a side of the comparison does not verify')
}

try {
  console.log('SIMULATED TEE: this proves nothing about hardware.')
  const apiKey = await configure()
  const { child, url } = await serve()
  const ended = new Promise((done) => child.on('exit', done))
  try {
    const [policy, lock] = await Promise.all([readPolicy(policyFile), readLock(lockFile)])
    const store = createMemoryStore()
    const { fetch: attested } = createConversation(createAttestedFetch({ policy, lock, store }))
    await converse({ url, apiKey, store, attested })
  } finally {
    child.removeAllListeners('exit')
    child.kill('SIGTERM')
  }
  await Promise.race([ended, new Promise((done) => child.on('close', done))])
  console.log('\nThe gateway is stopped. From here on nothing is asked of anybody.')
  await judge()
  console.log(`\nAll of it is in ${folder}`)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
