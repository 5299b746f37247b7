/** What the gateway adds to a request from its measured configuration, and what a receipt says of it. @module */
import type { JsonObject } from '../../core/encoding/json.ts'
import type { Dependencies } from '../../core/receipt/disclosed.ts'
import type { JsonEdits } from '../../core/transform/json-edit.ts'

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
}

/** Roles of what was added; the others are as the request itself has them. */
export type AddedDependencies = Partial<Dependencies>

export interface Context {
  /** @throws ContextRefusal for a request that cannot be prepared as it asks */
  prepare(request: ContextRequest): Promise<AddedDependencies>
}
