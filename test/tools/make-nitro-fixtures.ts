/**
 * Makes attestation-fixtures/nitro from the simulator. The keys are thrown away, so every run makes other bytes: run it only to add or
 * change vectors, and commit what it writes. Tests read the committed data and never run this.
 *
 *   npx esbuild test/tools/make-nitro-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-nitro-fixtures.mjs
 *   node node_modules/.cache/make-nitro-fixtures.mjs
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import type { ExpectedField } from '../../src/core/nitro/index.ts'
import {
  createSimulatedNitro,
  createSimulatedNitroPki,
  type SimulatedNitro,
  type SimulatedNitroPki,
} from '../../src/simulator/index.ts'
import { ENVELOPE_RECIPES } from './nitro/envelope-recipes.ts'
import { PATH_RECIPES } from './nitro/path-recipes.ts'
import { PAYLOAD_RECIPES } from './nitro/payload-recipes.ts'
import { AT, type Recipe, USER_DATA } from './nitro/recipe.ts'

const FOLDER = join('attestation-fixtures', 'nitro')
const clock = (): Date => AT

/** One root for all vectors that do not alter it. */
const plain = createSimulatedNitroPki({ clock })

function pkiOf({ certificateShapes: { root } = {} }: Recipe): SimulatedNitroPki {
  return root === undefined ? plain : createSimulatedNitroPki({ keys: plain.keys, clock, shape: root })
}

/** Likewise one chain for all vectors of a kind: a reader proves it once. */
const chains = {
  enclave: createSimulatedNitro({ pki: plain, clock }).chain(),
  nitrotpm: createSimulatedNitro({ pki: plain, clock, kind: 'nitrotpm' }).chain(),
}

function makeDocument(recipe: Recipe, nitro: SimulatedNitro): Uint8Array {
  const { kind = 'enclave', fields = {}, shapes = {}, certificateShapes, tamper = (document) => document } = recipe
  const chain = recipe.chain ?? ((own: SimulatedNitro) => (certificateShapes ? own.chain() : chains[kind]))
  return tamper(nitro.document(USER_DATA, { ...fields, ...chain(nitro) }, shapes))
}

function nitroOf(recipe: Recipe): SimulatedNitro {
  const { kind = 'enclave', registers, certificateShapes } = recipe
  return createSimulatedNitro({
    pki: pkiOf(recipe),
    kind,
    clock,
    ...(registers && { registers }),
    ...(certificateShapes && { certificateShapes }),
  })
}

function describeVector(recipe: Recipe, nitro: SimulatedNitro): object {
  const {
    row,
    title,
    code,
    at = AT,
    policy = {},
    userData = USER_DATA,
    nonce = 'absent',
    publicKey = 'absent',
  } = recipe
  return {
    row,
    name: folderOf(recipe),
    title,
    at: at.toISOString(),
    policy: { base: 'policy.json', changes: policy },
    userData: fieldText(userData),
    nonce: fieldText(nonce),
    publicKey: fieldText(publicKey),
    measurements: recipe.measurements ?? [nitro.measurements],
    simulatedRoots: recipe.simulatedRoots ?? [nitro.rootFingerprint],
    expect: code === 'ok' ? { ok: true } : { ok: false, code },
  }
}

function fieldText(field: ExpectedField): string {
  return typeof field === 'string' ? field : `hex:${encodeHex(field)}`
}

function folderOf({ name, code }: Recipe): string {
  return code === 'ok' ? name : `${name}-fail`
}

function writeVector(recipe: Recipe): void {
  const nitro = nitroOf(recipe)
  const folder = join(FOLDER, folderOf(recipe))
  mkdirSync(folder)
  writeFileSync(join(folder, 'vector.json'), `${JSON.stringify(describeVector(recipe, nitro), undefined, 2)}\n`)
  writeFileSync(join(folder, 'document.cbor'), makeDocument(recipe, nitro))
}

const recipes = [...ENVELOPE_RECIPES, ...PAYLOAD_RECIPES, ...PATH_RECIPES]
const names = recipes.map(folderOf)
if (new Set(names).size !== names.length) throw new Error('two recipes have one name')
for (const entry of readdirSync(FOLDER, { withFileTypes: true }))
  if (entry.isDirectory()) rmSync(join(FOLDER, entry.name), { recursive: true })
for (const recipe of recipes) writeVector(recipe)
process.stdout.write(`${recipes.length} vectors\n`)
