/** Integer matrix products: int8 activations times int8 weights, summed exactly, scaled once at the end. @module */

/** Rows that are worked on together: four sums, each of two rows. */
export const ROWS_TOGETHER = 8
/**
 * Two rows are kept as one binary64: first + 2^27 * second. Up to so many columns, a sum of either stays below half of 2^27
 * (128 * 127 * 4096 < 2^26), and both together below 2^53: every step is exact, and so the order of additions is free.
 */
export const MAX_COLUMNS = 4096
const SECOND = 134_217_728

/** A weight matrix, row-major: `rows` outputs of `columns` inputs. The real value of row r is `values * scales[r]`. */
export interface Int8Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Int8Array
  readonly scales: Float32Array
  /** The values by eights of rows: for each column four pairs, rows 0 and 1 to 6 and 7. */
  readonly pairs: Float64Array
}

/** The caller keeps `rows` a multiple of {@link ROWS_TOGETHER} and `columns` within {@link MAX_COLUMNS}. */
export function createMatrix(matrix: Omit<Int8Matrix, 'pairs'>): Int8Matrix {
  const { rows, columns, values } = matrix
  const pairs = new Float64Array((rows * columns) / 2)
  let at = 0
  for (let row = 0; row < rows; row += ROWS_TOGETHER)
    for (let column = 0; column < columns; column++)
      for (let pair = 0; pair < ROWS_TOGETHER; pair += 2) {
        const first = (row + pair) * columns + column
        pairs[at++] = (values[first] ?? 0) + SECOND * (values[first + columns] ?? 0)
      }
  return { ...matrix, pairs }
}

/**
 * Rounds a vector to int8 with one scale and returns that scale: value = q * scale.
 * The rule: scale = max|x| / 127, q = Math.round(x * (127 / max|x|)), ties towards +infinity, as ECMAScript has it.
 * A vector of zeros has scale 0.
 */
export function quantise(x: Float32Array, out: Float64Array): number {
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

/** out[r] = scale * scales[r] * sum over c of values[r][c] * x[c]. The sum is exact. */
export function multiply(matrix: Int8Matrix, x: Float64Array, scale: number, out: Float32Array | Float64Array): void {
  const { rows, columns, pairs } = matrix
  let at = 0
  for (let row = 0; row < rows; row += ROWS_TOGETHER) {
    let sumA = 0
    let sumB = 0
    let sumC = 0
    let sumD = 0
    for (let i = 0; i < columns; i++) {
      const value = x[i] ?? 0
      sumA += (pairs[at] ?? 0) * value
      sumB += (pairs[at + 1] ?? 0) * value
      sumC += (pairs[at + 2] ?? 0) * value
      sumD += (pairs[at + 3] ?? 0) * value
      at += 4
    }
    writePair(matrix, out, row, scale, sumA)
    writePair(matrix, out, row + 2, scale, sumB)
    writePair(matrix, out, row + 4, scale, sumC)
    writePair(matrix, out, row + 6, scale, sumD)
  }
}

function writePair(
  { scales }: Int8Matrix,
  out: Float32Array | Float64Array,
  row: number,
  scale: number,
  sum: number,
): void {
  // Adding 0 makes 0 of the -0 that rounding a small negative number gives.
  const second = Math.round(sum / SECOND) + 0
  const first = sum - second * SECOND
  out[row] = first * (scale * (scales[row] ?? 0))
  out[row + 1] = second * (scale * (scales[row + 1] ?? 0))
}
