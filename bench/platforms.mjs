/** Part 6: what judging evidence of each platform costs, beside other packages and beside the bare signatures, in one run. */
import { execFile } from 'node:child_process'
import { constants, createPublicKey, generateKeyPairSync, sign, verify, webcrypto } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { digestUri } from '../dist/core/crypto/index.js'
import { createNitroRoots, decodeNitroPolicy, verifyNitroDocument } from '../dist/core/nitro/index.js'
import { createTdxRoots, decodeTdxPolicy, verifyTdxQuote } from '../dist/core/tdx/index.js'
import { assertVerified } from '../dist/core/verdict.js'
import {
  createSimulatedNitro,
  createSimulatedNitroPki,
  createSimulatedTdx,
  createSimulatedTdxPki,
} from '../dist/simulator/index.js'
import { readGenuineNitro, readGenuineTdx } from '../scripts/differential/genuine.mjs'
import { askNitroPeer, NITRO_PEER } from '../scripts/differential/nitro-peer.mjs'
import { askTdxPeer, TDX_PEER, toPeerCollateral } from '../scripts/differential/tdx-peer.mjs'
import { interleave, median, ratio } from './statistics.mjs'
import { createReports } from './verifying.mjs'

const require = createRequire(import.meta.url)
const vectors = fileURLToPath(new URL('../../shared/vectors', import.meta.url))
const POLICIES = JSON.parse(readFileSync(new URL('../scripts/vectors/policies.json', import.meta.url), 'utf8'))
const TDX_POLICY = decodeTdxPolicy(POLICIES.tdx)
const NITRO_POLICY = decodeNitroPolicy(POLICIES.nitro)
/** More worlds than the verifier remembers anything of, so that going round them finds nothing remembered but keys. */
const WORLDS = 70
const WASM_PEER = '@phala/dcap-qvl-web'

/** Signatures alone, over as many octets as evidence has: no verifier can be below. */
function createFloors() {
  const data = Buffer.alloc(640, 7)
  const pair = (kind, options, hash, how = {}) => {
    const { privateKey, publicKey } = generateKeyPairSync(kind, options)
    const signature = sign(hash, data, { key: privateKey, ...how })
    // As a verifier has it: read from its octets, not made here.
    const key = createPublicKey({ key: publicKey.export({ type: 'spki', format: 'der' }), format: 'der', type: 'spki' })
    return { node: () => verify(hash, data, { key, ...how }, signature), spki: publicKey, signature }
  }
  const p256 = pair('ec', { namedCurve: 'P-256' }, 'sha256', { dsaEncoding: 'ieee-p1363' })
  const p384 = pair('ec', { namedCurve: 'P-384' }, 'sha384', { dsaEncoding: 'ieee-p1363' })
  const pss = pair('rsa', { modulusLength: 4096 }, 'sha384', {
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: 48,
  })
  const times =
    (...parts) =>
    () => {
      for (const [count, one] of parts)
        for (let i = 0; i < count; i++) if (!one.node()) throw new Error('a signature does not verify')
    }
  return { p256, p384, pss, times, data }
}

async function createSubtle({ spki, signature }, { data, algorithm, how }) {
  const der = spki.export({ type: 'spki', format: 'der' })
  const key = await webcrypto.subtle.importKey('spki', der, algorithm, false, ['verify'])
  return async (count) => {
    for (let i = 0; i < count; i++)
      if (!(await webcrypto.subtle.verify(how, key, signature, data))) throw new Error('a signature does not verify')
  }
}

