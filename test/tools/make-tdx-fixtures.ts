/**
 * Makes attestation-fixtures/tdx from the simulator. The keys are thrown away, so every run makes other bytes: run it only to add or
 * change vectors, and commit what it writes. Tests read the committed data and never run this.
 *
 *   npx esbuild test/tools/make-tdx-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-tdx-fixtures.mjs
 *   node node_modules/.cache/make-tdx-fixtures.mjs
 *
 * What several vectors share is stored once, under `shared`; a vector names the set that it is made of, and the files that differ.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concatBytes, encodeHex, sameBytes } from '../../src/core/encoding/bytes.ts'
import { encodePem } from '../../src/core/encoding/pem.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import {
  createSimulatedTdx,
  createSimulatedTdxPki,
  SIMULATED_TDX_MEASUREMENTS,
  type SimulatedTdxPki,
} from '../../src/simulator/index.ts'
import { COLLATERAL_RECIPES } from './tdx/collateral-recipes.ts'
import { PATH_RECIPES } from './tdx/path-recipes.ts'
import { POLICY_RECIPES } from './tdx/policy-recipes.ts'
import { QUOTE_RECIPES } from './tdx/quote-recipes.ts'
import { AT, type Files, REPORT_DATA, type Recipe } from './tdx/recipe.ts'
import { TCB_RECIPES } from './tdx/tcb-recipes.ts'

const FOLDER = join('attestation-fixtures', 'tdx')
const SHARED = 'shared'
const clock = (): Date => AT

/** The good vector, its like under the Processor CA, and a second simulated Intel with the same names. */
const pki = createSimulatedTdxPki({ clock })
const platform = createSimulatedTdx({ pki, clock })
const processor = createSimulatedTdx({ pki, clock, ca: 'processor' })
const other = createSimulatedTdx({ clock })
const good: Files = { quote: platform.quote(REPORT_DATA), ...platform.collateral }
const ofProcessor: Files = { quote: processor.quote(REPORT_DATA), ...processor.collateral, ...documentsOf(good) }

function documentsOf({ tcbInfo, qeIdentity }: Files): Pick<Files, 'tcbInfo' | 'qeIdentity'> {
  return { tcbInfo, qeIdentity }
}

/** The same keys and root; only what is altered is issued anew. */
function pkiOf({ certificates = {} }: Recipe): SimulatedTdxPki {
  const again = createSimulatedTdxPki({ keys: pki.keys, clock, shapes: certificates }).certificates
  const { platformCa, processorCa, tcbSigning } = certificates
  return {
    ...pki,
    certificates: {
      root: pki.certificates.root,
      platformCa: platformCa ? again.platformCa : pki.certificates.platformCa,
      processorCa: processorCa ? again.processorCa : pki.certificates.processorCa,
      tcbSigning: tcbSigning ? again.tcbSigning : pki.certificates.tcbSigning,
    },
  }
}

function makeFiles(recipe: Recipe): Files {
  const { ca, sgxEntries, pck, collateral = {}, fields, shapes, certificates, tamper = (files) => files } = recipe
  const tdx = createSimulatedTdx({
    pki: pkiOf(recipe),
    clock,
    collateral,
    ...(ca && { ca }),
    ...(sgxEntries && { sgxEntries }),
    ...(pck && { shape: pck }),
    ...(recipe.platform && { platform: recipe.platform }),
  })
  const base = ca === 'processor' ? ofProcessor : good
  const ownQuote = sgxEntries || pck || recipe.platform || fields || shapes || certificates
  const { tcbInfo, tcbInfoText, qeIdentity, qeIdentityText, pckCrl, rootCaCrl } = collateral
  const signing = certificates?.tcbSigning
  const files: Files = {
    quote: ownQuote ? tdx.quote(REPORT_DATA, fields, shapes) : base.quote,
    tcbInfo: tcbInfo || tcbInfoText || signing ? tdx.collateral.tcbInfo : base.tcbInfo,
    qeIdentity: qeIdentity || qeIdentityText ? tdx.collateral.qeIdentity : base.qeIdentity,
    pckCrl: pckCrl ? tdx.collateral.pckCrl : base.pckCrl,
    rootCaCrl: rootCaCrl ? tdx.collateral.rootCaCrl : base.rootCaCrl,
  }
  return tamper(files, tdx, other)
}

