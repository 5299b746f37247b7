/** `node scripts/sbom.mjs`: what the package depends on, as CycloneDX on stdout. Of one lock file always the same bytes: no time, no serial number. */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './prepare.mjs'

/**
 * From the lock file alone, so that what happens to be installed here decides nothing. Whole: with `--omit dev` npm leaves out what a
 * development dependency needs as well.
 */
function readSbom() {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
  const { status, stdout } = spawnSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  if (status !== 0) throw new Error('npm sbom failed')
  return JSON.parse(stdout)
}

/** References of what an installation of the package brings, with what each depends on. */
function reachable({ components, dependencies, metadata }, direct) {
  const edges = new Map(dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]))
  const names = new Map(components.map((component) => [component['bom-ref'], nameOf(component)]))
  const own = metadata.component['bom-ref']
  const found = new Map([[own, edges.get(own).filter((ref) => direct.includes(names.get(ref)))]])
  for (const [, dependsOn] of found)
    for (const ref of dependsOn) if (!found.has(ref)) found.set(ref, edges.get(ref) ?? [])
  return found
}

/** As package.json spells it. */
function nameOf({ 'bom-ref': ref }) {
  return ref.slice(0, ref.indexOf('@', 1))
}

const byRef = (a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)

function normalise(sbom, { name, dependencies, optionalDependencies }) {
  const { serialNumber: _serial, metadata, components, ...rest } = sbom
  const { timestamp: _timestamp, tools: _tools, component, ...about } = metadata
  const found = reachable(sbom, Object.keys({ ...dependencies, ...optionalDependencies }))
  return {
    ...rest,
    // npm names it after the folder that it lies in.
    metadata: { ...about, component: { ...component, name } },
    components: components.filter((one) => found.has(one['bom-ref'])).sort(byRef),
    dependencies: [...found]
      .map(([ref, dependsOn]) => ({ ref, dependsOn: [...dependsOn].sort() }))
      .sort((a, b) => (a.ref < b.ref ? -1 : 1)),
  }
}

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
console.log(JSON.stringify(normalise(readSbom(), manifest), undefined, 2))
