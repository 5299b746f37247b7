/**
 * Makes attestation-fixtures/equivocation: pairs of receipts under fixed keys, the same octets every time.
 *
 *   npx esbuild test/tools/make-equivocation-vectors.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-equivocation-vectors.mjs
 *   node node_modules/.cache/make-equivocation-vectors.mjs
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeEquivocation } from '../../src/core/archive/index.ts'
import { PAIRS } from './answer/equivocation-recipes.ts'

for (const { name, title, expect, ...evidence } of PAIRS) {
  const ok = 'kind' in expect
  const folder = join('attestation-fixtures', 'equivocation', ok ? name : `${name}-fail`)
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'pair.cmw.json'), encodeEquivocation(evidence))
  const vector = { row: 'R17', title, expect: { ok, ...expect } }
  writeFileSync(join(folder, 'vector.json'), `${JSON.stringify(vector, undefined, 1)}\n`)
}
