/** What the gateway adds to a request from its measured configuration and its memory, and what a receipt says of it. @module */
import type { JsonObject } from '../../core/encoding/json.ts'
import type { Dependencies } from '../../core/receipt/disclosed.ts'
import type { ToolCallRecord } from '../../core/receipt/run.ts'
import type { JsonEdits } from '../../core/transform/json-edit.ts'
import type { ObjectStore } from '../../storage/index.ts'

/** A request that was routed, before anything of it is forwarded. */
export interface ContextRequest {
  /** For example `/v1/chat/completions`. */
  readonly path: string
  /** As the client wrote it; every octet is its choice. */
  readonly fields: JsonObject
  /** The id by which the client asked for the model. */
  readonly modelId: string
  /** Takes every change: there is no other way to what the model server is given. */
  readonly edits: JsonEdits
  /** The API key that the client presented; absent where none are in use. Only keys may be derived from it. */
  readonly apiKey?: string
  readonly tenant: string
  /** Where what is remembered lies, sealed. */
  readonly store: ObjectStore
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

/** Roles of what was added; the others are as the request itself has them. */
export type AddedDependencies = Partial<Dependencies>

/** A call that the model asks for. Every octet is the model's choice, and so of whoever steers it. */
export interface ModelCall {
  readonly id: string
  readonly name: string
  /** JSON, as the model wrote it; it may be none. */
  readonly arguments: string
}

export interface CalledTool {
  readonly record: ToolCallRecord
  /** What the model is given. */
  readonly content: string
}

/** The tools of the gateway that one request was offered. */
export interface OfferedTools {
  /** Calls of one request at most. */
  readonly maxCalls: number
  /** Whether the gateway runs the function of that name. */
  owns(name: string): boolean
  /** Runs one. A tool that fails gives a result that says so; rejects only when the signal aborts. */
  call(call: ModelCall, signal: AbortSignal): Promise<CalledTool>
}

/** A turn of a conversation that the gateway remembers. */
export interface MemoryTurn {
  /** Digest of the receipt of the turn before; empty at the beginning. */
  readonly parents: readonly string[]
  /** What the conversation comes to. @param elements octets of one message or item each: what the run added, then the answer */
  after(elements: readonly Uint8Array[]): RememberedTurn
}

export interface RememberedTurn {
  readonly dependencies: AddedDependencies
  /** Keeps it. Resolves when a request that follows will find it. */
  save(turn: { readonly responseId: string; readonly receipt: string }): Promise<void>
}

/** One source of context that nothing depends on but the request: prompts, documents. */
export interface ContextSource {
  /** @throws ContextRefusal for a request that cannot be prepared as it asks; ContextUnavailable for one that cannot be now */
  prepare(request: ContextRequest): Promise<AddedDependencies>
}

/** What was prepared for one request. */
export interface PreparedContext {
  readonly dependencies: AddedDependencies
  readonly tools?: OfferedTools
  readonly memory?: MemoryTurn
}

export interface Context {
  /** @throws ContextRefusal for a request that cannot be prepared as it asks; ContextUnavailable for one that cannot be now */
  prepare(request: ContextRequest): Promise<PreparedContext>
  /** That a chunk is in the index of a collection, for whoever holds an answer that names it; undefined where there is no such chunk. */
  chunkProof(collection: string, chunk: string): Uint8Array | undefined
  /** Ends what runs beside the gateway for it. */
  close(): Promise<void>
}
