/**
 * One history, one writer: the chain of logs that a gateway continues from boot to boot. A store without an inception is refused (a disk
 * that was not mounted must not begin a second history), so is a copy of one, and so is one that a living process writes. @module
 */
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { CountersignError, StateError } from '../../errors.ts'
import { isSegment } from '../names.ts'
import type { ObjectStore } from '../types.ts'
import {
  decodeHead,
  decodeInception,
  encodeHead,
  encodeLease,
  fetchDocument,
  headName,
  heartbeatName,
  type Inception,
  inceptionName,
  leaseName,
} from './documents.ts'
import { BEAT_MS, removeBefore, requireHighest, type TakenLease, takeLease } from './lease.ts'
import { nodeProcess, type ProcessFacts } from './process-facts.ts'

export interface LineageOptions {
  /** Of the lineage. */
  readonly name: string
  /** Of the gateway. */
  readonly host: string
  readonly process?: ProcessFacts
  /** Called once when another process is found to write, if that is found between two calls of `fence`. */
  readonly onLost?: (error: StateError) => void
}

export interface Lineage {
  readonly name: string
  /** Higher than that of any writer before. */
  readonly token: number
  readonly inception: Inception
  /** Rejects with StateError LOG_FENCED once another process writes; then it always does. Asks the store each time. */
  fence(): Promise<void>
  /** The newest log; undefined before the first. */
  head(): Promise<{ readonly log: string } | undefined>
  /** Makes a log the newest one. @throws StateError LOG_FENCED when another process did so meanwhile */
  moveHead(log: string): Promise<void>
  /** Lets the next writer begin at once. */
  release(): Promise<void>
}

/**
 * Becomes the writer of a lineage.
 * @throws CountersignError ERR_CONFIG without an inception, or with that of another host
 * @throws StateError LOG_FENCED for a copy, or while another process writes
 */
export async function openLineage(store: ObjectStore, options: LineageOptions): Promise<Lineage> {
  const { name, host, process = nodeProcess(), onLost = () => {} } = options
  const inception = await readInception(store, name)
  if (inception.host !== host)
    throw new CountersignError(
      'ERR_CONFIG',
      `lineage ${name} is that of ${inception.host}, not of ${host}: set measured.host, or name another lineage or store`,
    )
  const lease = await takeLease({ store, lineage: name, process })
  const lineage = new HeldLineage({ store, name, inception, lease, process, onLost })
  await lineage.begin()
  return lineage
}

async function readInception(store: ObjectStore, lineage: string): Promise<Inception> {
  const found = await fetchDocument(store, inceptionName(lineage), decodeInception)
  if (found === undefined)
    throw new CountersignError(
      'ERR_CONFIG',
      `this store has no lineage ${lineage}: if its disk is mounted and it should be new, run \`countersign log init DIR\`; if it was restored, \`countersign log adopt DIR\``,
    )
  const { host, created, mark } = found.document
  if (!(await store.isMarked(inceptionName(lineage), mark)))
    throw new StateError(
      'LOG_FENCED',
      `this folder is a copy of the lineage ${lineage} of ${host}, begun ${new Date(created * 1000).toISOString()}; if the original is gone for good, run \`countersign log adopt DIR\``,
    )
  return found.document
}

interface HeldDeps {
  readonly store: ObjectStore
  readonly name: string
  readonly inception: Inception
  readonly lease: TakenLease
  readonly process: ProcessFacts
  readonly onLost: (error: StateError) => void
}

class HeldLineage implements Lineage {
  readonly name: string
  readonly token: number
  readonly inception: Inception
  readonly #deps: HeldDeps
  #lost: StateError | undefined
  #stopBeating: () => void = () => {}
  #beats = 0
  #beating: Promise<void> = Promise.resolve()

  constructor(deps: HeldDeps) {
    this.name = deps.name
    this.token = deps.lease.token
    this.inception = deps.inception
    this.#deps = deps
  }

  async begin(): Promise<void> {
    const { store, process } = this.#deps
    await this.#beat()
    this.#stopBeating = process.repeat(BEAT_MS, () => {
      this.#beating = this.#beat()
      return this.#beating
    })
    await removeBefore(store, this.name, this.token)
    await store.removeLeftovers()
  }

  async fence(): Promise<void> {
    if (this.#lost) throw this.#lost
    try {
      await requireHighest(this.#deps.store, this.name, this.token)
    } catch (error) {
      if (error instanceof StateError) this.#lose(error)
      throw error
    }
  }

  async head(): Promise<{ readonly log: string } | undefined> {
    const found = await fetchDocument(this.#deps.store, headName(this.name), decodeHead)
    return found && { log: found.document.log }
  }

  async moveHead(log: string): Promise<void> {
    if (!isSegment(log)) throw new CountersignError('ERR_USAGE', 'the head of a lineage is the id of a log')
    await this.fence()
    const { store } = this.#deps
    const found = await fetchDocument(store, headName(this.name), decodeHead)
    const isOurs = found === undefined || found.document.token <= this.token
    const next = encodeHead({ log, token: this.token })
    if (isOurs && (await store.swap(headName(this.name), found?.octets, next))) return
    throw this.#lose(new StateError('LOG_FENCED', `the head of lineage ${this.name} was moved by another writer`))
  }

  async release(): Promise<void> {
    this.#stopBeating()
    await this.#beating
    if (this.#lost) return
    const { store, lease } = this.#deps
    const isReleased = await store.swap(
      leaseName(this.name, this.token),
      lease.octets,
      encodeLease({ state: 'released' }),
    )
    this.#lost = new StateError('LOG_FENCED', `lineage ${this.name} was released by this process`)
    if (isReleased) await store.remove([heartbeatName(this.name, this.token)])
  }

  /** A store that does not take it now (a full disk) is no reason to end: a watcher may then take over, and we are fenced. */
  async #beat(): Promise<void> {
    const { store, process, onLost } = this.#deps
    try {
      await this.fence()
      const bytes = encodeUtf8(`${++this.#beats} ${process.nonce()}\n`)
      await store.write([{ name: heartbeatName(this.name, this.token), bytes }])
    } catch (error) {
      if (error !== this.#lost || !(error instanceof StateError)) return
      this.#stopBeating()
      onLost(error)
    }
  }

  #lose(error: StateError): StateError {
    this.#lost ??= error
    return this.#lost
  }
}
