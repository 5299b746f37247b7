/**
 * Makes those of attestation-fixtures/snp that are not there yet, from the simulator. The keys are thrown away, so every run makes other
 * bytes: to change a vector delete its folder, run it, and commit what it writes. Tests read the committed data and never run this.
 *
 *   npx esbuild test/tools/make-snp-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-snp-fixtures.mjs
 *   node node_modules/.cache/make-snp-fixtures.mjs
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import { endorsementPath, type SnpProduct } from '../../src/core/snp/index.ts'
import {
  createSimulatedKeys,
  createSimulatedPki,
  createSimulatedSnp,
  issueSnpCrl,
  SIMULATED_MEASUREMENT,
  type SimulatedKeys,
  type SimulatedPki,
} from '../../src/simulator/index.ts'
import { DEMAND_RECIPES } from './snp/demand-recipes.ts'
import { PATH_RECIPES } from './snp/path-recipes.ts'
import { POLICY_RECIPES } from './snp/policy-recipes.ts'
import { AT, type Files, REPORT_DATA, type Recipe } from './snp/recipe.ts'
import { REPORT_RECIPES } from './snp/report-recipes.ts'
import { REVOCATION_RECIPES } from './snp/revocation-recipes.ts'
import { VLEK_RECIPES } from './snp/vlek-recipes.ts'

const FOLDER = join('attestation-fixtures', 'snp')
const clock = (): Date => AT

/** One root for all vectors of a product that do not alter it: the repository stays small. */
const plain = new Map<SnpProduct, SimulatedPki>()

async function pkiOf({ product = 'Genoa', shapes = {} }: Recipe, keys: SimulatedKeys): Promise<SimulatedPki> {
  if (shapes.ark || shapes.ask || shapes.asvk) return createSimulatedPki({ product, keys, clock, shapes })
  const pki = plain.get(product) ?? (await createSimulatedPki({ product, keys, clock }))
  plain.set(product, pki)
  return pki
}

async function makeFiles(recipe: Recipe, keys: SimulatedKeys): Promise<{ files: Files; issuedRoot: string }> {
  const { fields = {}, reportFields = {}, shapes = {}, crls = [], signer = 'vcek', tamper = (files) => files } = recipe
  const { cspId } = recipe
  const pki = await pkiOf(recipe, keys)
  const shape = shapes.vcek
  const snp = await createSimulatedSnp({ pki, fields, clock, signer, ...(shape && { shape }), ...(cspId && { cspId }) })
  const [leaf, issuer, root] = endorsementPath(snp.endorsements).path
  const lists = crls.map(({ key = 'ark' as const, ...subject }) =>
    issueSnpCrl({ ...pki, keys: { ...keys, ark: keys[key] } }, { ...subject, clock }),
  )
  const files = tamper({ report: snp.report(REPORT_DATA, reportFields), leaf, issuer, root, crls: lists }, snp)
  return { files, issuedRoot: snp.rootFingerprint }
}

function describeVector(recipe: Recipe, files: Files, issuedRoot: string): object {
  const { row, title, code, at = AT, policy = {}, reportData = REPORT_DATA } = recipe
  const roots = recipe.simulatedRoots ?? [digestUri(files.root)]
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
  const { signer = 'vcek' } = recipe
  writeFileSync(join(folder, `${signer}.der`), files.leaf)
  writeFileSync(join(folder, signer === 'vcek' ? 'ask.der' : 'asvk.der'), files.issuer)
  writeFileSync(join(folder, 'ark.der'), files.root)
  files.crls.forEach((list, index) => {
    writeFileSync(join(folder, `crl-${index}.der`), list)
  })
}

const recipes = [
  ...REPORT_RECIPES,
  ...POLICY_RECIPES,
  ...PATH_RECIPES,
  ...DEMAND_RECIPES,
  ...VLEK_RECIPES,
  ...REVOCATION_RECIPES,
]
const names = recipes.map(folderOf)
if (new Set(names).size !== names.length) throw new Error('two recipes have one name')
const absent = recipes.filter((recipe) => !existsSync(join(FOLDER, folderOf(recipe))))
const keys = await createSimulatedKeys()
for (const recipe of absent) {
  const { files, issuedRoot } = await makeFiles(recipe, keys)
  writeVector(recipe, files, issuedRoot)
}
process.stdout.write(`${absent.length} vectors\n`)
