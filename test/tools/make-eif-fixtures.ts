/**
 * Makes attestation-fixtures/measurement/nitro. The keys are thrown away, so every run makes other bytes: run it only to add or change
 * vectors, and commit what it writes. Tests read the committed data and never run this.
 *
 *   npx esbuild test/tools/make-eif-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-eif-fixtures.mjs
 *   node node_modules/.cache/make-eif-fixtures.mjs
 */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createEifReader } from '../../src/core/measurement/eif/index.ts'
import { LAYOUT_RECIPES } from './eif/layout-recipes.ts'
import type { EifRecipe } from './eif/recipe.ts'
import { SIGNATURE_RECIPES } from './eif/signature-recipes.ts'

const FOLDER = join('attestation-fixtures', 'measurement', 'nitro')

const folderOf = ({ name, fails }: EifRecipe): string => (fails === undefined ? name : `${name}-fail`)

/** What the reader says now is written down: vectors guard against change, and the differential against a wrong beginning. */
async function expectationOf({ image, fails }: EifRecipe): Promise<object> {
  if (fails !== undefined) return { ok: false, ...fails }
  const reader = createEifReader()
  reader.push(image)
  const { measurements, signature, commandLine, sections } = await reader.finish()
  const { pcr0, pcr1, pcr2 } = measurements
  const pcr8 = signature === 'none' ? 'none' : signature.pcr8
  return { ok: true, pcr0, pcr1, pcr2, pcr8, commandLine, sections: sections.map(({ kind }) => kind) }
}

async function writeVector(recipe: EifRecipe): Promise<void> {
  const folder = join(FOLDER, folderOf(recipe))
  mkdirSync(folder, { recursive: true })
  const { title, image } = recipe
  const digest = `sha256:${createHash('sha256').update(image).digest('hex')}`
  const vector = { name: folderOf(recipe), title, digest, expect: await expectationOf(recipe) }
  writeFileSync(join(folder, 'vector.json'), `${JSON.stringify(vector, undefined, 2)}\n`)
  writeFileSync(join(folder, 'image.eif'), image)
}

const recipes = [...LAYOUT_RECIPES, ...SIGNATURE_RECIPES]
if (new Set(recipes.map(folderOf)).size !== recipes.length) throw new Error('two recipes have one name')
rmSync(FOLDER, { recursive: true, force: true })
for (const recipe of recipes) await writeVector(recipe)
process.stdout.write(`${recipes.length} vectors\n`)
