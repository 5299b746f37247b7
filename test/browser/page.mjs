/** What the browser runs: loads every vector over fetch, judges it, and hands the verdicts back. @module */
import { listReplays } from '../kit/replays.ts'
import { Buffer } from './node/buffer.mjs'
import { mount } from './node/fs.mjs'

const AT_ONCE = 16
/** Loaded where they are at hand: the judges of `npm run vectors`, and the folders of their platforms. */
const GENUINE = ['sev-snp', 'tdx', 'nitro']

async function load(paths) {
  const loaded = []
  const waiting = [...paths.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, path] = next
      const response = await fetch(`/files/${index}`)
      if (!response.ok) throw new Error(`${path}: status ${response.status}`)
      loaded.push([path, new Uint8Array(await response.arrayBuffer())])
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return loaded
}

async function judgeFixtures() {
  const verdicts = []
  for (const { name, judge } of listReplays()) verdicts.push({ name, ...(await judge()) })
  return verdicts
}

async function judgeGenuine() {
  globalThis.Buffer = Buffer
  const { findVectors, readVector } = await import('../../scripts/vectors/find.mjs')
  const judges = {
    'sev-snp': (await import('../../scripts/vectors/sev-snp.mjs')).judgeSnp,
    tdx: (await import('../../scripts/vectors/tdx.mjs')).judgeTdx,
    nitro: (await import('../../scripts/vectors/nitro.mjs')).judgeNitro,
  }
  const verdicts = []
  for (const platform of GENUINE)
    for (const folder of findVectors(`../shared/vectors/${platform}`)) {
      const { right, got, detail = '' } = await judges[platform](folder, readVector(folder))
      verdicts.push({ name: folder, wanted: 'right', seen: right ? 'right' : `${got}: ${detail}` })
    }
  return verdicts
}

/** What the page's policy on content refuses: a verifier must not need it. */
function refusals() {
  const refused = (compile) => {
    try {
      compile()
      return false
    } catch {
      return true
    }
  }
  const module = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0])
  return {
    text: refused(() => new Function('return 1')),
    webAssembly: refused(() => new WebAssembly.Module(module)),
    secureContext: globalThis.isSecureContext,
  }
}

async function run() {
  const paths = await (await fetch('/files.json')).json()
  mount(await load(paths))
  const genuine = paths.some((path) => path.startsWith('../shared/')) ? await judgeGenuine() : []
  return { refusals: refusals(), fixtures: await judgeFixtures(), genuine }
}

const result = await run().catch((error) => ({ error: `${error.stack ?? error}` }))
await fetch('/result', { method: 'POST', body: JSON.stringify(result) })
