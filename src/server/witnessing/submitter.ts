/** Gets one witness's cosignature on one checkpoint: finds out where the witness stands, proves the way from there, enrols if it must. @module */

import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { encodeAddCheckpoint, type SignedCheckpoint, type WitnessKey } from '../../core/log/index.ts'
import type { WitnessConnection, WitnessReply } from './connection.ts'
import { conflictSize, type HeldCosignature, readCosignature } from './witness-answer.ts'
import { WitnessFailure } from './witness-failure.ts'

/** What opens a log at a witness: evidence for its key, or the token of its host. */
export type Enrolment =
  | { readonly kind: 'archive'; readonly octets: Uint8Array }
  | { readonly kind: 'token'; readonly token: string; readonly vkey: string }

export interface SubmitterDeps {
  readonly key: WitnessKey
  readonly connection: WitnessConnection
  readonly prove: (older: number, newer: number) => Promise<readonly Uint8Array[]>
  /** Undefined when there is nothing to show yet. */
  readonly enrolment: () => Promise<Enrolment | undefined>
  readonly onEnrolled: () => void
  readonly now: () => Date
}

/** Each answer may send us back once: to enrol, to learn a size, and once more if others submit meanwhile. */
const MAX_REQUESTS = 4

export class Submitter {
  readonly #deps: SubmitterDeps
  /** Of the newest checkpoint that the witness cosigned, as far as we know. */
  #size = 0
  #enrolled = false

  constructor(deps: SubmitterDeps) {
    this.#deps = deps
  }

  /**
   * One attempt.
   * @param newest size of the newest checkpoint of this log: a witness may be further than `checkpoint`, as anyone may submit, but not than this
   * @returns undefined when the witness is past this checkpoint already
   * @throws WitnessFailure
   */
  async submit(checkpoint: SignedCheckpoint, newest: () => number): Promise<HeldCosignature | undefined> {
    this.#enrolled = false
    for (let requests = 0; requests < MAX_REQUESTS; requests++) {
      if (this.#size > newest()) throw this.#ahead()
      if (this.#size > checkpoint.size) return undefined
      const reply = await this.#addCheckpoint(checkpoint)
      if (reply.status === 200) {
        const { key, now } = this.#deps
        const held = await readCosignature(reply, checkpoint, { key, now: now() })
        this.#size = checkpoint.size
        return held
      }
      if (reply.status === 404) await this.#enrol()
      else this.#learn(reply)
    }
    throw new WitnessFailure('protocol')
  }

  async #addCheckpoint({ size, note }: SignedCheckpoint): Promise<WitnessReply> {
    const oldSize = this.#size
    const proof = await this.#prove(oldSize, size)
    return this.#deps.connection.send({
      method: 'POST',
      path: '/add-checkpoint',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      octets: encodeUtf8(encodeAddCheckpoint({ oldSize, proof, checkpoint: note })),
    })
  }

  async #prove(older: number, newer: number): Promise<readonly Uint8Array[]> {
    if (older === 0 || older === newer) return []
    try {
      return await this.#deps.prove(older, newer)
    } catch (cause) {
      throw new WitnessFailure('no-proof', { cause })
    }
  }

  /** Where the witness says that it stands; one that lies about it gets nowhere. */
  #learn(reply: WitnessReply): void {
    if (reply.status !== 409)
      throw new WitnessFailure(reply.status >= 300 && reply.status < 400 ? 'protocol' : 'refused')
    const size = conflictSize(reply)
    // Where it stands is where we thought: then it is the root that it does not take.
    if (size === undefined || size === this.#size) throw new WitnessFailure('split-view')
    this.#size = size
  }

  #ahead(): WitnessFailure {
    // Its word alone: at the next attempt it is asked again.
    this.#size = 0
    return new WitnessFailure('ahead')
  }

  async #enrol(): Promise<void> {
    const enrolment = this.#enrolled ? undefined : await this.#enrolment()
    if (enrolment === undefined) throw new WitnessFailure('unknown-origin')
    this.#enrolled = true
    const { status } = await this.#deps.connection.send({ method: 'POST', path: '/add-origin', ...bodyOf(enrolment) })
    if (status !== 200) throw new WitnessFailure('not-enrolled')
    this.#size = 0
    this.#deps.onEnrolled()
  }

  async #enrolment(): Promise<Enrolment | undefined> {
    try {
      return await this.#deps.enrolment()
    } catch (cause) {
      throw new WitnessFailure('unknown-origin', { cause })
    }
  }
}

function bodyOf(enrolment: Enrolment): { readonly headers: Record<string, string>; readonly octets: Uint8Array } {
  if (enrolment.kind === 'archive')
    return { headers: { 'content-type': 'application/cmw+json' }, octets: enrolment.octets }
  return {
    headers: { 'content-type': 'text/plain; charset=utf-8', authorization: `Bearer ${enrolment.token}` },
    octets: encodeUtf8(`${enrolment.vkey}\n`),
  }
}
