// Names each difference between the two TDX verifiers. What has no name here is unexplained, and fails the run.
import { DEVIATIONS, evaluateAsIntel, explain, sameOutcome } from './tdx-model.mjs'
import { isRevokedByIssuer, readPlatform } from './tdx-peer.mjs'

const bit = (value, at) => ((value >> BigInt(at)) & 1n) === 1n
const LASS = 27
const SEPT_VE_DISABLE = 28
const MIGRATABLE = 29
const TPA = 62

/** Where the peer refuses a fact that the permissive policy leaves to its caller, or a form that Intel allows: its words and the fact. */
export const PEER_RULES = {
  'sept-ve': {
    what: 'demands SEPT_VE_DISABLE, which this policy leaves unchecked',
    applies: ({ error }, { attributes }) =>
      error === 'SEPT_VE_DISABLE is not enabled' && !bit(attributes, SEPT_VE_DISABLE),
  },
  'service-td': {
    what: 'demands a zero MRSERVICETD, which this policy leaves unchecked',
    applies: ({ error }, { serviceTd }) => error === 'Invalid mr service td' && /[^0]/.test(serviceTd),
  },
  'attribute-bits': {
    what: 'calls TDATTRIBUTES LASS, MIGRATABLE and TPA reserved; this policy leaves the named attributes unchecked',
    applies: ({ error }, { attributes }) =>
      error === 'Reserved bits in TD attributes are set' && [LASS, MIGRATABLE, TPA].some((at) => bit(attributes, at)),
  },
  'auth-data': {
    what: 'hashes exactly 32 octets of QE auth data, where the quote says how many there are',
    applies: ({ error }, { qeAuthSize }) => error === 'QE report hash mismatch' && qeAuthSize !== 32,
  },
  'list-of-another': {
    what: 'looks a serial number up in the lists of all issuers, and the root in its own: RFC 5280, 6.3.3 asks the list of the issuer',
    applies: ({ error }, { revoked }) => error === 'Certificate is revoked' && !revoked,
  },
  'pce-svn-octets': {
    what: 'takes a PCESVN of at most two octets of DER, so none from 0x8000 on',
    applies: ({ error }, { pceSvn }) => error === 'PceSvn length mismatch' && pceSvn >= 0x8000,
  },
}

/** The step of the model at which the peer's words say it stopped. */
function stepOf(error) {
  if (error === 'No matching TCB level found') return 'level'
  if (error === 'TCB status is invalid: Revoked') return 'status'
  if (/^QE ISVSVN \d+ is below minimum required/.test(error)) return 'qe'
  return undefined
}

function factsOf({ quote, collateral }) {
  const json = ({ body }) => JSON.parse(Buffer.from(body).toString('utf8'))
  const platform = { ...readPlatform(quote), revoked: isRevokedByIssuer(quote, collateral) }
  return { tcbInfo: json(collateral.tcbInfo), qeIdentity: json(collateral.qeIdentity), platform }
}

const sorted = (advisories) => [...new Set(advisories)].sort()

/**
 * @param ours `{ ok, code, check, status, advisories }`
 * @param peer `{ ok, error, status, advisories }`
 * @returns `{ kind, name }`; kind is same, both-refuse, ours-stricter, peer-stricter, differ or unexplained
 */
export function classify(subject, ours, peer) {
  if (!ours.ok)
    return peer.ok
      ? { kind: 'ours-stricter', name: `${ours.code} (${ours.check})` }
      : { kind: 'both-refuse', name: ours.code }
  const facts = factsOf(subject)
  const own = { status: ours.status, advisories: sorted(ours.advisories) }
  if (!sameOutcome(evaluateAsIntel(facts), own))
    return { kind: 'unexplained', name: `our ${own.status} [${own.advisories}] is not what the rules give` }
  if (peer.ok && sameOutcome(own, { status: peer.status, advisories: sorted(peer.advisories) }))
    return { kind: 'same', name: own.status }
  const kind = peer.ok ? 'differ' : 'peer-stricter'
  const name = nameOf(facts, peer)
  return name === undefined
    ? {
        kind: 'unexplained',
        name: peer.ok
          ? `${own.status} and ${peer.status} [${own.advisories}] [${peer.advisories}]`
          : `the peer alone refuses: ${peer.error}`,
      }
    : { kind, name }
}

function nameOf(facts, peer) {
  if (peer.ok) return explain(facts, { status: peer.status, advisories: sorted(peer.advisories) })?.join(' + ')
  const step = stepOf(peer.error)
  if (step !== undefined) return explain(facts, { refused: step })?.join(' + ')
  return Object.keys(PEER_RULES).find((rule) => PEER_RULES[rule].applies(peer, facts.platform))
}

/** What the names of {@link classify} stand for. */
export const meaningOf = (name) =>
  name
    .split(' + ')
    .map((part) => DEVIATIONS[part] ?? PEER_RULES[part]?.what)
    .filter(Boolean)
    .join('; ')
