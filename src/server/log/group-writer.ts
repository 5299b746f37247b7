/** Group commit: what arrives while one fdatasync is in flight becomes the next group, and one signature covers it. @module */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { concatBytes } from '../../core/encoding/bytes.ts'
import type { NoteSigner } from '../../core/log/index.ts'
import type { FailureLatch } from './failure-latch.ts'
import type { LogFile } from './file-system.ts'
import { type EncodedGroup, GroupBuffer } from './group-buffer.ts'
import { encodePreamble, type GroupPosition, signaturePrefix } from './wal-format.ts'

/** A group from its first addition until it is durable. */
interface PendingGroup {
  readonly content: GroupBuffer
  readonly durable: Promise<void>
  readonly settle: { readonly resolve: () => void; readonly reject: (error: Error) => void }
}

export interface GroupWriterDeps {
  readonly file: LogFile
  readonly origin: string
  readonly signer: NoteSigner
  readonly latch: FailureLatch
  /** Called while the disk is at work on a group: time to hash its leaves. */
  readonly onSyncing: (group: GroupBuffer) => void
  /** Called when a group is durable and begins at `offset` of the file, before anyone who waits for it goes on. */
  readonly onDurable: (group: GroupBuffer, offset: number) => void
}

export class GroupWriter {
  readonly #deps: GroupWriterDeps
  readonly #sign: (signed: Uint8Array) => Uint8Array
  #position: GroupPosition = { number: 0, firstIndex: 0, firstSeq: 0, previous: new Uint8Array(32) }
  #offset = 0
  #next: PendingGroup | undefined
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

  /**
   * Lets `put` add to the next group, which takes what comes in call order.
   * @returns a promise, the same for all in the group, that resolves when the group is durable
   */
  add(put: (group: GroupBuffer) => void): Promise<void> {
    const group = this.#next ?? newGroup()
    this.#next = group
    put(group.content)
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

  async #commit({ content, settle }: PendingGroup): Promise<void> {
    const { file, latch, onSyncing, onDurable } = this.#deps
    try {
      latch.check()
      const encoded = content.encode(this.#position, this.#sign)
      await file.append(encoded.bytes)
      const synced = file.sync()
      onSyncing(content)
      await synced
      onDurable(content, this.#offset)
      this.#advance(content, encoded)
      settle.resolve()
    } catch (cause) {
      settle.reject(latch.trip(cause))
    }
  }

  #advance({ entryCount, recordCount }: GroupBuffer, { bytes, digest }: EncodedGroup): void {
    const { number, firstIndex, firstSeq } = this.#position
    this.#offset += bytes.length
    this.#position = {
      number: number + 1,
      firstIndex: firstIndex + entryCount,
      firstSeq: firstSeq + recordCount,
      previous: digest,
    }
  }
}

function newGroup(): PendingGroup {
  const settle = { resolve: () => {}, reject: (_error: Error) => {} }
  const durable = new Promise<void>((resolve, reject) => {
    settle.resolve = resolve
    settle.reject = reject
  })
  // Whoever appends hears of a failure through this promise; one who does not look must not bring the process down before onFailure acts.
  durable.catch(() => {})
  return { content: new GroupBuffer(), durable, settle }
}
