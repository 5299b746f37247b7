/** `countersign receipts`: what a folder of kept answers holds, and one of them as an archive. @module */
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { ReceiptStore } from '../../client/index.ts'
import { createFileReceiptStore } from '../../client-node/receipt-files.ts'
import { exportArchive } from '../../receipt-store/index.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { printable } from '../output.ts'

const HELP = `countersign receipts list DIR [--json]
countersign receipts export DIR ID --out FILE

Shows what \`countersign proxy --store DIR\` keeps, oldest first, or writes one answer as an archive that \`countersign verify FILE\` checks
offline. The archive holds request and answer: whoever has the file can read both.

  --out FILE   where the archive goes; never over a file that is there
  --json       one JSON object for each answer instead of a line

Example: countersign receipts export receipts VNm3x0Jq5s6b5l3b6v0c1A --out answer.cmw.json
`
const OPTIONS = { out: { type: 'string' }, json: { type: 'boolean', default: false } } as const
const EXAMPLE = 'For example: countersign receipts list receipts'

async function list(store: ReceiptStore, json: boolean, io: Io): Promise<void> {
  for (const id of await store.list()) {
    const answer = await store.get(id)
    if (answer === undefined) {
      io.err(`countersign: ${printable(id)} is garbled\n`)
      continue
    }
    const { jti, origin, grade, receivedAt, request, response, archive } = answer
    const facts = { jti, receivedAt: receivedAt.toISOString(), grade, origin, requestSize: request.octets.length }
    const held = { responseSize: response?.octets.length ?? null, archived: archive !== undefined }
    if (json) io.out(`${JSON.stringify({ ...facts, ...held })}\n`)
    else io.out(`${facts.receivedAt}  ${jti}  ${grade.padEnd(9)} ${printable(origin)}\n`)
  }
}

async function write(store: ReceiptStore, id: string, file: string): Promise<void> {
  const archive = await exportArchive(store, id)
  try {
    await writeFile(file, archive, { flag: 'wx', mode: 0o600 })
  } catch {
    throw new UsageError(`${file} cannot be written`, 'Give a file that is not there yet, in a folder that is.')
  }
}

export const command: Command = {
  summary: 'list and export answers that were kept',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [verb, folder, id, ...more] = positionals
    if (folder === undefined || more.length > 0) throw new UsageError('receipts wants a verb and a folder', EXAMPLE)
    // Opening makes the folder: a name that was mistyped must not.
    if (!existsSync(folder)) throw new UsageError(`there is no folder ${folder}`, 'Give the one of proxy --store.')
    if (verb === 'list' && id === undefined) {
      await list(await createFileReceiptStore(folder), values.json, io)
      return EXIT_OK
    }
    if (verb !== 'export' || id === undefined)
      throw new UsageError('receipts knows list DIR and export DIR ID', EXAMPLE)
    if (values.out === undefined) throw new UsageError('--out FILE is due', 'For example: --out answer.cmw.json')
    await write(await createFileReceiptStore(folder), id, values.out)
    io.out(`${values.out}\n`)
    return EXIT_OK
  },
}
