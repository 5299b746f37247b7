/** `countersign disclose`: a receipt or archive that shows less, for somebody who must not see all. @module */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { decodeArchive, discloseArchive, encodeArchive } from '../../core/archive/index.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { discloseReceipt, isDisclosureName, type PartialReceipt, type Selection } from '../../core/receipt/disclose.ts'
import { DISCLOSURE_NAMES, type DisclosureName } from '../../core/receipt/disclosures.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { recognise } from '../evidence/recognise.ts'
import { EXIT_OK } from '../exit-codes.ts'
import { readInput } from '../files.ts'
import { printable } from '../output.ts'

const HELP = `countersign disclose FILE --show NAME… | --hide NAME… [-o OUT]

Makes of a receipt or an archive one that shows less, under the same signature. Names: ${DISCLOSURE_NAMES.join(', ')}.
What goes with them goes too: the octets of request and answer, and with forwarded what was inserted. The input stays as it is.

What needs what is hidden is shown as not performed, where the policy of whoever verifies allows that: one that lists it under "disclosures"
refuses with CLAIM_MISSING, "transforms": "replayed" with CHECK_NOT_PERFORMED. For the line about the prompt below: "disclosures": ["response"],
"transforms": "unchecked".

  --show NAME          show these alone; several times, or with commas
  --hide NAME          show all that is there but these
  --hide-insert WHICH  of an archive, drop the octets that were inserted in a role (retrieval-result), or one chunk by its digest (sha256:…)
                       (changes are then not replayed: a policy that says "transforms": "replayed" refuses, one that says "unchecked" shows it)
  -o, --out OUT        where it goes, never over a file that is there (default: to the terminal)
  --allow-guessing     also where what is hidden can be guessed from digests that stay: refused without it
  --json               what is shown and hidden as one JSON object, on stderr where the result goes to stdout

"This model and this code, without my prompt":  countersign disclose answer.cmw.json --show response,exchange -o shown.cmw.json

forwarded and dependencies hold unsalted digests of what was asked, so hiding request asks that they are hidden with it. Model, engine, code
and time need no disclosure: they are signed claims. Exit codes: 0 written, 1 a name is not in the file or the file is malformed, 2 usage.

Example: countersign disclose answer.cmw.json --hide-insert retrieval-result --hide exchange -o shown.cmw.json
`

const OPTIONS = {
  show: { type: 'string', multiple: true },
  hide: { type: 'string', multiple: true },
  'hide-insert': { type: 'string', multiple: true },
  out: { type: 'string', short: 'o' },
  'allow-guessing': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const

interface Cut extends Omit<PartialReceipt, 'token'> {
  readonly octets: Uint8Array
}

function readNames(texts: readonly string[]): readonly DisclosureName[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((name) => {
      if (isDisclosureName(name)) return name
      throw new UsageError(`${printable(name)} is no disclosure`, `There are ${DISCLOSURE_NAMES.join(', ')}.`)
    })
}

function readSelection(
  show: readonly string[] | undefined,
  hide: readonly string[] | undefined,
  inserts: readonly string[],
): Selection {
  if (show !== undefined && hide !== undefined)
    throw new UsageError('give --show or --hide, not both', 'What --show does not name is hidden.')
  if (show !== undefined) return { show: readNames(show) }
  if (hide !== undefined) return { hide: readNames(hide) }
  if (inserts.length > 0) return { hide: [] }
  throw new UsageError('nothing is to be hidden', 'For example: --show response,exchange')
}

async function cut(file: string, selection: Selection, inserts: readonly string[]): Promise<Cut> {
  const recognised = await recognise(await readInput(file))
  if (recognised.kind === 'archive') {
    const { archive, ...facts } = discloseArchive(decodeArchive(recognised.octets), selection, inserts)
    return { octets: encodeArchive(archive), ...facts }
  }
  if (recognised.kind !== 'receipt')
    throw new UsageError(`${file} is ${recognised.what}`, 'Give a receipt, or an archive (*.cmw.json).')
  if (inserts.length > 0)
    throw new UsageError('a receipt holds no inserted octets', '--hide-insert goes with an archive.')
  const text = new TextDecoder().decode(recognised.octets).trimEnd()
  const { token, ...facts } = discloseReceipt(text, selection)
  return { octets: encodeUtf8(`${token}\n`), ...facts }
}

async function write(octets: Uint8Array, out: string | undefined, io: Io): Promise<void> {
  if (out === undefined) {
    io.out(new TextDecoder().decode(octets))
    return
  }
  try {
    await writeFile(out, octets, { flag: 'wx', mode: 0o600 })
  } catch {
    throw new UsageError(`${out} cannot be written`, 'Give a file that is not there yet, in a folder that is.')
  }
}

export const command: Command = {
  summary: 'show a part of a receipt or archive',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0)
      throw new UsageError('one file is due', 'Several names go with commas: --show response,exchange')
    const { show, hide, out, json, 'hide-insert': inserts = [] } = values
    const { octets, shown, hidden, guessable } = await cut(file, readSelection(show, hide, inserts), inserts)
    if (guessable.length > 0 && !values['allow-guessing'])
      throw new UsageError(
        `what is hidden can be guessed: ${guessable.join('; ')}`,
        'Hide these too, or add --allow-guessing where a guess is no matter.',
      )
    await write(octets, out, io)
    const tell = out === undefined ? io.err : io.out
    if (json) tell(`${JSON.stringify({ shown, hidden, guessable, ...(out === undefined ? {} : { out }) })}\n`)
    else tell(`shown: ${shown.join(', ') || 'none'}; hidden: ${hidden.join(', ') || 'none'}\n`)
    return EXIT_OK
  },
}