async function createFloorWorks() {
  const { p256, p384, pss, times, data } = createFloors()
  const subtle256 = await createSubtle(p256, {
    data,
    algorithm: { name: 'ECDSA', namedCurve: 'P-256' },
    how: { name: 'ECDSA', hash: 'SHA-256' },
  })
  const subtle384 = await createSubtle(p384, {
    data,
    algorithm: { name: 'ECDSA', namedCurve: 'P-384' },
    how: { name: 'ECDSA', hash: 'SHA-384' },
  })
  const subtlePss = await createSubtle(pss, {
    data,
    algorithm: { name: 'RSA-PSS', hash: 'SHA-384' },
    how: { name: 'RSA-PSS', saltLength: 48 },
  })
  return {
    '1 P-256, node:crypto': times([1, p256]),
    '1 P-256, WebCrypto': () => subtle256(1),
    '3 P-256, node:crypto': times([3, p256]),
    '12 P-256, node:crypto': times([12, p256]),
    '12 P-256, WebCrypto': () => subtle256(12),
    '1 P-384, node:crypto': times([1, p384]),
    '1 P-384, WebCrypto': () => subtle384(1),
    '3 P-384, node:crypto': times([3, p384]),
    '6 P-384, node:crypto': times([6, p384]),
    '6 P-384, WebCrypto': () => subtle384(6),
    '1 RSA-PSS-4096 and 1 P-384, node:crypto': times([1, pss], [1, p384]),
    '2 RSA-PSS-4096 and 1 P-384, node:crypto': times([2, pss], [1, p384]),
    '2 RSA-PSS-4096 and 1 P-384, WebCrypto': async () => {
      await subtlePss(2)
      await subtle384(1)
    },
  }
}

const unchecked = { reportData: 'unchecked', measurements: 'unchecked' }

/** A genuine quote with its collateral, which both peers accept too; else a simulated one, which the WASM of the peer cannot take. */
function chooseTdx() {
  const found = readGenuineTdx(vectors).find(({ name }) => name.startsWith('v4-dstack-lite'))
  if (found !== undefined)
    return { ...found, root: undefined, roots: createTdxRoots({ roots: 'built-in', simulated: [] }) }
  const tdx = createSimulatedTdx()
  return {
    name: 'simulated',
    quote: tdx.quote(new Uint8Array(64)),
    collateral: tdx.collateral,
    at: new Date(),
    root: tdx.pki.certificates.root,
    roots: createTdxRoots({ roots: 'built-in', simulated: [tdx.rootFingerprint] }),
  }
}

/** Platforms of one Intel: each has a PCK certificate of its own, under the same authorities and the same collateral. */
function createTdxPlatforms() {
  const pki = createSimulatedTdxPki()
  const { collateral } = createSimulatedTdx({ pki })
  const roots = createTdxRoots({ roots: 'built-in', simulated: [pki.rootFingerprint] })
  return Array.from({ length: WORLDS }, (_, index) => {
    const platform = { platformInstanceId: new Uint8Array(16).fill(index) }
    const quote = createSimulatedTdx({ pki, platform }).quote(new Uint8Array(64))
    return { quote, collateral, root: pki.certificates.root, roots, at: new Date() }
  })
}

/** The same keys everywhere; all certificates, lists and documents are other octets, so that each is verified anew. */
function createTdxWorlds() {
  const { keys } = createSimulatedTdxPki()
  const worlds = Array.from({ length: WORLDS }, () => {
    const tdx = createSimulatedTdx({ pki: createSimulatedTdxPki({ keys }) })
    return { quote: tdx.quote(new Uint8Array(64)), collateral: tdx.collateral, root: tdx.pki.certificates.root }
  })
  const roots = createTdxRoots({ roots: 'built-in', simulated: worlds.map(({ root }) => digestUri(root)) })
  return worlds.map((world) => ({ ...world, roots, at: new Date() }))
}

const judgeTdx = async ({ quote, collateral, roots, at }) =>
  assertVerified(await verifyTdxQuote({ quote }, collateral, TDX_POLICY, { at, ...unchecked, roots }))

function askWasm() {
  const web = require.resolve('@phala/dcap-qvl-web')
  return import('@phala/dcap-qvl-web').then(({ initSync, js_verify }) => {
    initSync({ module: readFileSync(join(web, '..', 'dcap-qvl-web_bg.wasm')) })
    return ({ quote, collateral, at }) => {
      const given = { ...toPeerCollateral(collateral), pck_crl_issuer_chain: '' }
      return js_verify(quote, given, BigInt(Math.floor(at.getTime() / 1000)))
    }
  })
}

const accepted = ({ ok, error }) => {
  if (!ok) throw new Error(`the peer refuses what is measured: ${error}`)
}

