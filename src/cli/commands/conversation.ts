/** `countersign conversation`: archives of one conversation, each verified, and that they follow one another. @module */
import { parseArgs } from 'node:util'
import { decodeArchive } from '../../core/archive/index.ts'
import type { Trust } from '../../core/evidence/attestation.ts'
import { type ReceiptChain, verifyConversation } from '../../core/receipt/conversation.ts'
import type { Verdict } from '../../core/verdict.ts'
import { APPROVAL_OPTIONS } from '../approval.ts'
import { type Command, UsageError } from '../command.ts'
import { judgeArchive } from '../evidence/judge-archive.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readInput, readTrust } from '../files.ts'
import { printable, renderVerdict, verdictJson, verdictWords } from '../output.ts'
import { REVOCATION_OPTIONS } from '../revocations/given.ts'

const HELP = `countersign conversation FILE FILE… [options]

Verifies the archives of one conversation, oldest first, and then what ties them together: that each receipt names the one before
(Inference-Receipt-Prev), that what the model remembered is what the answer before left behind, and that results of tools answer the
calls that were asked for. The octets of requests and answers must be in the archives.

  --policy FILE        what to demand (default: countersign.policy.json here)
  --lock FILE          reference values (default: countersign.lock.json here)
  --approval FILE      who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE  the trusted_root.json of Sigstore that counts
  --revocations FILE   the list that policy asks for, as it was published
  --revocations-at-least N
                       refuse a list of a lower number than N
  --json               one JSON object instead of a table

That the last one is the newest, and the first the beginning, is for their holder to know.

Exit codes: 0 verified, 1 not verified, 2 usage, 3 a required check could not be performed.

Example: countersign conversation first.cmw.json second.cmw.json
`

const OPTIONS = {
  policy: { type: 'string' },
  lock: { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
  json: { type: 'boolean', default: false },
} as const

interface JudgedTurn {
  readonly file: string
  readonly token: string
  readonly verdict: Verdict<object>
  readonly result: string
}

async function judgeTurn(
  file: string,
  { trust, now }: { readonly trust: Trust; readonly now: Date },
): Promise<JudgedTurn> {
  const octets = await readInput(file)
  const { receipt } = decodeArchive(octets)
  if (receipt === undefined) throw new UsageError(`${file} holds no receipt`, 'Give the archive of an answer.')
  const { verdict, result } = await judgeArchive(octets, {
    trust,
    now,
    at: undefined,
    request: undefined,
    response: undefined,
  })
  return { file, token: receipt, verdict, result }
}

function render(turns: readonly JudgedTurn[], chain: Verdict<ReceiptChain>, colour: boolean): string {
  const lines = turns.map(
    ({ file, verdict, result }, at) => `  ${at + 1}  ${printable(file)}: ${printable(verdictWords(verdict, result))}\n`,
  )
  const result = `${turns.length} receipts, each after the one before`
  return `${lines.join('')}\n${renderVerdict(chain, { colour, result, explain: false })}`
}

function encode(turns: readonly JudgedTurn[], chain: Verdict<ReceiptChain>): string {
  const shown = turns.map(({ file, verdict }) => ({
    file,
    verified: verdict.ok,
    ...(verdict.ok ? {} : { code: verdict.code }),
  }))
  return verdictJson(chain, { answers: shown })
}

function exitCode(verdicts: readonly Verdict<object>[]): ExitCode {
  const failed = verdicts.filter(({ ok }) => !ok)
  if (failed.length === 0) return EXIT_OK
  const undone = failed.every((verdict) => !verdict.ok && verdict.code === 'CHECK_NOT_PERFORMED')
  return undone ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
}

export const command: Command = {
  summary: 'verify the archives of one conversation, and their order',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: OPTIONS,
    })
    if (positionals.length < 2)
      throw new UsageError('a conversation has two archives or more', 'Give them oldest first; verify takes one.')
    const judging = { trust: await readTrust(values, io), now: io.now() }
    const turns: JudgedTurn[] = []
    for (const file of positionals) turns.push(await judgeTurn(file, judging))
    const chain = await verifyConversation(turns.map(({ token }) => token))
    io.out(values.json ? encode(turns, chain) : render(turns, chain, io.colour))
    return exitCode([...turns.map(({ verdict }) => verdict), chain])
  },
}
