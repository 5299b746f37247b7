// Cases for TDX: a mutation or several, applied to a quote of the simulator with its collateral, or to a genuine pair.

import { randomOfCase } from './random.mjs'
import { DOCUMENT_MUTATIONS } from './tdx-document-mutations.mjs'
import { QUOTE_FIELD_MUTATIONS, QUOTE_OCTET_MUTATIONS } from './tdx-quote-mutations.mjs'
import { COLLATERAL_OCTET_MUTATIONS, TRUST_MUTATIONS } from './tdx-trust-mutations.mjs'

const OCTETS = [...QUOTE_OCTET_MUTATIONS, ...COLLATERAL_OCTET_MUTATIONS]
const MEANINGS = [...QUOTE_FIELD_MUTATIONS, ...DOCUMENT_MUTATIONS, ...TRUST_MUTATIONS]
const ALL = [...MEANINGS, ...OCTETS]
export const TDX_MUTATIONS = ALL.map(([name]) => name)

/** The time that simulated evidence is judged at. */
const AT = new Date('2026-11-21T12:00:00Z')
const SHARE_OF_GENUINE = 0.1
const SHARE_OF_COMBINED = 0.35
const BASES = [{}, {}, { version: 5, bodyType: 2 }, { version: 5, bodyType: 3 }]

/**
 * @param simulator the package's simulator
 * @param genuine `{ name, quote, collateral, at }`, judged under Intel's root; may be none
 * @returns `(seed, index, wanted?) => case`; `wanted` names the one mutation to make
 */
export function createTdxCases(simulator, genuine) {
  const clock = () => AT
  const pki = simulator.createSimulatedTdxPki({ clock })
  const unchanged = simulator.createSimulatedTdx({ pki, clock })
  const stranger = simulator.createSimulatedTdx({ clock })
  const other = { ...stranger.collateral, quote: stranger.quote(new Uint8Array(64)) }
  const { root } = pki.certificates
  const simulated = (mutations, r) => {
    const world = { at: AT, tdx: unchanged, other }
    const base = r.pick(BASES)
    const changes = merge([{ fields: base }, ...mutations.map(([, make]) => make(r, world))])
    return { ...build({ simulator, pki, clock }, changes, world), at: changes.at ?? AT, root }
  }
  const real = (mutations, r) => {
    const { name, ...files } = r.pick(genuine)
    const { tamper } = merge(mutations.map(([, make]) => make(r, {})))
    const { at, ...changed } = tampered({ quote: files.quote, ...files.collateral, at: files.at }, tamper)
    return { ...split(changed), at, root: undefined, base: name }
  }
  return (seed, index, wanted) => {
    const r = randomOfCase(seed, index)
    const isReal = genuine.length > 0 && wanted === undefined && r.chance(SHARE_OF_GENUINE)
    if (isReal) {
      const untouched = index % 7 === 0
      const mutations = untouched ? [] : [r.pick(OCTETS)]
      return { names: ['genuine', ...mutations.map(([name]) => name)], ...real(mutations, r) }
    }
    const mutations = wanted === undefined ? choose(index, r) : [ALL.find(([name]) => name === wanted)]
    return { names: mutations.map(([name]) => name), ...simulated(mutations, r) }
  }
}

/** Each mutation comes in its turn; some come with others, most of them of the kind that is signed. */
function choose(index, r) {
  const first = ALL[index % ALL.length]
  if (!r.chance(SHARE_OF_COMBINED)) return [first]
  return [first, r.pick(MEANINGS), ...(r.chance(0.4) ? [r.pick(MEANINGS)] : [])]
}

const CHAINED = [
  'tcbInfo',
  'tcbInfoText',
  'qeIdentity',
  'qeIdentityText',
  'pck',
  'sgxEntries',
  'pckCrl',
  'rootCaCrl',
  'unsigned',
  'signed',
]

/** Changes one after another; of what is a value the later one counts. */
function merge(all) {
  const chained = CHAINED.map((name) => [
    name,
    (value) => all.reduce((seen, changes) => (changes[name] ? changes[name](seen) : seen), value),
  ])
  return {
    ...Object.fromEntries(chained),
    fields: Object.assign({}, ...all.map(({ fields }) => fields)),
    platform: Object.assign({}, ...all.map(({ platform }) => platform)),
    certificates: Object.assign({}, ...all.map(({ certificates }) => certificates)),
    ca: all.map(({ ca }) => ca).find(Boolean),
    at: all.map(({ at }) => at).findLast(Boolean),
    tamper: all.map(({ tamper }) => tamper).filter(Boolean),
    pckListed: all.some(({ pckCrl }) => pckCrl),
  }
}

function build({ simulator, pki, clock }, changes, world) {
  const { certificates, ca, platform, fields, sgxEntries, pck, pckCrl, rootCaCrl, unsigned, signed, tamper } = changes
  const edit = (json, text) => (octets) => text(JSON.stringify(json(JSON.parse(octets))))
  const altered = Object.keys(certificates).length === 0 ? pki : reissued(simulator, { pki, clock }, certificates)
  const tdx = simulator.createSimulatedTdx({
    pki: altered,
    clock,
    ...(ca && { ca }),
    platform,
    sgxEntries,
    shape: pck,
    collateral: {
      tcbInfoText: edit(changes.tcbInfo, changes.tcbInfoText),
      qeIdentityText: edit(changes.qeIdentity, changes.qeIdentityText),
      pckCrl,
      rootCaCrl,
    },
  })
  // Documents speak of the platform as it was made: only the certificate moves away from them.
  const plain =
    Object.keys(platform).length === 0 ? tdx : ofPlainPlatform(simulator, { pki: altered, clock, ca }, changes)
  const quote = tdx.quote(new Uint8Array(64).fill(7), fields, { unsigned, signed })
  return split(tampered({ quote, ...plain.collateral }, tamper, world))
}

function ofPlainPlatform(
  simulator,
  { pki, clock, ca },
  { tcbInfo, tcbInfoText, qeIdentity, qeIdentityText, pckCrl, rootCaCrl },
) {
  const edit = (json, text) => (octets) => text(JSON.stringify(json(JSON.parse(octets))))
  const collateral = {
    tcbInfoText: edit(tcbInfo, tcbInfoText),
    qeIdentityText: edit(qeIdentity, qeIdentityText),
    pckCrl,
    rootCaCrl,
  }
  return simulator.createSimulatedTdx({ pki, clock, ...(ca && { ca }), collateral })
}

/** The same keys and root; only what is altered is issued anew. */
function reissued(simulator, { pki, clock }, shapes) {
  const { certificates } = simulator.createSimulatedTdxPki({ keys: pki.keys, clock, shapes })
  const own = Object.fromEntries(Object.keys(shapes).map((name) => [name, certificates[name]]))
  return { ...pki, certificates: { ...pki.certificates, ...own } }
}

const tampered = (files, changes, world) => changes.reduce((seen, change) => change(seen, world), files)
const split = ({ quote, ...collateral }) => ({ quote, collateral })
