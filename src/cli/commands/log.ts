/** `countersign log`: histories, audited, watched, repaired, moved. Each verb is a module of its own. @module */
import { type Command, UsageError } from '../command.ts'
import type { Subcommand } from '../log/subcommand.ts'

interface Verb {
  readonly summary: string
  load(): Promise<{ readonly subcommand: Subcommand }>
}

const VERBS: Readonly<Record<string, Verb>> = {
  audit: {
    summary: 'hold everything that a host shows against itself and its hardware',
    load: () => import('../log/audit.ts'),
  },
  watch: { summary: 'look again and again, and prove a fork when there is one', load: () => import('../log/watch.ts') },
  scrub: { summary: 'read every stored octet, and repair what is bad', load: () => import('../log/scrub.ts') },
  init: { summary: 'begin the history of a new gateway', load: () => import('../log/init.ts') },
  backup: { summary: 'copy the history of a gateway', load: () => import('../log/backup.ts') },
  restore: { summary: 'make a folder or bucket of a backup', load: () => import('../log/restore.ts') },
  adopt: {
    summary: 'continue a restored or copied history whose original is gone',
    load: () => import('../log/adopt.ts'),
  },
}

const LINES: readonly string[] = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)

const HELP = `countersign log VERB [options]

${LINES.join('\n')}

Each verb has --help.

Example: countersign log audit https://gw.example.com
`

function verbOf(name: string | undefined): Verb | undefined {
  return name !== undefined && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
}

export const command: Command = {
  summary: 'begin, audit, watch, repair and move histories',
  help: HELP,
  async helpOn([name]) {
    const verb = verbOf(name)
    return verb === undefined ? HELP : (await verb.load()).subcommand.help
  },
  async run([name, ...args], io) {
    const verb = verbOf(name)
    if (verb === undefined)
      throw new UsageError(
        name === undefined ? 'log needs a verb' : `log knows no verb ${name}`,
        `It knows ${Object.keys(VERBS).join(', ')}; see countersign log --help.`,
      )
    const { subcommand } = await verb.load()
    return subcommand.run(args, io)
  },
}
