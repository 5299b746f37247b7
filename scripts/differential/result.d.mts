/** What one case came to. */
export interface Result {
  readonly index: number
  /** Of its mutations. */
  readonly names: readonly string[]
  readonly kind: 'same' | 'differ' | 'both-refuse' | 'ours-stricter' | 'peer-stricter' | 'unexplained'
  readonly name: string
  readonly ours: { readonly ok: boolean; readonly code?: string }
}

/** `mutation` names the only one to make. */
export type Compare = (seed: number, index: number, mutation?: string) => Promise<Result>
