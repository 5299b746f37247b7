/** Signs and replaces the checkpoint of a log, after its tiles are durable and after asking whether this is still the writer. @module */
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { type NoteSigner, type SignedCheckpoint, signCheckpoint, type TreeHead } from '../../core/log/index.ts'
import { StateError } from '../../errors.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { attemptWrite } from './attempt-write.ts'
import { publishedName } from './names.ts'
import type { SpaceWatch } from './space-watch.ts'

export interface CheckpointWriterDeps {
  readonly store: ObjectStore
  readonly id: string
  readonly origin: string
  readonly signer: NoteSigner
  readonly space: SpaceWatch
  readonly fence: () => Promise<void>
}

export class CheckpointWriter {
  readonly #deps: CheckpointWriterDeps
  #written: { readonly checkpoint: SignedCheckpoint; readonly bytes: Uint8Array } | undefined

  constructor(deps: CheckpointWriterDeps) {
    this.#deps = deps
  }

  get last(): SignedCheckpoint | undefined {
    return this.#written?.checkpoint
  }

  /** Octets of the note, as they are stored. */
  get bytes(): Uint8Array | undefined {
    return this.#written?.bytes
  }

  /** Same size, same note. @throws StateError LOG_FENCED when another writer has taken over */
  async write(head: TreeHead): Promise<SignedCheckpoint> {
    if (this.#written?.checkpoint.size === head.size) return this.#written.checkpoint
    const { store, id, origin, signer, space, fence } = this.#deps
    const checkpoint = signCheckpoint({ origin, ...head }, signer)
    const bytes = encodeUtf8(checkpoint.note)
    const swap = async (): Promise<void> => {
      await fence()
      const isOurs = await store.swap(publishedName(id, 'checkpoint'), this.#written?.bytes, bytes)
      if (!isOurs) throw new StateError('LOG_FENCED', 'the stored checkpoint is not the one that this log wrote last')
    }
    await space.until(() => attemptWrite(store, swap))
    this.#written = { checkpoint, bytes }
    return checkpoint
  }
}
