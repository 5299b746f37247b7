/** `countersign measure model`: the manifest of a folder of weights, alone or held against one from before. @module */
import { existsSync, realpathSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { decodeOmsManifest, encodeOmsManifest } from '../../core/resources/oms-manifest.ts'
import { compareOmsManifests, verifyOmsManifest } from '../../core/resources/oms-manifest-compare.ts'
import { type MeasuredFolder, measureFolder, type OmsManifest } from '../../measure/index.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readInput } from '../files.ts'
import { createProgress } from '../log/progress.ts'
import { verdictJson } from '../output.ts'
import { renderAgainst, renderMeasured } from './model-page.ts'
import type { Verb } from './verb.ts'

const MIB = 1024 * 1024
const EXAMPLE = 'For example: countersign measure model models/llama'
const HELP = `countersign measure model DIR [--manifest OUT] [--against FILE] [--fs-verity] [--json]

Measures every file of a folder and names the folder by one digest, its root: the digest that receipts name as the model's, scheme oms-v1.
It changes with every octet, name and executable bit. Left out are .git and model.sig. Links and devices are refused.

  --manifest OUT  writes the manifest, a statement of OpenSSF Model Signing v1, outside of DIR and never over a file that is there
  --against FILE  compares with a manifest from before, and names the files that differ; exit code 1 when there are any
  --fs-verity     shows the fs-verity digest of each file too (SHA-256, blocks of 4096, no salt), as \`fsverity measure FILE\` does once the
                  kernel guards the file
  --json          the result for machines

Example: countersign measure model models/llama --manifest llama.manifest.json
`
const OPTIONS = {
  manifest: { type: 'string' },
  against: { type: 'string' },
  'fs-verity': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

/** A manifest inside the folder would be a file that it does not list. */
function assertOutside(folder: string, file: string): void {
  const [inside, target] = [folder, dirname(resolve(file))].map((path) => {
    if (existsSync(path)) return `${realpathSync(path)}${sep}`
    throw new UsageError(`there is no folder ${path}`, 'Check the path.')
  })
  if (inside === undefined || target === undefined || target.startsWith(inside))
    throw new UsageError(`${file} is in the folder that is measured`, 'Give --manifest a file outside of it.')
}

async function writeManifest(file: string, measured: MeasuredFolder): Promise<void> {
  try {
    await writeFile(file, encodeOmsManifest(measured.manifest), { flag: 'wx' })
  } catch {
    throw new UsageError(`${file} cannot be written`, 'Give a file that is not there yet, in a folder that is.')
  }
}

async function measure(directory: string, fsVerity: boolean, io: Io): Promise<MeasuredFolder> {
  const progress = createProgress(io, 'MiB')
  const show = (done: number, total: number): void =>
    progress.show('measuring', Math.floor(done / MIB), Math.floor(total / MIB))
  try {
    return await measureFolder(directory, { fsVerity, onProgress: show })
  } finally {
    progress.end()
  }
}

function measuredJson({ root, subject, size, files, manifest }: MeasuredFolder): Readonly<Record<string, unknown>> {
  const executable = new Set(manifest.resources.filter((file) => file.executable).map(({ name }) => name))
  const listed = files.map((file) => ({ ...file, executable: executable.has(file.name) }))
  return { root, subject, size, ignored: manifest.ignorePaths, files: listed }
}

interface Comparison {
  /** The file that holds the manifest. */
  readonly against: string
  readonly wanted: OmsManifest
  readonly json: boolean
}

async function compare(measured: MeasuredFolder, { against, wanted, json }: Comparison, io: Io): Promise<ExitCode> {
  const verdict = await verifyOmsManifest(wanted, measured.manifest)
  const difference = compareOmsManifests(wanted, measured.manifest)
  if (json) io.out(verdictJson(verdict, { ...measuredJson(measured), difference }))
  else io.out(renderAgainst(measured, { verdict, difference, against, colour: io.colour }))
  return verdict.ok ? EXIT_OK : EXIT_NOT_VERIFIED
}

export const verb: Verb = {
  summary: 'the digest of a folder of weights, and which files differ from a manifest',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [directory, ...more] = positionals
    if (directory === undefined || more.length > 0) throw new UsageError('measure model wants one folder', EXAMPLE)
    const { manifest, against, json } = values
    // What is wrong with the other files is said before minutes of hashing, not after.
    if (manifest !== undefined) assertOutside(directory, manifest)
    const wanted = against === undefined ? undefined : decodeOmsManifest(await readInput(against))
    const measured = await measure(directory, values['fs-verity'], io)
    if (manifest !== undefined) await writeManifest(manifest, measured)
    if (against !== undefined && wanted !== undefined) return compare(measured, { against, wanted, json }, io)
    io.out(json ? `${JSON.stringify(measuredJson(measured))}\n` : renderMeasured(measured))
    return EXIT_OK
  },
}
