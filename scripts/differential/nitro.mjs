// One case after another through both Nitro verifiers; each difference gets its name.
import { NITRO_FIELD_MUTATIONS, NITRO_OCTET_MUTATIONS } from './nitro-mutations.mjs'
import { askNitroPeer } from './nitro-peer.mjs'
import { randomOfCase } from './random.mjs'

export { NITRO_PEER } from './nitro-peer.mjs'

const ALL = [...NITRO_FIELD_MUTATIONS, ...NITRO_OCTET_MUTATIONS]
export const NITRO_MUTATIONS = ALL.map(([name]) => name)

/** The time that simulated documents are made and judged at. */
const AT = new Date('2026-11-21T12:00:00Z')
const AWS_ROOT = 'sha256:641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b'
const SHARE_OF_GENUINE = 0.15
const USER_DATA = new Uint8Array(64).fill(7)
const REGISTERS = new Map(
  Array.from({ length: 16 }, (_, index) => [index, new Uint8Array(48).fill(index < 5 ? index + 1 : 0)]),
)

/** Where the peer refuses a form that is allowed: its words and the fact. */
const PEER_RULES = {
  tag: {
    what: 'takes no tag 18 before the array, which the specification describes',
    applies: ({ error }, { document }) => error === 'Invalid COSE Sign1' && document[0] === 0xd2,
  },
  'part-of-a-second': {
    what: 'ends a certificate with the first millisecond of its last second',
    async applies({ error }, subject) {
      const at = new Date(Math.floor(subject.at.getTime() / 1000) * 1000)
      return error === 'invalid root of trust' && (await askNitroPeer({ ...subject, at }, subject.root)).ok
    },
  },
}

export const nitroMeaningOf = (name) => PEER_RULES[name]?.what ?? ''

/** @param library `{ nitro, simulator, policy }`: the two modules of the package, built or as sources, and the policy as JSON */
export function createNitroDifferential({ nitro, simulator, policy }, genuine = []) {
  const clock = () => AT
  const pki = simulator.createSimulatedNitroPki({ clock })
  const plain = simulator.createSimulatedNitro({ pki, clock })
  const other = simulator.createSimulatedNitro({ clock })
  const world = { at: AT, nitro: plain, other, pcrs: REGISTERS }
  const decoded = nitro.decodeNitroPolicy(policy)
  const simulated = [pki.rootFingerprint]

  function make(changes) {
    const { certificateShapes, fields, ofOther, tamper = (document) => document, at = AT, ...shapes } = changes
    const source = ofOther
      ? other
      : certificateShapes
        ? simulator.createSimulatedNitro({ pki, clock, certificateShapes })
        : plain
    const document = source.document(USER_DATA, { pcrs: REGISTERS, ...fields }, shapes)
    return { document: tamper(document), at, root: pki.rootFingerprint, roots: { roots: 'built-in', simulated } }
  }

  function choose(seed, index, wanted) {
    const r = randomOfCase(seed, index)
    if (genuine.length > 0 && wanted === undefined && r.chance(SHARE_OF_GENUINE)) {
      const { document, at } = r.pick(genuine)
      const mutation = index % 7 === 0 ? undefined : r.pick(NITRO_OCTET_MUTATIONS)
      const changed = mutation === undefined ? document : mutation[1](r, world).tamper(document)
      const names = ['genuine', ...(mutation ? [mutation[0]] : [])]
      return { names, document: changed, at, root: AWS_ROOT, roots: { roots: 'built-in', simulated: [] } }
    }
    const [name, change] = wanted === undefined ? ALL[index % ALL.length] : ALL.find(([one]) => one === wanted)
    return { names: [name], ...make(change(r, world)) }
  }

  async function judge({ document, at, roots }) {
    const unchecked = { userData: 'unchecked', nonce: 'unchecked', publicKey: 'unchecked', measurements: 'unchecked' }
    const verdict = await nitro.verifyNitroDocument({ document }, decoded, {
      at,
      ...unchecked,
      roots: nitro.createNitroRoots(roots),
    })
    if (verdict.ok) return { ok: true, moduleId: verdict.value.document.moduleId }
    const failed = verdict.checks.find(({ status }) => status === 'fail')
    return { ok: false, code: verdict.code, check: failed?.name, detail: failed?.detail }
  }

  return async (seed, index, wanted) => {
    const subject = choose(seed, index, wanted)
    const ours = await judge(subject)
    const peer = await askNitroPeer(subject, subject.root)
    return { index, names: subject.names, ours, peer, ...(await classify(subject, ours, peer)) }
  }
}

async function classify(subject, ours, peer) {
  if (!ours.ok)
    return peer.ok
      ? { kind: 'ours-stricter', name: `${ours.code} (${ours.check})` }
      : { kind: 'both-refuse', name: ours.code }
  if (peer.ok)
    return ours.moduleId === peer.moduleId
      ? { kind: 'same', name: 'accepted' }
      : { kind: 'unexplained', name: `modules ${ours.moduleId} and ${peer.moduleId}` }
  for (const [name, { applies }] of Object.entries(PEER_RULES))
    if (await applies(peer, subject)) return { kind: 'peer-stricter', name }
  return { kind: 'unexplained', name: `the peer alone refuses: ${peer.error}` }
}
