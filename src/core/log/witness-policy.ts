/**
 * C2SP witness policies (c2sp.org/tlog-policy): which logs, which witnesses, and which of them are a quorum.
 *
 * ```
 * log <vkey> [<url>]
 * witness <name> <vkey> [<url>]
 * group <name> all|any|<k> <name>...
 * quorum <name>|none
 * ```
 * Narrower than the page, each on the side of refusing: octets that are not UTF-8, though names are opaque there; keys of other types than
 * Ed25519 (0x01 for logs, 0x04 for witnesses), which nothing here could verify; a last line that is not ended; more than 64 of a kind.
 * @module
 */
import { MalformedError } from '../../errors.ts'
import { sameBytes } from '../encoding/bytes.ts'
import { decodeUtf8 } from '../encoding/utf8.ts'
import { type Cosignature, decodeWitnessVkey, type WitnessKey } from './cosignature.ts'
import { decodeDecimal, refuseAs } from './lines.ts'
import { decodeVkey, type NoteKey } from './note.ts'

const MAX_SIZE = 262_144
const MAX_OF_A_KIND = 64

export interface PolicyLog {
  /** Its name is the origin. */
  readonly key: NoteKey
  readonly url?: string
}

export interface PolicyWitness {
  /** Has a meaning in this policy alone; the name under signatures is that of the key. */
  readonly name: string
  readonly key: WitnessKey
  readonly url?: string
}

/** Holds when at least `threshold` of its members do. */
export interface PolicyGroup {
  readonly name: string
  readonly threshold: number
  /** Names of witnesses and of earlier groups. */
  readonly members: readonly string[]
}

export interface WitnessPolicy {
  /** Empty where the logs are known otherwise. */
  readonly logs: readonly PolicyLog[]
  readonly witnesses: readonly PolicyWitness[]
  readonly groups: readonly PolicyGroup[]
  /** Name of a witness or group. */
  readonly quorum: string | 'none'
}

/**
 * Strict: an unknown word, an item too many or a name that is not defined is refused.
 * @throws MalformedError POLICY_INVALID, naming the line
 */
export function decodeWitnessPolicy(source: string | Uint8Array): WitnessPolicy {
  const draft = new PolicyDraft()
  decodeLines(source).forEach((line, i) => {
    try {
      draft.add(line.split(/[ \t]+/).filter((item) => item !== ''))
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      throw new MalformedError('POLICY_INVALID', `witness policy, line ${i + 1}: ${error.message}`, { cause: error })
    }
  })
  return draft.finish()
}

