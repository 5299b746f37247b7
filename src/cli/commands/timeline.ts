/** `countersign timeline`: boots and epochs of a gateway in order, and what changed from each to the next. @module */
import { parseArgs } from 'node:util'
import { type Command, UsageError } from '../command.ts'
import { readTimeline } from '../diff/read-timeline.ts'
import { compareSessions, renderTimeline, timelineJson } from '../diff/render-timeline.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { openLogs } from '../log/log-source.ts'
import { createProgress } from '../log/progress.ts'

const HELP = `countersign timeline URL|DIR [--json]

Shows every boot and epoch of a gateway (or of its data folder), oldest first: time, log, code, configuration, models, and what changed
from the session before. Read from sessions alone; they are held against their digests and their order, not against leaves, signatures
or hardware: countersign log audit does that.

  --json  one JSON object, digests whole

Exit codes: 0 shown, 1 something shown is not what names it, 2 usage, 3 something is not there (a session, a log, the network).

Example: countersign timeline https://gw.example.com
`

export const command: Command = {
  summary: 'boots and epochs of a gateway, and what changed at each',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { json: { type: 'boolean', default: false } },
    })
    const [place, ...more] = positionals
    if (place === undefined || more.length > 0)
      throw new UsageError('one gateway or folder is due', 'For example: countersign timeline https://gw.example.com')
    const progress = createProgress(io, 'logs')
    const reader = await openLogs(place)
    try {
      const boots = await readTimeline(reader, (done, total) => progress.show('sessions', done, total))
      progress.end()
      const parts = compareSessions(boots)
      io.out(values.json ? timelineJson(parts) : renderTimeline(parts, io.colour))
      if (boots.some(({ faults }) => faults.length > 0)) return EXIT_NOT_VERIFIED
      const isWhole = boots.length > 0 && boots.every(({ missing }) => missing.length === 0)
      return isWhole ? EXIT_OK : EXIT_NOT_PERFORMED
    } finally {
      progress.end()
    }
  },
}
