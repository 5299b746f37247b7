/** `countersign witness`: runs a witness for the logs of others. @module */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Trust } from '../../core/evidence/attestation.ts'
import { createFileStore } from '../../storage/index.ts'
import {
  createKeyFile,
  createWitness,
  decodeTokens,
  type EnrolmentTokens,
  readKeyFile,
  serveWitness,
  type WitnessNotice,
} from '../../witness/index.ts'
import { APPROVAL_OPTIONS, type ApprovalValues } from '../approval.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readTrust } from '../files.ts'
import { readListenAddress } from '../listen-address.ts'
import { printable } from '../output.ts'
import { REVOCATION_OPTIONS, type RevocationValues } from '../revocations/given.ts'

const HELP = `countersign witness init DIR --name NAME
countersign witness serve DIR --listen HOST:PORT [options]
countersign witness vkey DIR

Runs a witness (c2sp.org/tlog-witness): it follows logs of gateways and cosigns each checkpoint that only adds to what it saw before.
init makes the folder and the key in it, which is this witness for good; vkey prints the key that others put into their policy.

  --name NAME          name of the witness, an address without https://, for example witness.example/w1
  --listen HOST:PORT   default 127.0.0.1:8788; put a proxy with TLS before it
  --policy FILE        gateways whose evidence passes may open logs for the hosts in its origins
  --lock FILE          reference values for that policy
  --approval FILE      who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE  the trusted_root.json of Sigstore that counts
  --revocations FILE   the list that policy asks for, as it was published; read at the start
  --revocations-at-least N
                       refuse a list of a lower number than N
  --token-file FILE    lines "<host> <sha256 of a token>": holders of the token may open logs for that host

Without --policy and --token-file no new log is followed. Never put an old copy of DIR back: make a new key instead.

Example: countersign witness serve /var/lib/witness --listen 127.0.0.1:8788 --token-file tokens.txt
`

const OPTIONS = {
  name: { type: 'string' },
  listen: { type: 'string' },
  policy: { type: 'string' },
  lock: { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
  'token-file': { type: 'string' },
} as const

// A name that is an address without its scheme: the origin line of a note and its signature lines stay short.
const NAME = /^[a-z0-9][a-z0-9.:-]{0,127}(?:\/[A-Za-z0-9._-]{1,64}){0,4}$/

/** As they stand on the command line. */
export interface WitnessOptions extends RevocationValues, ApprovalValues {
  readonly name?: string | undefined
  readonly listen?: string | undefined
  readonly policy?: string | undefined
  readonly lock?: string | undefined
  readonly 'token-file'?: string | undefined
}

export const command: Command = {
  summary: 'run a witness for the logs of others',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [verb, directory, ...more] = positionals
    if (directory === undefined || more.length > 0)
      throw new UsageError('a verb and a folder are due: init, serve or vkey', 'See countersign witness --help.')
    switch (verb) {
      case 'init':
        return init(directory, values, io)
      case 'serve':
        return serveFolder({ directory, options: values, stopped: stopSignal() }, io)
      case 'vkey':
        io.out(`${(await readKeyFile(keyPath(directory))).vkey}\n`)
        return EXIT_OK
      default:
        throw new UsageError('witness knows three verbs: init, serve and vkey', 'See countersign witness --help.')
    }
  },
}

async function init(directory: string, { name }: WitnessOptions, io: Io): Promise<ExitCode> {
  if (name === undefined || !NAME.test(name))
    throw new UsageError('--name is due, an address without https://', 'For example: --name witness.example/w1')
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { vkey } = await createKeyFile(keyPath(directory), name)
  io.err(`The key is ${keyPath(directory)}. Others put this line into their policy:\n`)
  io.out(`${vkey}\n`)
  return EXIT_OK
}

/** Serves until `stopped` resolves. */
export async function serveFolder(
  {
    directory,
    options,
    stopped,
  }: { readonly directory: string; readonly options: WitnessOptions; readonly stopped: Promise<void> },
  io: Io,
): Promise<ExitCode> {
  const { host, port } = readListenAddress(options.listen ?? '127.0.0.1:8788')
  const key = await readKeyFile(keyPath(directory))
  const trust = await readWitnessTrust(options, io)
  const tokens = await readTokens(options['token-file'])
  const witness = await createWitness({
    store: createFileStore(join(directory, 'state')),
    key,
    ...(trust === undefined ? {} : { trust }),
    tokens,
    now: () => io.now(),
    report: (notice) => io.err(`countersign: ${describeNotice(notice)}\n`),
  })
  const running = await serveWitness(witness, { host, port })
  if (trust === undefined && tokens.size === 0)
    io.err('countersign: no --policy and no --token-file: no new log will be followed\n')
  io.out(`listening on ${running.url}\nvkey ${witness.vkey}\n`)
  await stopped
  await running.close()
  return EXIT_OK
}

/** A policy that happens to lie in the working folder decides nothing here: who may open logs is said on the command line. */
async function readWitnessTrust({ policy, lock, ...list }: WitnessOptions, io: Io): Promise<Trust | undefined> {
  if (policy !== undefined) return readTrust({ policy, lock, ...list }, io)
  if (lock !== undefined || list.revocations !== undefined || list.approval !== undefined)
    throw new UsageError('--lock, --approval and --revocations go with --policy', 'Add --policy FILE.')
  return undefined
}

async function readTokens(file: string | undefined): Promise<EnrolmentTokens> {
  if (file === undefined) return new Map()
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`${file} cannot be read`, 'Check the path.')
  })
  return decodeTokens(text)
}

function keyPath(directory: string): string {
  return join(directory, 'witness.key')
}

function describeNotice(notice: WitnessNotice): string {
  switch (notice.event) {
    case 'enrolled':
      return `follows ${printable(notice.origin)}, opened by ${notice.by}`
    case 'refused-checkpoint':
      return `refused a checkpoint of ${printable(notice.origin)}; kept as ${notice.kept}`
    case 'failed':
      return `could not answer: ${notice.error instanceof Error ? printable(notice.error.message) : 'unknown'}`
    default:
      return notice satisfies never
  }
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}
