/**
 * Makes attestation-fixtures/x509: paths and revocation lists in the profiles of Intel and AWS. The keys are thrown away, so every run
 * makes other bytes: run it only to add or change vectors, and commit what it writes. Tests read the committed data and never run this.
 *
 *   npx esbuild test/tools/make-x509-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-x509-fixtures.mjs
 *   node node_modules/.cache/make-x509-fixtures.mjs
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestUri } from '../../src/core/crypto/index.ts'
import { CRL_RECIPES } from './x509/crl-recipes.ts'
import { issueList, issuePath } from './x509/issue-path.ts'
import { PATH_RECIPES } from './x509/path-recipes.ts'
import { AT, type Recipe } from './x509/recipe.ts'
import { SIGNATURE_RECIPES } from './x509/signature-recipes.ts'

const FOLDER = join('attestation-fixtures', 'x509')

function folderOf({ name, code }: Recipe): string {
  return code === 'ok' ? name : `${name}-fail`
}

function writeVector(recipe: Recipe): void {
  const { row, title, code, profile = 'intel-pck', at = AT, lists, pinned = 'own' } = recipe
  const folder = join(FOLDER, folderOf(recipe))
  mkdirSync(folder, { recursive: true })
  const path = issuePath(recipe)
  const crls = lists?.map((list) => issueList(recipe, list)) ?? []
  const write = (kind: string, all: readonly Uint8Array[]): readonly string[] =>
    all.map((bytes, index) => {
      writeFileSync(join(folder, `${kind}-${index}.der`), bytes)
      return `${kind}-${index}.der`
    })
  const root = (pinned === 'good' ? issuePath({ profile }) : path).at(-1)
  const vector = {
    row,
    name: folderOf(recipe),
    title,
    at: at.toISOString(),
    profile,
    path: write('path', path),
    crls: lists === undefined ? 'unchecked' : write('crl', crls),
    roots: root ? [digestUri(root)] : [],
    expect: code === 'ok' ? { ok: true } : { ok: false, code },
  }
  writeFileSync(join(folder, 'vector.json'), `${JSON.stringify(vector, undefined, 2)}\n`)
}

const recipes = [...PATH_RECIPES, ...CRL_RECIPES, ...SIGNATURE_RECIPES]
const names = recipes.map(folderOf)
if (new Set(names).size !== names.length) throw new Error('two recipes have one name')
rmSync(FOLDER, { recursive: true, force: true })
for (const recipe of recipes) writeVector(recipe)
process.stdout.write(`${recipes.length} vectors\n`)
