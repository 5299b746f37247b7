/**
 * `node scripts/lint-reports.mjs`: holds what is written for the programs of others against their schemas. SARIF: the schema of version 2.1.0,
 * and Microsoft's validator with the rules of GitHub's upload; JUnit: the schema of Jenkins; the list of dependencies: CycloneDX's. By hand: it
 * downloads them (Microsoft's validator for Linux is 43 MB). What it cannot have is skipped, in one line. Needs a build.
 */
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { renderJunit } from '../dist/cli/ci/junit.js'
import { renderSarif } from '../dist/cli/ci/sarif.js'
import { judge } from '../dist/core/verdict.js'
import { root } from './prepare.mjs'

const cache = join(root, 'node_modules/.cache/report-schemas')
const reports = mkdtempSync(join(tmpdir(), 'countersign-reports-'))
/** What a gateway or a builder may write. */
const TEXTS = [
  'gateway',
  '',
  'x'.repeat(100_000),
  '\u0000\u0007\u001b[31m\u202e\ufffe\uffff\u{1fffe}\ud800',
  ']]><failure/>&amp;&#0;<!-- -->',
  '{0} [text](1) \\ "\'',
  'ünï 漢字 \u2028 🎉',
]
const faults = []
let skipped = 0
let held = 0

function run(program, args) {
  const { error, status, stdout, stderr } = spawnSync(program, args, {
    cwd: reports,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
    env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' },
  })
  return { ok: error === undefined && status === 0, text: `${error?.message ?? ''}${stdout}${stderr}` }
}

/** @param fetch puts one archive into the folder @returns the folder of what is in it, or undefined where nothing can be had */
function unpacked(name, fetch) {
  const place = join(cache, name)
  if (existsSync(join(place, 'complete'))) return place
  rmSync(place, { recursive: true, force: true })
  mkdirSync(place, { recursive: true })
  const { ok, text } = fetch(place)
  const [archive] = readdirSync(place)
  if (ok && run('tar', ['xzf', join(place, archive), '-C', place, '--strip-components=1']).ok) {
    writeFileSync(join(place, 'complete'), '')
    return place
  }
  skipped += 1
  console.error(`countersign: no ${name} (${text.trim().split('\n').at(-1)}): what it checks is skipped`)
  return undefined
}

const fromNpm = (name) =>
  unpacked(name.replace(/[@/]/g, '-'), (place) => run('npm', ['pack', '--pack-destination', place, name]))
const fromPypi = (name) =>
  unpacked(name, (place) =>
    run('python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary=:all:', '-d', place, name]),
  )

const readJson = (...path) => JSON.parse(readFileSync(join(...path), 'utf8'))

/** Old schemas have expressions that newer rules refuse, and formats that this library does not know. */
const createAjv = () => new Ajv({ strict: false, unicodeRegExp: false, validateFormats: false, allErrors: true })

function hold(file, validate, document) {
  held += 1
  if (!validate(document)) faults.push(`${file}: ${JSON.stringify(validate.errors.slice(0, 3))}`)
}

/** One that passes, one that fails, one that lacks something; each with the text wherever others could write it. */
async function writeReports() {
  for (const [i, text] of TEXTS.entries()) {
    const shown = { kind: 'gateway', name: `gateway ${text}`, result: text }
    const failed = await judge(['lock-row', 'later'], async (check) =>
      check.fail('lock-row', 'MEASUREMENT_MISMATCH', { seen: text, wanted: text, fail: text }),
    )
    const missing = await judge(['crl'], async (check) => check.incomplete('crl', text))
    const good = await judge(['row', 'left-out'], async (check) => {
      check.pass('row', text)
      check.unchecked('left-out', text)
      return {}
    })
    for (const [name, verdicts] of Object.entries({
      good: [good],
      missing: [missing],
      failed: [failed, missing, good],
    })) {
      const subjects = verdicts.map((verdict) => ({ ...shown, verdict }))
      writeFileSync(join(reports, `${name}-${i}.sarif`), renderSarif(subjects, 'deploy/a b.lock.json'))
      writeFileSync(join(reports, `${name}-${i}.xml`), renderJunit(subjects))
    }
  }
}

function lintSarif() {
  const files = readdirSync(reports).filter((file) => file.endsWith('.sarif'))
  const schemas = fromNpm('@microsoft/jest-sarif@1.0.0-beta.0')
  if (schemas !== undefined) {
    const { $schema: _, id: __, ...schema } = readJson(schemas, 'lib/schemas/sarif-2.1.0-rtm.5.json')
    const validate = createAjv().compile(schema)
    for (const file of files) hold(file, validate, readJson(reports, file))
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') return
  const tool = fromNpm('@microsoft/sarif-multitool-linux@5.7.0')
  if (tool === undefined) return
  chmodSync(join(tool, 'Sarif.Multitool'), 0o755)
  const out = ['--output=found.json', '--log=ForceOverwrite']
  const args = ['validate', '*.sarif', '--rule-kind=Sarif;Ghas', '--level=Error;Warning', '--kind=Fail', ...out]
  const { text } = run(join(tool, 'Sarif.Multitool'), args)
  if (!text.includes(`${files.length} files scanned`))
    faults.push(`Microsoft's validator read not every report: ${text}`)
  // Of the warnings one is known: there is no address to name for this software.
  for (const line of text.split('\n'))
    if (/: (?:error|warning) /.test(line) && !line.includes('SARIF2005')) faults.push(line)
  held += files.length
}

function lintJunit() {
  const source = fromPypi('pytest==9.2.0')
  if (source === undefined) return
  const schema = join(source, 'testing/example_scripts/junit-10.xsd')
  for (const file of readdirSync(reports).filter((name) => name.endsWith('.xml'))) {
    const { ok, text } = run('xmllint', ['--noout', '--schema', schema, file])
    if (text.includes('ENOENT')) {
      skipped += 1
      console.error('countersign: no xmllint: the schema of JUnit is skipped')
      return
    }
    held += 1
    if (!ok) faults.push(`${file}: ${text}`)
  }
}

function lintSbom() {
  const library = fromNpm('@cyclonedx/cyclonedx-library@10.3.0')
  if (library === undefined) return
  const sbom = JSON.parse(run(process.execPath, [join(root, 'scripts/sbom.mjs')]).text)
  const ajv = createAjv()
  for (const name of ['spdx.SNAPSHOT', 'jsf-0.82.SNAPSHOT']) {
    const { $id: _, ...schema } = readJson(library, `res/schema/${name}.schema.json`)
    ajv.addSchema(schema, `http://cyclonedx.org/schema/${name}.schema.json`)
  }
  hold('sbom', ajv.compile(readJson(library, `res/schema/bom-${sbom.specVersion}.SNAPSHOT.schema.json`)), sbom)
}

try {
  await writeReports()
  lintSarif()
  lintJunit()
  lintSbom()
} finally {
  rmSync(reports, { recursive: true, force: true })
}
for (const fault of faults) console.error(fault)
console.log(`${held} documents held against a schema: ${faults.length} faults, ${skipped} schemas skipped`)
// 3: what was skipped was not checked.
process.exit(faults.length > 0 || held === 0 ? 1 : skipped > 0 ? 3 : 0)