async function createTdxWorks() {
  const chosen = chooseTdx()
  const platforms = createTdxPlatforms()
  const worlds = createTdxWorlds()
  let [turn, peerTurn] = [0, 0]
  const works = {
    'TDX, all remembered but the quote': () => judgeTdx(chosen),
    'TDX, another platform each time': () => judgeTdx(platforms[turn++ % WORLDS]),
    'TDX, nothing remembered but keys': () => judgeTdx(worlds[turn++ % WORLDS]),
    [`TDX, ${TDX_PEER.name}, same quote`]: () => accepted(askTdxPeer(chosen, chosen.root)),
    [`TDX, ${TDX_PEER.name}, another platform each time`]: () => {
      const world = platforms[peerTurn++ % WORLDS]
      accepted(askTdxPeer(world, world.root))
    },
  }
  if (chosen.root === undefined) {
    const ask = await askWasm()
    works[`TDX, ${WASM_PEER}, same quote`] = () => ask(chosen)
  }
  return { works, evidence: chosen.name }
}

function chooseNitro() {
  const found = readGenuineNitro(vectors).find(({ name }) => name.startsWith('marlin-2024-12'))
  if (found !== undefined) {
    const roots = createNitroRoots({ roots: 'built-in', simulated: [] })
    return { ...found, root: 'sha256:641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b', roots }
  }
  const nitro = createSimulatedNitro()
  const { rootFingerprint: root } = nitro
  const roots = createNitroRoots({ roots: 'built-in', simulated: [root] })
  return { name: 'simulated', document: nitro.document(new Uint8Array(64)), at: new Date(), root, roots }
}

/** Enclaves on instances of one zone: instance and leaf are other certificates each time, those above them the same. */
function createNitroEnclaves() {
  const pki = createSimulatedNitroPki()
  const zone = createSimulatedNitro({ pki })
  const roots = createNitroRoots({ roots: 'built-in', simulated: [pki.rootFingerprint] })
  return Array.from({ length: WORLDS }, () => {
    const { certificate, cabundle } = createSimulatedNitro({ pki }).chain()
    const chain = { certificate, cabundle: [...zone.chain().cabundle.slice(0, 3), cabundle[3]] }
    return { document: zone.document(new Uint8Array(64), chain), root: pki.rootFingerprint, roots, at: new Date() }
  })
}

function createNitroWorlds() {
  const { keys } = createSimulatedNitroPki()
  const worlds = Array.from({ length: WORLDS }, () => {
    const nitro = createSimulatedNitro({ pki: createSimulatedNitroPki({ keys }) })
    return { document: nitro.document(new Uint8Array(64)), root: nitro.rootFingerprint }
  })
  const roots = createNitroRoots({ roots: 'built-in', simulated: worlds.map(({ root }) => root) })
  return worlds.map((world) => ({ ...world, roots, at: new Date() }))
}

async function judgeNitro({ document, at, roots }) {
  const fields = { userData: 'unchecked', nonce: 'unchecked', publicKey: 'unchecked', measurements: 'unchecked' }
  assertVerified(await verifyNitroDocument({ document }, NITRO_POLICY, { at, ...fields, roots }))
}

function createNitroWorks() {
  const chosen = chooseNitro()
  const enclaves = createNitroEnclaves()
  const worlds = createNitroWorlds()
  let turn = 0
  const works = {
    'Nitro, chain remembered': () => judgeNitro(chosen),
    'Nitro, another enclave each time': () => judgeNitro(enclaves[turn++ % WORLDS]),
    'Nitro, nothing remembered but keys': () => judgeNitro(worlds[turn++ % WORLDS]),
    [`Nitro, ${NITRO_PEER.name}, same document`]: async () => accepted(await askNitroPeer(chosen, chosen.root)),
  }
  return { works, evidence: chosen.name }
}

async function createSnpWorks(bench) {
  const { anew, remembered } = await createReports(bench)
  return { 'SNP, chain remembered': remembered, 'SNP, another chip each time': anew }
}

/** What each row is held against: its floor, the peer that does the same work, and how long it may take. */
const PEER_TDX = `TDX, ${TDX_PEER.name}`
const PEER_NITRO = `Nitro, ${NITRO_PEER.name}, same document`
const ROWS = {
  'TDX, all remembered but the quote': {
    floor: '1 P-256, node:crypto',
    peer: `${PEER_TDX}, same quote`,
    limitMicros: 100,
    times: 50,
  },
  'TDX, another platform each time': {
    floor: '3 P-256, node:crypto',
    peer: `${PEER_TDX}, another platform each time`,
    limitMicros: 600,
    times: 10,
  },
  'TDX, nothing remembered but keys': {
    floor: '12 P-256, node:crypto',
    peer: `${PEER_TDX}, another platform each time`,
    limitMicros: 600,
    times: 10,
  },
  'SNP, chain remembered': { floor: '1 P-384, node:crypto', limitMicros: 450 },
  'SNP, another chip each time': { floor: '1 RSA-PSS-4096 and 1 P-384, node:crypto', limitMicros: 700 },
  'Nitro, chain remembered': { floor: '1 P-384, node:crypto', peer: PEER_NITRO, limitMicros: 450 },
  'Nitro, another enclave each time': { floor: '3 P-384, node:crypto', peer: PEER_NITRO, limitMicros: 2700 },
  'Nitro, nothing remembered but keys': { floor: '6 P-384, node:crypto', peer: PEER_NITRO, limitMicros: 2700 },
}

