/** `countersign replay`: runs a recorded answer again and says whether it comes out as it was. @module */
import { parseArgs } from 'node:util'
import { decodeArchive } from '../../core/archive/index.ts'
import { failedCheck } from '../../core/verdict.ts'
import { APPROVAL_OPTIONS } from '../approval.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { type Judged, judgeArchive } from '../evidence/judge-archive.ts'
import { recognise } from '../evidence/recognise.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readInput, readTrust } from '../files.ts'
import { renderVerdict, verdictJson } from '../output.ts'
import { openEngine } from '../replay/http-engine.ts'
import { askAgain, readSources } from '../replay/live.ts'
import { type Outcome, renderReplay, replayJson } from '../replay/render.ts'
import { answersOf, replayOnHttp, replayOnModel } from '../replay/run.ts'
import { REVOCATION_OPTIONS } from '../revocations/given.ts'

const HELP = `countersign replay ARCHIVE [options]

Verifies an archive, then runs its answer again under the conditions that its receipt names, and compares: identical, or where it differs and
why. Steps before the answer, which asked for tools, are run again too. A condition that is another (weights, template, tokenizer, what was
forwarded) refuses the replay: run under others it would prove nothing. Inserted octets (templates, chunks, results of tools) come from the
archive.

Answers of the embedded model are computed here, bit-exact, every octet. Those of an engine behind HTTP are asked for again with --engine:
exactly the octets that it was given then are sent, THE PROMPT IN THEM, and the host is named before. Choices are compared, by the engine's
class of determinism: bit-exact must give the same always, batch-invariant in any batch. Of a best-effort engine another answer proves
nothing (exit code 3), and the same one only that it can give it. What an engine says of itself is not believed: --weights measures the folder
that it is said to serve.

--live-tools also RUNS TOOLS AGAIN, with the arguments of then and with whatever they do to the world, on the servers of a configuration, and
searches its collections again; what they give now is compared with the record. The replay itself still takes what the archive holds.

  --request FILE   the request's octets, where the archive does not hold them
  --response FILE  the answer's octets, where the archive does not hold them
  --model DIR      folder of the model's files (default: the embedded model's)
  --engine URL     ask the engine that answers there, for example http://127.0.0.1:8000
  --engine-key-env NAME
                   environment variable with the engine's bearer token
  --weights DIR    folder that the engine serves: measured here, and held against the receipt
  --live-tools CONFIG
                   configuration of a gateway, whose tools are run and whose collections are searched again
  --policy FILE    what to demand (default: countersign.policy.json here)
  --lock FILE      reference values (default: countersign.lock.json here)
  --approval FILE     who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE the trusted_root.json of Sigstore that counts
  --revocations FILE  the list that policy asks for, as it was published
  --revocations-at-least N
                   refuse a list of a lower number than N
  --json           one JSON object instead of a table

Exit codes: 0 verified and identical (with --live-tools: and all the same), 1 divergent, other or not verified, 2 usage, 3 could not be
performed, or proves nothing.

Example: countersign replay answer.cmw.json
`

const OPTIONS = {
  request: { type: 'string' },
  response: { type: 'string' },
  model: { type: 'string' },
  engine: { type: 'string' },
  'engine-key-env': { type: 'string' },
  weights: { type: 'string' },
  'live-tools': { type: 'string' },
  policy: { type: 'string' },
  lock: { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
  json: { type: 'boolean', default: false },
} as const

interface Given {
  readonly request?: string | undefined
  readonly response?: string | undefined
  readonly model?: string | undefined
  readonly engine?: string | undefined
  readonly 'engine-key-env'?: string | undefined
  readonly weights?: string | undefined
  readonly 'live-tools'?: string | undefined
}

/** @throws UsageError for options that do nothing together */
function assertUse({ engine, model, weights, 'engine-key-env': keyEnv }: Given): void {
  if (engine !== undefined && model !== undefined)
    throw new UsageError('--engine and --model are two places to run it', 'Give one of them.')
  if (engine === undefined && (weights !== undefined || keyEnv !== undefined))
    throw new UsageError('--weights and --engine-key-env are of an engine', 'Give --engine URL too.')
}

async function replay(octets: Uint8Array, values: Given, io: Io): Promise<Omit<Outcome, 'judged'>> {
  const { request, response, model, engine: url, weights, 'engine-key-env': keyEnv, 'live-tools': config } = values
  const given = {
    ...(request === undefined ? {} : { request: await readInput(request) }),
    ...(response === undefined ? {} : { response: await readInput(response) }),
  }
  // Before anything runs: a mistake in it shows at once.
  const sources = config === undefined ? undefined : await readSources(config, io)
  const answers = answersOf(decodeArchive(octets), given)
  const replays =
    url === undefined
      ? await replayOnModel(answers, model, io)
      : await replayOnHttp(answers, await openEngine({ url, weights, keyEnv }, io))
  const answer = answers.at(-1)
  const live = sources === undefined || answer === undefined ? undefined : await askAgain(answer, sources, io)
  return { replays, live }
}

/** Only where the answer itself was altered is there something to learn from running it again. */
function isAltered({ verdict }: Judged): boolean {
  return failedCheck(verdict.checks)?.name === 'receipt.response-digest'
}

function exitCode({ judged: { verdict }, replays, live = [] }: Outcome): ExitCode {
  const isOther =
    replays.some(({ result }) => result.kind === 'divergent') || live.some(({ status }) => status === 'other')
  if (!verdict.ok || isOther) return EXIT_NOT_VERIFIED
  const isWhole =
    replays.every(({ result }) => result.kind === 'identical') && live.every(({ status }) => status === 'same')
  return isWhole ? EXIT_OK : EXIT_NOT_PERFORMED
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
    assertUse(values)
    const trust = await readTrust(values, io)
    const judged = await judgeArchive(octets, { trust, at: undefined, now: io.now(), request, response })
    const { verdict, result, more: facts } = judged
    if (!verdict.ok && !isAltered(judged)) {
      io.out(json ? verdictJson(verdict, facts) : renderVerdict(verdict, { colour: io.colour, result }))
      return verdict.code === 'CHECK_NOT_PERFORMED' ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
    }
    const outcome = { judged, ...(await replay(octets, values, io)) }
    io.out(json ? replayJson(outcome) : renderReplay(outcome, io.colour))
    return exitCode(outcome)
  },
}
