/** `countersign measure model`: the manifest of a folder of weights, alone or held against one from before and against its publisher. @module */
import { existsSync, realpathSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { decodeOmsManifest, encodeOmsManifest } from '../../core/resources/oms-manifest.ts'
import { type MeasuredFolder, measureFolder, type OmsManifest } from '../../measure/index.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { readInput } from '../files.ts'
import { createProgress } from '../log/progress.ts'
import { firstRefusal, judgeModel, type Reference } from './measured-model.ts'
import { modelJson } from './model-json.ts'
import { renderModel } from './model-page.ts'
import { readSignature } from './publisher-trust.ts'
import type { Verb } from './verb.ts'

const MIB = 1024 * 1024
const EXAMPLE = 'For example: countersign measure model models/llama'
const HELP = `countersign measure model DIR [--manifest OUT] [--against FILE] [--fs-verity] [--json]
countersign measure model DIR [--signature FILE] --identity ID --issuer URL --trusted-root FILE
countersign measure model DIR [--signature FILE] --key FILE

Measures every file of a folder and names the folder by one digest, its root: the digest that receipts name as the model's, scheme oms-v1.
It changes with every octet, name and executable bit. Left out are .git and model.sig. Links and devices are refused.

  --manifest OUT  writes the manifest, a statement of OpenSSF Model Signing v1, outside of DIR and never over a file that is there
  --against FILE  compares with a manifest from before, and names the files that differ; exit code 1 when there are any
  --fs-verity     shows the fs-verity digest of each file too (SHA-256, blocks of 4096, no salt), as \`fsverity measure FILE\` does once the
                  kernel guards the file
  --json          the result for machines

Who published the weights, by a signature of OpenSSF Model Signing; exit code 1 when it does not verify or is somebody else's:

  --signature FILE     the Sigstore bundle; otherwise model.sig in DIR
  --identity ID        mail address or URI in the certificate, letter by letter, with
  --issuer URL         who vouches for the identity, and
  --trusted-root FILE  the trusted_root.json of that Sigstore; nothing is downloaded
  --key FILE           or the publisher's public key, PEM

Example: countersign measure model models/llama --manifest llama.manifest.json
`
const OPTIONS = {
  manifest: { type: 'string' },
  against: { type: 'string' },
  signature: { type: 'string' },
  identity: { type: 'string' },
  issuer: { type: 'string' },
  'trusted-root': { type: 'string' },
  key: { type: 'string' },
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

async function writeManifest(file: string, manifest: OmsManifest): Promise<void> {
  try {
    await writeFile(file, encodeOmsManifest(manifest), { flag: 'wx' })
  } catch {
    throw new UsageError(`${file} cannot be written`, 'Give a file that is not there yet, in a folder that is.')
  }
}

async function readReference(file: string | undefined): Promise<Reference | undefined> {
  return file === undefined ? undefined : { file, manifest: decodeOmsManifest(await readInput(file)) }
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

export const verb: Verb = {
  summary: 'the digest of a folder of weights, which files differ from a manifest, and who signed them',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [directory, ...more] = positionals
    if (directory === undefined || more.length > 0) throw new UsageError('measure model wants one folder', EXAMPLE)
    // What is wrong with the other files is said before minutes of hashing, not after.
    if (values.manifest !== undefined) assertOutside(directory, values.manifest)
    const reference = await readReference(values.against)
    const signature = await readSignature(directory, values)
    const measured = await measure(directory, values['fs-verity'], io)
    if (values.manifest !== undefined) await writeManifest(values.manifest, measured.manifest)
    const model = await judgeModel(directory, measured, { reference, signature })
    io.out(values.json ? modelJson(model) : renderModel(model, io.colour))
    return firstRefusal(model) === undefined ? EXIT_OK : EXIT_NOT_VERIFIED
  },
}
