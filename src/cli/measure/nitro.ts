/** `countersign measure nitro`: PCR0, 1, 2 and 8 of an enclave, from its image file alone. @module */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { createEifReader, type EifMeasured } from '../../core/measurement/eif/index.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { createProgress } from '../log/progress.ts'
import { askedRow, LOCK_ROW_HELP, LOCK_ROW_OPTIONS, lockRow } from './lock-row.ts'
import { imageJson, renderImage } from './nitro-page.ts'
import type { Verb } from './verb.ts'

const MIB = 1024 * 1024
/** Octets of a piece: large enough for the digests, small enough to be nothing. */
const PIECE = MIB
const EXAMPLE = 'For example: countersign measure nitro gateway.eif'
const HELP = `countersign measure nitro IMAGE.eif [--json | --lock-row --config sha256:… [--model NAME=sha256:…]...]

Computes what an enclave shows in its attestation documents when it is started from this image: PCR0 (the whole), PCR1 (kernel, command line
and first ramdisk), PCR2 (the other ramdisks) and PCR8 (the certificate that signed it). Neither hardware nor nitro-cli is needed, and what
the image's metadata claims counts for nothing. An image that is cut, whose parts do not hold together, or whose signature is not over its
PCR0 is refused, with the offset.

  --json               the result for machines
${LOCK_ROW_HELP}

Example: countersign measure nitro gateway.eif
`

const OPTIONS = { json: { type: 'boolean', default: false }, ...LOCK_ROW_OPTIONS } as const

async function measure(file: string, io: Io): Promise<EifMeasured> {
  const progress = createProgress(io, 'MiB')
  const reader = createEifReader()
  try {
    const { size } = await stat(file)
    let done = 0
    for await (const piece of createReadStream(file, { highWaterMark: PIECE })) {
      reader.push(piece)
      done += piece.length
      progress.show('measuring', Math.floor(done / MIB), Math.floor(size / MIB))
    }
    return await reader.finish()
  } catch (cause) {
    // Which file, for people; the code stays what it is.
    if (cause instanceof MalformedError) throw new MalformedError(cause.failure, `${file}: ${cause.message}`, { cause })
    if (cause instanceof CountersignError) throw cause
    throw new UsageError(`${file} cannot be read`, 'Check the path.')
  } finally {
    progress.end()
  }
}

export const verb: Verb = {
  summary: 'the registers of a Nitro enclave, from its image file',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0) throw new UsageError('measure nitro wants one enclave image', EXAMPLE)
    // What is wrong with the options is said before hashing, not after.
    const row = askedRow(values)
    const image = await measure(file, io)
    const { measurements, architecture } = image
    if (row !== undefined) io.out(lockRow({ platform: 'nitro', measurements }, `nitro-enclaves, ${architecture}`, row))
    else io.out(values.json ? imageJson(image) : renderImage(image))
    return EXIT_OK
  },
}