/** CPU of a stretch, so that a clock's step evens out, and of what goes before it, so that code and caches are warm again. */
const STRETCH_MICROS = 40_000
const WARM_MICROS = 15_000

setFlagsFromString('--expose-gc')
/** A stretch does not pay for the young garbage of the one before it. A full collection would throw compiled code away. */
const collect = runInNewContext('gc')

const cpuMicros = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

async function spend(run, atLeast) {
  const startedAt = cpuMicros()
  let count = 0
  let spent = 0
  do {
    await run()
    count += 1
    spent = cpuMicros() - startedAt
  } while (spent < atLeast)
  return spent / count
}

/** Microseconds of CPU of the whole process, which other work on the machine changes less than the time that passes. */
async function measure(run) {
  collect({ type: 'minor' })
  await spend(run, WARM_MICROS)
  return spend(run, STRETCH_MICROS)
}

const runNode = promisify(execFile)

/** A process that does nothing, and one that judges one quote: milliseconds from its start, and from the import. */
async function measureCold({ scratch, progress, plan }) {
  const { quote, collateral, at, root } = chooseTdx()
  const octets = (value) => (value instanceof Uint8Array ? { octets: Buffer.from(value).toString('base64') } : value)
  const roots = root === undefined ? [] : [digestUri(root)]
  const input = join(scratch, 'cold.json')
  writeFileSync(
    input,
    JSON.stringify({ quote, collateral, at, roots, policy: POLICIES.tdx }, (_, value) => octets(value)),
  )
  const script = fileURLToPath(new URL('cold.mjs', import.meta.url))
  const once = async (how, name) => {
    progress(`platforms: a fresh process, ${name}`)
    const { stdout } = await runNode(process.execPath, [script, how, input])
    return JSON.parse(stdout)
  }
  const variants = { nothing: 'nothing', countersign: 'countersign', [TDX_PEER.name]: 'peer' }
  const results = await interleave(variants, plan.platforms.cold, once)
  const of = (name, field) => median(results[name].map((result) => result[field]))
  return Object.keys(variants).map((name) => ({
    name,
    processMs: of(name, 'processMs'),
    cpuMs: of(name, 'cpuMs'),
    importMs: of(name, 'importMs'),
    verdictMs: of(name, 'verdictMs'),
  }))
}

/** @returns each work's median, its ratio to its floor, and how many times the peer takes */
export async function benchPlatforms(bench) {
  const { rounds } = bench.plan.platforms
  bench.progress('platforms: making evidence')
  const floors = await createFloorWorks()
  const tdx = await createTdxWorks()
  const nitro = createNitroWorks()
  const works = { ...floors, ...tdx.works, ...(await createSnpWorks(bench)), ...nitro.works }
  let round = 0
  const once = (run, name) => {
    if (name === Object.keys(works)[0]) round += 1
    bench.progress(`platforms: round ${round}, ${name}`)
    return measure(run)
  }
  await interleave(works, Math.ceil(rounds / 3), once)
  round = 0
  const micros = await interleave(works, rounds, once)
  const results = Object.keys(works).map((name) => {
    const { floor, peer, ...rest } = ROWS[name] ?? {}
    return {
      name,
      micros: median(micros[name]),
      leastMicros: Math.min(...micros[name]),
      ...(floor && { floor, toFloor: ratio(micros[name], micros[floor]) }),
      ...(peer && { peerTimes: ratio(micros[peer], micros[name]) }),
      ...rest,
    }
  })
  const evidence = { tdx: tdx.evidence, nitro: nitro.evidence, genuine: existsSync(vectors) }
  return { results, cold: await measureCold(bench), evidence }
}
