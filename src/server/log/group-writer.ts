/** Group commit: what arrives while one fdatasync is in flight becomes the next group, and one signature covers it. @module */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { concatBytes } from '../../core/encoding/bytes.ts'
import type { NoteSigner } from '../../core/log/index.ts'
import type { FailureLatch } from './failure-latch.ts'
import type { LogFile } from './file-system.ts'
import {
  type EncodedGroup,
  encodeGroup,
  encodePreamble,
  type GroupPosition,
  signaturePrefix,
  type WalRecord,
} from './wal-format.ts'

/** What goes into the log together: an entry, its record if it is a receipt, an admitted request. */
export interface Addition {
  readonly entry?: Uint8Array
  readonly record?: Omit<WalRecord, 'ordinal'>
  readonly intent?: Uint8Array
}

/** A group from its first addition until it is durable. */
export interface Group {
  readonly entries: Uint8Array[]
  readonly intents: Uint8Array[]
  readonly records: WalRecord[]
  readonly durable: Promise<void>
  readonly settle: { readonly resolve: () => void; readonly reject: (error: Error) => void }
}

export interface DurableGroup extends Group, Pick<EncodedGroup, 'sealedOffsets'> {
  /** Where the group begins in its file. */
  readonly offset: number
}

export interface GroupWriterDeps {
  readonly file: LogFile
  readonly origin: string
  readonly signer: NoteSigner
  readonly latch: FailureLatch
  /** Called when a group is on its way to the disk: time to hash its leaves. */
  readonly onWriting: (group: Group) => void
  /** Called when a group is durable, before anyone who waits for it goes on. */
  readonly onDurable: (group: DurableGroup) => void
}

export class GroupWriter {
  readonly #deps: GroupWriterDeps
  readonly #sign: (signed: Uint8Array) => Uint8Array
  #position: GroupPosition = { number: 0, firstIndex: 0, firstSeq: 0, previous: new Uint8Array(32) }
  #offset = 0
  #next: Group | undefined
  #running: Promise<void> | undefined

  constructor(deps: GroupWriterDeps) {
    this.#deps = deps
    const prefix = signaturePrefix(deps.origin)
    this.#sign = (signed) => deps.signer.sign(concatBytes(prefix, signed))
  }

  /** Starts the file. Its octets become durable with the first group. */
  async begin(): Promise<void> {
    const preamble = encodePreamble(this.#deps.origin)
    await this.#deps.file.append(preamble)
    this.#offset = preamble.length
  }

  /** Puts an addition into the next group, in call order; resolves when that group is durable. All in a group share one promise. */
  add({ entry, record, intent }: Addition): Promise<void> {
    const group = this.#next ?? newGroup()
    this.#next = group
    if (intent) group.intents.push(intent)
    if (record) group.records.push({ ordinal: group.entries.length, ...record })
    if (entry) group.entries.push(entry)
    this.#running ??= this.#run()
    return group.durable
  }

  /** Resolves when nothing is on its way any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  async #run(): Promise<void> {
    // One turn of the event loop, not a timer: those whom the last group released join this one, and the disk stays busy.
    for (await nextTurn(); this.#next; await nextTurn()) {
      const group = this.#next
      this.#next = undefined
      await this.#commit(group)
    }
    this.#running = undefined
  }

  async #commit(group: Group): Promise<void> {
    const { file, latch, onWriting, onDurable } = this.#deps
    try {
      latch.check()
      const encoded = encodeGroup(this.#position, group, this.#sign)
      const written = file.append(encoded.bytes)
      onWriting(group)
      await written
      await file.sync()
      const offset = this.#offset
      this.#advance(group, encoded)
      onDurable({ ...group, offset, sealedOffsets: encoded.sealedOffsets })
      group.settle.resolve()
    } catch (cause) {
      group.settle.reject(latch.trip(cause))
    }
  }

  #advance(group: Group, { bytes, digest }: EncodedGroup): void {
    const { number, firstIndex, firstSeq } = this.#position
    this.#offset += bytes.length
    this.#position = {
      number: number + 1,
      firstIndex: firstIndex + group.entries.length,
      firstSeq: firstSeq + group.records.length,
      previous: digest,
    }
  }
}

function newGroup(): Group {
  const settle = { resolve: () => {}, reject: (_error: Error) => {} }
  const durable = new Promise<void>((resolve, reject) => {
    settle.resolve = resolve
    settle.reject = reject
  })
  // Whoever appends hears of a failure through this promise; one who does not look must not bring the process down before onFailure acts.
  durable.catch(() => {})
  return { entries: [], intents: [], records: [], durable, settle }
}
