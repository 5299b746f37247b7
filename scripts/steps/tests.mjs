// The tests of the core by file, for a thread: what no vector notices, one of them must.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundle } from '../bundle.mjs'
import { root } from '../prepare.mjs'
import { instrumentation } from './instrument.mjs'

/**
 * Vectors are judged apart, but for those of enclave images, which nothing replays. The others need files that may not be there, another
 * library, or much time.
 */
const LEFT_OUT =
  /(?:(?<!eif\/)fixtures|genuine|limbo|oracle|backends|suites|memory|(?:wire|answer|challenge)-vectors|(?:snp|x509|tdx)\/vectors|failure-codes|snp\/profiles)\.test\.ts$/

const STAND_IN = {
  name: 'vitest',
  setup({ onResolve }) {
    onResolve({ filter: /^vitest$/ }, () => ({ path: join(root, 'scripts', 'steps', 'vitest.mjs') }))
  },
}

/** A test that reads what lies near it finds it from where it was written, not from where the bundle lies. */
const OWN_PLACE = {
  name: 'own-place',
  setup({ onLoad }) {
    onLoad({ filter: /\.test\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8')
        .replaceAll('import.meta.dirname', JSON.stringify(dirname(path)))
        .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href))
      return { contents: text, loader: 'ts' }
    })
  },
}

function listTestFiles() {
  return readdirSync(join(root, 'test', 'core'), { recursive: true })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith('.test.ts') && !LEFT_OUT.test(file))
    .sort()
}

/** What the run of all tests provides: two RSA keys, which take seconds to make. */
export async function makeProvided(folder) {
  const outfile = join(folder, 'simulator.mjs')
  await bundle(join(root, 'src', 'simulator', 'index.ts'), { outfile })
  const { createSimulatedPki, exportPki } = await import(pathToFileURL(outfile).href)
  return { simulatedPki: exportPki(await createSimulatedPki()) }
}

/** One module with a loader for each file; returns the files. `steps` is filled as by the bundle of the vectors, with the same numbers. */
export async function bundleTests(folder, outfile, steps) {
  const entry = join(folder, 'tests-entry.mjs')
  const from = (path) => JSON.stringify(join(root, path))
  const files = listTestFiles()
  const loaders = files.map((file) => `${JSON.stringify(file)}: () => import(${from(join('test', 'core', file))})`)
  writeFileSync(
    entry,
    `export * as vitest from ${from(join('scripts', 'steps', 'vitest.mjs'))}\nexport const files = { ${loaders.join(',\n')} }\n`,
  )
  await bundle(entry, { outfile, plugins: [STAND_IN, OWN_PLACE, instrumentation(steps)] })
  return files
}
