/** `countersign log watch`: looks at a gateway's logs again and again, and proves a fork when there is one. @module */
import { basename, dirname, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  decodeWatchState,
  encodeWatchState,
  type LogReader,
  type Look,
  lookAtLogs,
  type WatchState,
} from '../../audit/index.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import type { Trust } from '../../core/evidence/attestation.ts'
import { FAILURE_CODES } from '../../core/failure-codes.ts'
import { encodeForkProof } from '../../core/log/index.ts'
import { CountersignError } from '../../errors.ts'
import { isSegment, type ObjectStore } from '../../storage/index.ts'
import { APPROVAL_OPTIONS } from '../approval.ts'
import { type Io, UsageError } from '../command.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readTrustIfAny } from '../files.ts'
import { paint, printable } from '../output.ts'
import { REVOCATION_OPTIONS } from '../revocations/given.ts'
import { openFolder, openGateway } from './log-source.ts'
import { grouped } from './progress.ts'
import type { Subcommand } from './subcommand.ts'

const HELP = `countersign log watch URL [options]

Keeps the newest signed checkpoint of each log of a gateway, and at each look holds what is shown now against it: the log must contain
what was seen, and a new boot must name the log before. On a fork or a step back it keeps both signed checkpoints as proof beside the
state and ends.

  --state FILE          what was seen (default: countersign.watch.json here); without it the first look is believed
  --every SECONDS       from one look to the next (default: 60)
  --once                one look, for a timer of your own
  --max-staleness S     how old the newest quoted statement may be, in seconds (default: no limit)
  --policy FILE         judge the newest quote too (default: countersign.policy.json here, where there is one)
  --lock FILE           reference values (default: countersign.lock.json here)
  --approval FILE       who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE   the trusted_root.json of Sigstore that counts
  --revocations FILE    the list that policy asks for, as it was published
  --revocations-at-least N
                        refuse a list of a lower number than N

Exit codes: 0 the log goes on, 1 it does not, 2 usage, 3 it could not be asked (with --once).

Example: countersign log watch https://gw.example.com --state gw.watch.json --every 300
`

const OPTIONS = {
  state: { type: 'string', default: 'countersign.watch.json' },
  every: { type: 'string', default: '60' },
  once: { type: 'boolean', default: false },
  'max-staleness': { type: 'string' },
  policy: { type: 'string' },
  lock: { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
} as const

function readSeconds(text: string, option: string): number {
  const seconds = Number(text)
  if (!/^[1-9][0-9]{0,8}$/.test(text))
    throw new UsageError(`${option} is not a number of seconds`, `For example: ${option} 300`)
  return seconds
}

/** Where the state lies: written whole and durably, or not at all. */
interface StateFile {
  readonly store: ObjectStore
  readonly name: string
}

async function openState(file: string): Promise<StateFile> {
  const path = resolve(file)
  const name = basename(path)
  if (!isSegment(name))
    throw new UsageError(`${file} cannot hold the state`, 'Choose a name of letters, digits, dots, - and _.')
  return { store: await openFolder(dirname(path)), name }
}

/** Reads, looks, keeps. */
interface Watcher {
  readonly reader: LogReader
  readonly file: StateFile
  readonly trust: Trust | 'unchecked'
  readonly maxStalenessSeconds: number | 'unchecked'
}

async function readState({ store, name }: StateFile): Promise<WatchState | 'none'> {
  const octets = await store.read(name, 64 * 1024 * 1024)
  return octets === undefined ? 'none' : decodeWatchState(octets)
}

/** @returns the name of the file that proves the fork, if there is one */
async function keep({ store, name }: StateFile, { state, fork, origin, size }: Look): Promise<string | undefined> {
  if (state !== 'none') await store.write([{ name, bytes: encodeUtf8(encodeWatchState(state)) }])
  if (fork === undefined) return undefined
  const proof = `${name}.${origin.split('/').at(-1) ?? ''}.${size}.fork`
  // What was proven once stays as it is: it names the checkpoint that was seen first.
  await store.create(proof, encodeUtf8(encodeForkProof(fork)))
  return proof
}

function age(look: Look, now: Date): string {
  if (look.provenTime === undefined) return ''
  return `, stated ${Math.round((now.getTime() - look.provenTime.getTime()) / 1000)} s ago`
}

function report(look: Look, proof: string | undefined, io: Io): void {
  const { ok, code, detail, origin, size } = look
  const now = io.now()
  const shown = `${now.toISOString()}  ${printable(origin)}  ${grouped(size)} leaves${age(look, now)}`
  if (ok) {
    io.out(`${shown}  ${paint(detail, '32', io.colour)}\n`)
    return
  }
  const [meaning, remedy] = FAILURE_CODES[code ?? 'CHECK_NOT_PERFORMED']
  io.out(
    `${shown}\n${paint(`NOT VERIFIED: ${code}`, '31;1', io.colour)}  ${printable(detail)}\n  ${meaning}\n  ${remedy}\n`,
  )
  if (proof !== undefined) io.out(`  Both signed checkpoints: ${printable(proof)}\n`)
}

/** What says that time stands still or runs ahead may be over at the next look. */
const PASSING: ReadonlySet<string> = new Set(['LOG_STALE', 'LOG_TIME', 'CHECK_NOT_PERFORMED'])

/** One look. @returns whether to look again, and what the exit code is if not */
async function lookOnce(watcher: Watcher, io: Io): Promise<{ readonly again: boolean; readonly exit: ExitCode }> {
  const { reader, file, trust, maxStalenessSeconds } = watcher
  try {
    const kept = await readState(file)
    const look = await lookAtLogs({ reader, kept, now: io.now(), maxStalenessSeconds, trust })
    report(look, await keep(file, look), io)
    if (look.ok) return { again: true, exit: EXIT_OK }
    const exit = look.code === 'CHECK_NOT_PERFORMED' ? EXIT_NOT_PERFORMED : EXIT_NOT_VERIFIED
    return { again: PASSING.has(look.code ?? ''), exit }
  } catch (error) {
    if (!(error instanceof CountersignError) || error.code !== 'ERR_NETWORK') throw error
    io.err(`${io.now().toISOString()}  ${printable(error.message)}\n`)
    return { again: true, exit: EXIT_NOT_PERFORMED }
  }
}

/** Until it does not go on, or somebody ends it. */
async function lookUntilEnded(watcher: Watcher, everySeconds: number, io: Io): Promise<ExitCode> {
  const ended = new AbortController()
  const end = (): void => ended.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  try {
    while (!ended.signal.aborted) {
      const { again, exit } = await lookOnce(watcher, io)
      if (!again) return exit
      await wait(everySeconds * 1000, undefined, { signal: ended.signal }).catch(() => undefined)
    }
    return EXIT_OK
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end)
  }
}

export const subcommand: Subcommand = {
  summary: 'look again and again, and prove a fork when there is one',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [address, ...more] = positionals
    if (address === undefined || more.length > 0)
      throw new UsageError(
        'one gateway is watched at a time',
        'For example: countersign log watch https://gw.example.com',
      )
    const staleness = values['max-staleness']
    const every = readSeconds(values.every, '--every')
    const watcher: Watcher = {
      reader: openGateway(address),
      file: await openState(values.state),
      trust: (await readTrustIfAny(values, io)) ?? 'unchecked',
      maxStalenessSeconds: staleness === undefined ? 'unchecked' : readSeconds(staleness, '--max-staleness'),
    }
    return values.once ? (await lookOnce(watcher, io)).exit : lookUntilEnded(watcher, every, io)
  },
}
