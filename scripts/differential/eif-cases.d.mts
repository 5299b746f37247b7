export interface EifContents {
  readonly kernel: Uint8Array
  readonly ramdisks: readonly Uint8Array[]
}

export function eifContents(seed: number, index: number): EifContents
