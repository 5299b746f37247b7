/** Weights of the same model with fewer bits, under the same name and of the same size. @module */

const STEP = 16

/** Eight-bit weights rounded to four bits; scales stay. */
export function quantise(file: Uint8Array): Uint8Array {
  const octets = file.slice()
  const view = new DataView(octets.buffer)
  const size = view.getUint32(0, true)
  const header = JSON.parse(new TextDecoder().decode(octets.subarray(8, 8 + size)))
  for (const tensor of Object.values<unknown>(header)) {
    if (!isTensor(tensor) || tensor.dtype !== 'I8') continue
    const [begin = 0, end = 0] = tensor.data_offsets
    for (let at = 8 + size + begin; at < 8 + size + end; at++)
      view.setInt8(at, Math.min(7, Math.round(view.getInt8(at) / STEP)) * STEP)
  }
  return octets
}

function isTensor(value: unknown): value is { readonly dtype: string; readonly data_offsets: readonly number[] } {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'data_offsets' in value
}
