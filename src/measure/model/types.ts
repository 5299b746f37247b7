/** What the files of a model say about themselves. Whoever made the files chose every word of it; only the digest of the folder is proof. @module */

/** `draft` proposes tokens for another model, `projector` feeds pictures or sound into one, `adapter` changes one. */
export type ModelPurpose = 'model' | 'adapter' | 'draft' | 'projector' | 'unknown'

export interface DescribedPart {
  /** `sha256:…` */
  readonly digest: string
  /** In octets. */
  readonly size: number
}

export interface ModelDescription {
  readonly format: 'gguf' | 'safetensors' | 'unknown'
  readonly name?: string
  readonly architecture?: string
  /** As most of the weights are stored, for example `Q4_K_M` or `BF16`. */
  readonly quantisation?: string
  readonly purpose: ModelPurpose
  /** GGUF: the exact octets of `tokenizer.chat_template`. Folders: the file, or the exact UTF-8 of the template in a configuration. */
  readonly chatTemplate?: DescribedPart
  /**
   * GGUF: over JCS of an object with one member for each `tokenizer.*` key but the chat templates, its value `sha256:…` over the octets of
   * type and value as they stand in the file; `size` counts those octets. Folders: the octets of `tokenizer.json` or `tokenizer.model`.
   */
  readonly tokenizer?: DescribedPart
}

/** A text worth showing: not empty, and no longer than a name is. */
export function shownText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 256 ? value : undefined
}