function decodeLines(source: string | Uint8Array): readonly string[] {
  if (source.length > MAX_SIZE) throw invalid(`witness policy: longer than ${MAX_SIZE} octets`)
  const text = refuseAs('POLICY_INVALID', () => (typeof source === 'string' ? source : decodeUtf8(source)))
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here
  if (/[\u0000-\u0008\u000b-\u001f\u007f]|\p{Cs}/u.test(text)) throw invalid('witness policy: characters out of range')
  // A file that was cut could name another quorum than the one that was written.
  if (!text.endsWith('\n')) throw invalid('witness policy: the last line does not end in a line feed')
  return text.split('\n').map((line) => (/^[ \t]*#/.test(line) ? '' : line))
}

/** A policy as far as its lines were read: each line may use the names of those before it. */
class PolicyDraft {
  readonly #logs: PolicyLog[] = []
  readonly #witnesses: PolicyWitness[] = []
  readonly #groups: PolicyGroup[] = []
  readonly #names: Set<string> = new Set()
  /** Names that are members already: each once, so that a witness counts in one way only. */
  readonly #members: Set<string> = new Set()
  #quorum: string | undefined

  add(items: readonly string[]): void {
    const [word, ...rest] = items
    if (word === undefined) return
    if (word === 'log') this.#addLog(rest)
    else if (word === 'witness') this.#addWitness(rest)
    else if (word === 'group') this.#addGroup(rest)
    else if (word === 'quorum') this.#setQuorum(rest)
    else throw invalid(`unknown word ${JSON.stringify(word)}`)
  }

  #addLog([vkey, url, ...more]: readonly string[]): void {
    if (vkey === undefined || more.length > 0) throw invalid('a log is: log <vkey> [<url>]')
    const key = decodeVkey(vkey)
    requireNew(this.#logs, key)
    this.#logs.push({ key, ...(url === undefined ? {} : { url }) })
  }

  #addWitness([name, vkey, url, ...more]: readonly string[]): void {
    if (name === undefined || vkey === undefined || more.length > 0)
      throw invalid('a witness is: witness <name> <vkey> [<url>]')
    const key = decodeWitnessVkey(vkey)
    requireNew(this.#witnesses, key)
    this.#define(name)
    this.#witnesses.push({ name, key, ...(url === undefined ? {} : { url }) })
  }

  #addGroup([name, count, ...members]: readonly string[]): void {
    if (name === undefined || count === undefined || members.length === 0)
      throw invalid('a group is: group <name> all|any|<k> <name>...')
    const threshold = readThreshold(count, members.length)
    for (const member of members) this.#join(member)
    if (this.#groups.length === MAX_OF_A_KIND) throw invalid(`more than ${MAX_OF_A_KIND} groups`)
    this.#define(name)
    this.#groups.push({ name, threshold, members })
  }

  #setQuorum([name, ...more]: readonly string[]): void {
    if (name === undefined || more.length > 0) throw invalid('a quorum is: quorum <name>')
    if (this.#quorum !== undefined) throw invalid('a second quorum')
    if (name !== 'none') this.#require(name)
    this.#quorum = name
  }

  #define(name: string): void {
    if (name === 'none' || this.#names.has(name)) throw invalid(`the name ${JSON.stringify(name)} is taken`)
    this.#names.add(name)
  }

  #join(member: string): void {
    this.#require(member)
    if (this.#members.has(member)) throw invalid(`${JSON.stringify(member)} is a member already`)
    this.#members.add(member)
  }

  #require(name: string): void {
    if (!this.#names.has(name)) throw invalid(`${JSON.stringify(name)} is not defined above`)
  }

  finish(): WitnessPolicy {
    if (this.#quorum === undefined) throw invalid('witness policy: no quorum')
    return { logs: this.#logs, witnesses: this.#witnesses, groups: this.#groups, quorum: this.#quorum }
  }
}

/** Keys are the same when their octets are, whatever they are called. */
function requireNew(known: readonly { readonly key: NoteKey }[], { publicKey }: NoteKey): void {
  if (known.some(({ key }) => sameBytes(key.publicKey, publicKey))) throw invalid('the key stands above already')
  if (known.length === MAX_OF_A_KIND) throw invalid(`more than ${MAX_OF_A_KIND}`)
}

function readThreshold(count: string, members: number): number {
  if (count === 'all') return members
  if (count === 'any') return 1
  const threshold = decodeDecimal(count, 'the threshold', 'POLICY_INVALID')
  if (threshold < 1 || threshold > members) throw invalid(`a threshold of ${threshold} of ${members} members`)
  return threshold
}

function invalid(message: string): MalformedError {
  return new MalformedError('POLICY_INVALID', message)
}

/** Whether these witnesses, by their names in the policy, are a quorum. Anyone is, where the policy asks for none. */
export function meetsQuorum({ groups, quorum }: WitnessPolicy, witnesses: ReadonlySet<string>): boolean {
  if (quorum === 'none') return true
  const holding = new Set(witnesses)
  // In the order of their lines, so that the groups among the members of a group are judged before it.
  for (const { name, threshold, members } of groups)
    if (members.filter((member) => holding.has(member)).length >= threshold) holding.add(name)
  return holding.has(quorum)
}

/** The names in the policy of the witnesses that cosigned. */
export function policyNames(policy: WitnessPolicy, cosignatures: readonly Cosignature[]): readonly string[] {
  return policy.witnesses
    .filter(({ key }) => cosignatures.some(({ witness }) => sameBytes(witness.publicKey, key.publicKey)))
    .map(({ name }) => name)
}

/**
 * The least t, in seconds, for which the cosignatures up to t are a quorum: by then the checkpoint was seen.
 * @returns undefined where they never are, and where the policy asks for none: nobody says when, then
 */
export function quorumTime(policy: WitnessPolicy, cosignatures: readonly Cosignature[]): number | undefined {
  if (policy.quorum === 'none') return undefined
  const times = cosignatures.map(({ timestamp }) => timestamp).toSorted((a, b) => a - b)
  return times.find((time) => {
    const upTo = cosignatures.filter(({ timestamp }) => timestamp <= time)
    return meetsQuorum(policy, new Set(policyNames(policy, upTo)))
  })
}
