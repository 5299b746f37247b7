/** `countersign log scrub`: every stored octet of a data folder, read back and repaired where it can be. @module */
import { parseArgs } from 'node:util'
import { type CorruptObject, type ScrubReport, scrubLog } from '../../server/log/index.ts'
import type { ObjectStore } from '../../storage/index.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { paint, printable } from '../output.ts'
import { openFolder } from './log-source.ts'
import { openPlace, type Place, type PlaceArguments } from './place.ts'
import { createProgress, grouped, type Progress } from './progress.ts'
import type { Subcommand } from './subcommand.ts'

const HELP = `countersign log scrub DIR [--repair] [--json]
countersign log scrub -c FILE [--operational FILE] [--repair] [--json]

Reads every octet that a data folder (or the store of a configuration) holds of its logs (entries, tiles, write-ahead logs, index, sealed records, documents), compares it
with what the log signed, and names each that is another. Works beside a gateway that runs.

  -c FILE     the store that this configuration names; of an image, the measured half, with
  --operational FILE
              the other half
  --repair    make tiles, entries and index again from the write-ahead log or from each other, where they are bad
  --json      one JSON object instead of lines

Exit codes: 0 nothing is bad, or all of it was repaired; 1 something stays bad; 2 usage.

Example: countersign log scrub /var/lib/countersign --repair
`

const MIB = 1024 * 1024
const LOG_ID = /^[A-Za-z0-9_-]{43}$/

interface Scrubbed extends ScrubReport {
  readonly id: string
}

/** Logs by what is published of them and by what is not: one half may be gone. */
async function logIds(store: ObjectStore): Promise<readonly string[]> {
  const names = (await Promise.all(['log', 'private'].map((folder) => store.list(folder)))).flat()
  const ids = names.map((name) => name.replace(/\/$/, '')).filter((name) => LOG_ID.test(name))
  return [...new Set(ids)].sort()
}

/** A folder that is not there is a mistake, and no history without damage. */
async function openStored(given: Omit<PlaceArguments, 'lineage'>, io: Io): Promise<Pick<Place, 'store' | 'title'>> {
  const { store, title } = await openPlace({ ...given, lineage: undefined }, io)
  return given.folder === undefined ? { store, title } : { store: await openFolder(given.folder), title }
}

function scrubOne(
  store: ObjectStore,
  id: string,
  { repair, progress }: { readonly repair: boolean; readonly progress: Progress },
): Promise<ScrubReport> {
  const short = `${id.slice(0, 10)}…`
  return scrubLog(store, id, {
    repair,
    onProgress: ({ leaves, octets }) =>
      progress.tell(`${short}: ${grouped(leaves)} leaves, ${grouped(Math.floor(octets / MIB))} MiB of write-ahead log`),
  })
}

function renderCorrupt({ what, index, name, repaired }: CorruptObject, colour: boolean): string {
  const mark = repaired ? paint('repaired', '33', colour) : paint('BAD     ', '31;1', colour)
  return `  ${mark}  ${what.padEnd(10)}  ${String(index).padStart(9)}  ${printable(name)}`
}

function render(
  logs: readonly Scrubbed[],
  { repair, colour }: { readonly repair: boolean; readonly colour: boolean },
): string {
  const lines = logs.flatMap(({ id, leaves, groups, octets, corrupt }) => [
    `${id}  ${grouped(leaves)} leaves, ${grouped(groups)} groups, ${grouped(octets)} octets`,
    ...corrupt.map((object) => renderCorrupt(object, colour)),
  ])
  const all = logs.flatMap(({ corrupt }) => corrupt)
  const bad = all.filter(({ repaired }) => !repaired).length
  const remedy = repair ? 'take it from a mirror or a backup' : 'run it again with --repair'
  const result =
    all.length === 0
      ? paint(`nothing is bad (${grouped(logs.length)} read)`, '32;1', colour)
      : bad === 0
        ? paint(`${grouped(all.length)} repaired, nothing stays bad`, '32;1', colour)
        : paint(
            `LOG_LEAF_CORRUPT: ${grouped(bad)} stay bad, ${grouped(all.length - bad)} repaired; ${remedy}`,
            '31;1',
            colour,
          )
  return `${[...lines, '', result].join('\n')}\n`
}

export const subcommand: Subcommand = {
  summary: 'read every stored octet of a folder, and repair what is bad',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string', short: 'c' },
        operational: { type: 'string' },
        repair: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    })
    const [folder, ...more] = positionals
    if (more.length > 0)
      throw new UsageError(
        'one folder is scrubbed at a time',
        'For example: countersign log scrub /var/lib/countersign',
      )
    const { config, operational, repair, json } = values
    const { store, title } = await openStored({ folder, config, operational }, io)
    const ids = await logIds(store)
    if (ids.length === 0)
      throw new UsageError(
        `${title} holds no logs`,
        'Give the data folder of a gateway: it has folders log and private.',
      )
    const progress = createProgress(io, 'leaves')
    const logs: Scrubbed[] = []
    try {
      for (const id of ids) logs.push({ id, ...(await scrubOne(store, id, { repair, progress })) })
    } finally {
      progress.end()
    }
    const isBad = logs.some(({ corrupt }) => corrupt.some(({ repaired }) => !repaired))
    io.out(json ? `${JSON.stringify({ ok: !isBad, logs })}\n` : render(logs, { repair, colour: io.colour }))
    return isBad ? EXIT_NOT_VERIFIED : EXIT_OK
  },
}
