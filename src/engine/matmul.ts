/** Integer matrix products: int8 activations times int8 weights, summed in int32, scaled once at the end. @module */

/** A weight matrix, row-major: `rows` outputs of `columns` inputs. The real value of row r is `values * scales[r]`. */
export interface Int8Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Int8Array
  readonly scales: Float32Array
}

/**
 * Rounds a vector to int8 with one scale and returns that scale: value = q * scale.
 * The rule: scale = max|x| / 127, q = Math.round(x * (127 / max|x|)), ties towards +infinity, as ECMAScript has it.
 * A vector of zeros has scale 0.
 */
export function quantise(x: Float32Array, out: Int32Array): number {
  const size = x.length
  let max = 0
  for (let i = 0; i < size; i++) {
    const value = Math.abs(x[i] ?? 0)
    if (value > max) max = value
  }
  if (max === 0) {
    out.fill(0, 0, size)
    return 0
  }
  const inverse = 127 / max
  for (let i = 0; i < size; i++) out[i] = Math.round((x[i] ?? 0) * inverse)
  return max / 127
}

/**
 * out[r] = scale * scales[r] * sum over c of values[r][c] * x[c].
 * The sum is exact: |sum| <= 127 * 127 * columns, which the loader keeps below 2^31; so the order of additions is free.
 * Four rows at a time share each load of x. Rows are a multiple of four (the loader checks).
 */
export function multiply(
  { rows, columns, values, scales }: Int8Matrix,
  x: Int32Array,
  scale: number,
  out: Float32Array | Float64Array,
): void {
  for (let row = 0; row < rows; row += 4) {
    let a = row * columns
    let b = a + columns
    let c = b + columns
    let d = c + columns
    let sumA = 0
    let sumB = 0
    let sumC = 0
    let sumD = 0
    for (let i = 0; i < columns; i++) {
      const value = x[i] ?? 0
      sumA = (sumA + Math.imul(values[a++] ?? 0, value)) | 0
      sumB = (sumB + Math.imul(values[b++] ?? 0, value)) | 0
      sumC = (sumC + Math.imul(values[c++] ?? 0, value)) | 0
      sumD = (sumD + Math.imul(values[d++] ?? 0, value)) | 0
    }
    out[row] = sumA * (scale * (scales[row] ?? 0))
    out[row + 1] = sumB * (scale * (scales[row + 1] ?? 0))
    out[row + 2] = sumC * (scale * (scales[row + 2] ?? 0))
    out[row + 3] = sumD * (scale * (scales[row + 3] ?? 0))
  }
}
