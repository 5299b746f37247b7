/**
 * Makes attestation-fixtures/snp from the simulator. The keys are thrown away, so every run makes other bytes: run it only to add or
 * change vectors, and commit what it writes. Tests read the committed data and never run this.
 *
 *   npx esbuild test/tools/make-snp-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-snp-fixtures.mjs
 *   node node_modules/.cache/make-snp-fixtures.mjs
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import type { SnpProduct } from '../../src/core/snp/index.ts'
import {
  createSimulatedKeys,
  createSimulatedPki,
  createSimulatedSnp,
  SIMULATED_MEASUREMENT,
  type SimulatedKeys,
  type SimulatedPki,
} from '../../src/simulator/index.ts'
import { PATH_RECIPES } from './snp/path-recipes.ts'
import { POLICY_RECIPES } from './snp/policy-recipes.ts'
import { AT, type Files, REPORT_DATA, type Recipe } from './snp/recipe.ts'
import { REPORT_RECIPES } from './snp/report-recipes.ts'

const FOLDER = join('attestation-fixtures', 'snp')
const clock = (): Date => AT

/** One root for all vectors of a product that do not alter it: the repository stays small. */
const plain = new Map<SnpProduct, SimulatedPki>()

async function pkiOf({ product = 'Genoa', shapes = {} }: Recipe, keys: SimulatedKeys): Promise<SimulatedPki> {
  if (shapes.ark || shapes.ask) return createSimulatedPki({ product, keys, clock, shapes })
  const pki = plain.get(product) ?? (await createSimulatedPki({ product, keys, clock }))
  plain.set(product, pki)
  return pki
}

async function makeFiles(recipe: Recipe, keys: SimulatedKeys): Promise<{ files: Files; issuedRoot: string }> {
  const { fields = {}, reportFields = {}, shapes = {}, tamper = (files) => files } = recipe
  const pki = await pkiOf(recipe, keys)
  const snp = await createSimulatedSnp({ pki, fields, clock, ...(shapes.vcek && { shape: shapes.vcek }) })
  const files = tamper({ report: snp.report(REPORT_DATA, reportFields), ...snp.endorsements }, snp)
  return { files, issuedRoot: snp.rootFingerprint }
}

function describeVector(recipe: Recipe, files: Files, issuedRoot: string): object {
  const { row, title, code, at = AT, policy = {}, reportData = REPORT_DATA } = recipe
  const roots = recipe.simulatedRoots ?? [digestUri(files.ark)]
  return {
    row,
    name: folderOf(recipe),
    title,
    at: at.toISOString(),
    policy: { base: 'policy.json', changes: policy },
    reportData: encodeHex(reportData),
    measurements: recipe.measurements ?? [SIMULATED_MEASUREMENT],
    simulatedRoots: roots === 'issued-root' ? [issuedRoot] : roots,
    expect: code === 'ok' ? { ok: true } : { ok: false, code },
  }
}

function folderOf({ name, code }: Recipe): string {
  return code === 'ok' ? name : `${name}-fail`
}

function writeVector(recipe: Recipe, files: Files, issuedRoot: string): void {
  const folder = join(FOLDER, folderOf(recipe))
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'vector.json'),
    `${JSON.stringify(describeVector(recipe, files, issuedRoot), undefined, 2)}\n`,
  )
  writeFileSync(join(folder, 'report.bin'), files.report)
  for (const name of ['vcek', 'ask', 'ark'] as const) writeFileSync(join(folder, `${name}.der`), files[name])
}

const recipes = [...REPORT_RECIPES, ...POLICY_RECIPES, ...PATH_RECIPES]
const names = recipes.map(folderOf)
if (new Set(names).size !== names.length) throw new Error('two recipes have one name')
const keys = await createSimulatedKeys()
for (const entry of readdirSync(FOLDER, { withFileTypes: true }))
  if (entry.isDirectory()) rmSync(join(FOLDER, entry.name), { recursive: true })
for (const recipe of recipes) {
  const { files, issuedRoot } = await makeFiles(recipe, keys)
  writeVector(recipe, files, issuedRoot)
}
process.stdout.write(`${recipes.length} vectors\n`)
