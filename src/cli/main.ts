#!/usr/bin/env node
/** The command line: parses, dispatches, maps errors to exit codes. @module */
import { CountersignError, MalformedError } from '../errors.ts'
import { type Command, type Io, UsageError } from './command.ts'
import { EXIT_NOT_PERFORMED, EXIT_NOT_VERIFIED, EXIT_OK, EXIT_USAGE, type ExitCode } from './exit-codes.ts'
import { printable } from './printable.ts'

// Loaded when asked for, so that `verify` never loads the server.
const COMMANDS: Readonly<Record<string, { readonly summary: string; load(): Promise<{ readonly command: Command }> }>> =
  {
    demo: {
      summary: 'one attested answer on a simulated TEE, then tampered ones that must fail',
      load: () => import('./commands/demo.ts'),
    },
    serve: { summary: 'run the gateway', load: () => import('./commands/serve.ts') },
    doctor: {
      summary: 'what this machine can attest, and what is missing',
      load: () => import('./commands/doctor.ts'),
    },
    verify: {
      summary: 'verify an archive, bare evidence, or a live gateway',
      load: () => import('./commands/verify.ts'),
    },
    pin: {
      summary: 'write the lock file from evidence that passed; compare, rotate and revoke its rows',
      load: () => import('./commands/pin.ts'),
    },
    revocations: {
      summary: 'make the key of who may revoke, sign lists, and show one',
      load: () => import('./commands/revocations.ts'),
    },
    ci: {
      summary: 'for pipelines: rebuilt, pinned, live and provenance against each other',
      load: () => import('./commands/ci.ts'),
    },
    conversation: {
      summary: 'verify the archives of one conversation, and their order',
      load: () => import('./commands/conversation.ts'),
    },
    receipts: { summary: 'list and export answers that were kept', load: () => import('./commands/receipts.ts') },
    inspect: { summary: 'show what a file says, without judging', load: () => import('./commands/inspect.ts') },
    diff: { summary: 'what changed between two answers', load: () => import('./commands/diff.ts') },
    disclose: {
      summary: 'show a part of a receipt or archive',
      load: () => import('./commands/disclose.ts'),
    },
    replay: {
      summary: 'run an answer again: identical, or where it differs',
      load: () => import('./commands/replay.ts'),
    },
    config: { summary: 'check a configuration file', load: () => import('./commands/config.ts') },
    keys: { summary: 'make an API key', load: () => import('./commands/keys.ts') },
    measure: {
      summary: 'digests of weights, collections, tools and launches',
      load: () => import('./commands/measure.ts'),
    },
    log: { summary: 'begin, audit, watch, repair and move histories', load: () => import('./commands/log.ts') },
    timeline: {
      summary: 'boots and epochs of a gateway, and what changed at each',
      load: () => import('./commands/timeline.ts'),
    },
    proxy: {
      summary: 'verified answers for OpenAI clients of any language, on this machine',
      load: () => import('./commands/proxy.ts'),
    },
    witness: { summary: 'run a witness for the logs of others', load: () => import('./commands/witness.ts') },
  }

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`)
  return `countersign COMMAND [options]\n\n${lines.join('\n')}\n\nEach command has --help. Start with: countersign demo\n`
}

/** Node's own parser of arguments throws these for options that it does not know. */
function isArgumentError(error: unknown): error is Error {
  return (
    error instanceof TypeError &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS')
  )
}

function report(error: unknown, io: Io): ExitCode {
  if (error instanceof UsageError) {
    io.err(`countersign: ${error.message}\n${error.hint}\n`)
    return EXIT_USAGE
  }
  if (isArgumentError(error)) {
    io.err(`countersign: ${error.message}\nSee --help.\n`)
    return EXIT_USAGE
  }
  if (error instanceof MalformedError) {
    io.err(`countersign: not verified: ${error.failure}: ${printable(error.message)}\n`)
    return EXIT_NOT_VERIFIED
  }
  if (error instanceof CountersignError) {
    io.err(`countersign: ${printable(error.message)} (${error.code})\n`)
    return error.code === 'ERR_CONFIG' || error.code === 'ERR_USAGE'
      ? EXIT_USAGE
      : error.code === 'ERR_NETWORK' || error.code === 'ERR_COLLATERAL_UNAVAILABLE'
        ? EXIT_NOT_PERFORMED
        : EXIT_NOT_VERIFIED
  }
  throw error
}

async function main(argv: readonly string[], io: Io): Promise<ExitCode> {
  const [name, ...args] = argv
  if (name === undefined || name === '--help' || name === 'help') {
    io.out(usage())
    return name === undefined ? EXIT_USAGE : EXIT_OK
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (entry === undefined) {
    io.err(`countersign: there is no command ${name}\n\n${usage()}`)
    return EXIT_USAGE
  }
  try {
    const { command } = await entry.load()
    if (args.includes('--help')) {
      io.out((await command.helpOn?.(args)) ?? command.help)
      return EXIT_OK
    }
    return await command.run(args, io)
  } catch (error) {
    return report(error, io)
  }
}

const io: Io = {
  out: (text) => {
    process.stdout.write(text)
  },
  err: (text) => {
    process.stderr.write(text)
  },
  colour: process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined,
  progress: process.stderr.isTTY === true,
  env: process.env,
  now: () => new Date(),
}
process.exitCode = await main(process.argv.slice(2), io)
