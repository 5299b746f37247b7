/** `countersign replay`: runs a recorded answer again and says whether it comes out as it was. @module */
import { setImmediate } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { decodeArchive } from '../../core/archive/index.ts'
import { failedCheck } from '../../core/verdict.ts'
import { type Replay, recordedAnswer, replayAnswer } from '../../replay/index.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { type Judged, judgeArchive } from '../evidence/judge-archive.ts'
import { recognise } from '../evidence/recognise.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readInput, readTrust } from '../files.ts'
import { createProgress, grouped } from '../log/progress.ts'
import { renderVerdict, verdictJson } from '../output.ts'
import { loadModel } from '../replay/load-model.ts'
import { renderReplay, replayJson } from '../replay/render.ts'

const HELP = `countersign replay ARCHIVE [options]

Verifies an archive, then runs its answer again on the embedded model under the conditions that its receipt names, and compares: identical to
the octet, or the first token that differs and why. A condition that is another (weights, engine, template, tokenizer, what was forwarded)
refuses the replay: run under others it would prove nothing. Inserted octets (templates, chunks, results of tools) come from the archive.
Engines behind HTTP are refused with the reason.

  --request FILE   the request's octets, where the archive does not hold them
  --response FILE  the answer's octets, where the archive does not hold them
  --model DIR      folder of the model's files (default: the embedded model's)
  --policy FILE    what to demand (default: countersign.policy.json here)
  --lock FILE      reference values (default: countersign.lock.json here)
  --json           one JSON object instead of a table

Exit codes: 0 verified and identical, 1 divergent or not verified, 2 usage, 3 could not be performed.

Example: countersign replay answer.cmw.json
`

const OPTIONS = {
  request: { type: 'string' },
  response: { type: 'string' },
  model: { type: 'string' },
  policy: { type: 'string' },
  lock: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

interface Given {
  readonly request?: string | undefined
  readonly response?: string | undefined
  readonly model?: string | undefined
}

/** Steps between two looks at the clock of the terminal. */
const TOLD_EVERY = 16

async function replay(octets: Uint8Array, { request, response, model }: Given, io: Io): Promise<Replay> {
  const given = {
    ...(request === undefined ? {} : { request: await readInput(request) }),
    ...(response === undefined ? {} : { response: await readInput(response) }),
  }
  const recorded = recordedAnswer(decodeArchive(octets), given)
  const progress = createProgress(io, 'steps')
  let steps = 0
  try {
    return await replayAnswer(recorded, await loadModel(model), async () => {
      steps += 1
      if (steps % TOLD_EVERY === 0) progress.tell(`${grouped(steps)} tokens read or written`)
      await setImmediate()
    })
  } finally {
    progress.end()
  }
}

/** Only where the answer itself was altered is there something to learn from running it again. */
function isAltered({ verdict }: Judged): boolean {
  return failedCheck(verdict.checks)?.name === 'receipt.response-digest'
}

function exitCode({ result }: Replay, { verdict }: Judged): ExitCode {
  if (!verdict.ok || result.kind === 'divergent') return EXIT_NOT_VERIFIED
  return result.kind === 'identical' ? EXIT_OK : EXIT_NOT_PERFORMED
}

export const command: Command = {
  summary: 'run an answer again: identical, or where it differs',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [file, ...more] = positionals
    if (file === undefined || more.length > 0)
      throw new UsageError('one archive is due', 'For example: countersign replay answer.cmw.json')
    const { kind, what, octets } = await recognise(await readInput(file))
    if (kind !== 'archive') throw new UsageError(`${file} is ${what}`, 'Give an archive (*.cmw.json).')
    const { request, response, json } = values
    const trust = await readTrust(values)
    const judged = await judgeArchive(octets, { trust, at: undefined, now: io.now(), request, response })
    const { verdict, result, more: facts } = judged
    if (!verdict.ok && !isAltered(judged)) {
      io.out(json ? verdictJson(verdict, facts) : renderVerdict(verdict, { colour: io.colour, result }))
      return verdict.code === 'CHECK_NOT_PERFORMED' ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
    }
    const replayed = await replay(octets, values, io)
    io.out(json ? replayJson(replayed, judged) : renderReplay(replayed, judged, io.colour))
    return exitCode(replayed, judged)
  },
}