/** Files by name, as they are stored. */
function stored({ quote, tcbInfo, qeIdentity, pckCrl, rootCaCrl }: Files): ReadonlyMap<string, Uint8Array> {
  const pem = (chain: readonly Uint8Array[]): Uint8Array =>
    concatBytes(...chain.map((der) => encodeUtf8(encodePem(der, 'CERTIFICATE'))))
  return new Map([
    ['quote.bin', quote],
    ['tcb-info.json', tcbInfo.body],
    ['tcb-info.sig', tcbInfo.signature],
    ['tcb-info-issuers.pem', pem(tcbInfo.issuerChain)],
    ['qe-identity.json', qeIdentity.body],
    ['qe-identity.sig', qeIdentity.signature],
    ['qe-identity-issuers.pem', pem(qeIdentity.issuerChain)],
    ['pck-crl.der', pckCrl],
    ['root-ca-crl.der', rootCaCrl],
  ])
}

const SETS = new Map([
  [join(SHARED, 'platform'), stored(good)],
  [join(SHARED, 'processor'), stored(ofProcessor)],
])

function share(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
  mkdirSync(join(FOLDER, folder), { recursive: true })
  for (const [name, bytes] of files) writeFileSync(join(FOLDER, folder, name), bytes)
}

/** What a vector takes from a shared set, and the files that lie with it because they differ. */
function store(folder: string, files: ReadonlyMap<string, Uint8Array>, base: string): object {
  const known = SETS.get(base)
  const own = [...files].filter(([name, bytes]) => !sameBytes(bytes, known?.get(name) ?? new Uint8Array(1)))
  for (const [name, bytes] of own) writeFileSync(join(FOLDER, folder, name), bytes)
  return { base, own: own.map(([name]) => name) }
}

function writeVector(recipe: Recipe): void {
  const { row, title, code, policy = {} } = recipe
  const name = folderOf(recipe)
  mkdirSync(join(FOLDER, name))
  const vector = {
    row,
    name,
    title,
    files: store(name, stored(makeFiles(recipe)), join(SHARED, recipe.ca ?? 'platform')),
    policy: { base: 'policy.json', changes: policy },
    expectations: { base: 'expectations.json', changes: expectationsOf(recipe) },
    expect: code === 'ok' ? { ok: true } : { ok: false, code },
  }
  writeJson(join(name, 'vector.json'), vector)
}

function expectationsOf({ at, reportData, measurements, simulatedRoots }: Partial<Recipe>): object {
  return {
    ...(at && { at: at.toISOString() }),
    ...(reportData && { reportData: encodeHex(reportData) }),
    ...(measurements && { measurements }),
    ...(simulatedRoots && { simulatedRoots }),
  }
}

function writeJson(path: string, value: object): void {
  writeFileSync(join(FOLDER, path), `${JSON.stringify(value, undefined, 2)}\n`)
}

function folderOf({ name, code }: Recipe): string {
  return code === 'ok' ? name : `${name}-fail`
}

const recipes = [...QUOTE_RECIPES, ...PATH_RECIPES, ...COLLATERAL_RECIPES, ...TCB_RECIPES, ...POLICY_RECIPES]
const names = recipes.map(folderOf)
const twice = names.find((name, index) => names.indexOf(name) !== index)
if (twice) throw new Error(`two recipes are called ${twice}`)
for (const entry of readdirSync(FOLDER, { withFileTypes: true }))
  if (entry.isDirectory()) rmSync(join(FOLDER, entry.name), { recursive: true })
writeJson(
  'expectations.json',
  expectationsOf({
    at: AT,
    reportData: REPORT_DATA,
    measurements: [SIMULATED_TDX_MEASUREMENTS],
    simulatedRoots: [pki.rootFingerprint],
  }),
)
for (const [folder, files] of SETS) share(folder, files)
for (const recipe of recipes) writeVector(recipe)
process.stdout.write(`${recipes.length} vectors\n`)
