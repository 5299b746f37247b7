// Joins a module and all that it imports into one file, with the bundler that size-limit brings along.
//
//   node scripts/bundle.mjs ENTRY OUTFILE [--browser] [--shims] [--minify]
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './prepare.mjs'

const { build } = createRequire(createRequire(import.meta.url).resolve('@size-limit/esbuild'))('esbuild')

/** Reads what was built in place of its source, so that what is judged is what is shipped. */
const FROM_BUILD = {
  name: 'from-build',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path, resolveDir }) => {
      const file = relative(join(root, 'src'), resolve(resolveDir, path))
      if (file.startsWith('..')) return undefined
      return { path: join(root, 'dist', file.replace(/\.ts$/, '.js')) }
    })
  },
}

/** The other way round: scripts name what was built. */
const FROM_SOURCES = {
  name: 'from-sources',
  setup({ onResolve }) {
    onResolve({ filter: /\.js$/ }, ({ path, resolveDir }) => {
      const file = relative(join(root, 'dist'), resolve(resolveDir, path))
      if (file.startsWith('..')) return undefined
      return { path: join(root, 'src', file.replace(/\.js$/, '.ts')) }
    })
  },
}

/** Pages name the package, as those of its users do; here they get its sources. */
const OWN_NAME = {
  name: 'own-name',
  setup({ onResolve }) {
    const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    onResolve({ filter: new RegExp(`^${name}(/|$)`) }, ({ path }) => {
      const { default: built } = exports[`.${path.slice(name.length)}`]
      return { path: join(root, built.replace(/^\.\/dist\//, 'src/').replace(/\.js$/, '.ts')) }
    })
  },
}

/** Browsers have no files: fixtures are read by the same code, out of what the page has loaded. */
function fromPage(shims) {
  return {
    name: 'from-page',
    setup({ onResolve }) {
      onResolve({ filter: /^node:/ }, ({ path }) => ({ path: join(root, shims, `${path.slice('node:'.length)}.mjs`) }))
    },
  }
}

function optionsOf({ platform, of }) {
  const sources = of === 'sources' ? ['countersign-source'] : []
  return {
    platform,
    conditions: [...sources, 'module', 'import'],
    plugins: of === 'build' ? [FROM_BUILD] : [FROM_SOURCES, OWN_NAME],
  }
}

/**
 * @param of `sources`, or `build` to read dist in place of src
 * @param shims folder of stand-ins for node: modules
 * @param plugins those that see a file first
 * @param external whether packages stay out, to be found by Node where the bundle lies
 * @returns what the bundler reports
 */
export async function bundle(
  entry,
  {
    outfile,
    of = 'sources',
    platform = 'node',
    shims,
    plugins = [],
    minify = false,
    metafile = false,
    external = false,
  },
) {
  const options = optionsOf({ platform, of })
  return await build({
    ...options,
    entryPoints: [entry],
    outfile,
    plugins: [...plugins, ...options.plugins, ...(shims === undefined ? [] : [fromPage(shims)])],
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: outfile !== undefined,
    logLevel: 'error',
    ...(external && { packages: 'external' }),
    minify,
    metafile,
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, outfile, ...flags] = process.argv.slice(2)
  const platform = flags.includes('--browser') ? 'browser' : 'node'
  await bundle(entry, {
    outfile,
    platform,
    minify: flags.includes('--minify'),
    ...(flags.includes('--shims') && { shims: ['test', 'browser', 'node'].join(sep) }),
  })
}
