/** What an archive holds of an answer, and what is loaded to run it again. @module */
import type { Archive } from '../core/archive/index.ts'
import type { EngineClaim } from '../core/receipt/claims.ts'
import { decodeReceipt, type Receipt } from '../core/receipt/receipt.ts'
import type { Model } from '../engine/index.ts'
import { CountersignError } from '../errors.ts'

/** An answer as it was given. Nothing here is believed because it stands here: octets are compared with what the receipt digests. */
export interface RecordedAnswer {
  readonly receipt: Receipt
  readonly request: Uint8Array | 'not-held'
  readonly response: Uint8Array | 'not-held'
  /** Inserted octets of splices, by digest (`sha256:…`). */
  readonly inserts: ReadonlyMap<string, Uint8Array>
}

/** The embedded model as it is loaded here, with the names by which receipts know its parts. */
export interface LoadedModel {
  readonly model: Model
  /** `sha256:…`, each way in which receipts may name these weights: the file, or the folder that it lies in. */
  readonly digests: readonly string[]
  /** `sha256:` of tokenizer.json. */
  readonly tokenizer: string
  /** `sha256:` of chat_template.jinja. */
  readonly chatTemplate: string
  readonly engine: EngineClaim
}

/** Octets that are given in place of those that the archive holds. */
export interface GivenOctets {
  readonly request?: Uint8Array
  readonly response?: Uint8Array
}

/**
 * @throws CountersignError ERR_USAGE for an archive without a receipt
 * @throws MalformedError what `decodeReceipt` throws
 */
export function recordedAnswer(archive: Archive, given: GivenOctets = {}): RecordedAnswer {
  if (archive.receipt === undefined)
    throw new CountersignError('ERR_USAGE', 'the archive holds no receipt: it is of a gateway, not of an answer')
  return {
    receipt: decodeReceipt(archive.receipt),
    request: given.request ?? archive.request?.octets ?? 'not-held',
    response: given.response ?? archive.response?.octets ?? 'not-held',
    inserts: archive.inserts ?? new Map(),
  }
}

/**
 * The model calls before that of the answer, first step first: of the same request, with a part of what was inserted. What each said is known
 * by its digest alone.
 * @throws MalformedError what `decodeReceipt` throws
 */
export function recordedSteps(
  { steps = [], request, inserts }: Archive,
  given: GivenOctets = {},
): readonly RecordedAnswer[] {
  return steps.map((token) => ({
    receipt: decodeReceipt(token),
    request: given.request ?? request?.octets ?? 'not-held',
    response: 'not-held',
    inserts: inserts ?? new Map(),
  }))
}
