/** `countersign measure`: digests of what answers rely on. Each verb is a module of its own. @module */
import { type Command, UsageError } from '../command.ts'
import type { Verb } from '../measure/verb.ts'

interface Entry {
  readonly summary: string
  load(): Promise<{ readonly verb: Verb }>
}

const VERBS: Readonly<Record<string, Entry>> = {
  model: {
    summary: 'the digest of a folder of weights, which files differ from a manifest, and who signed them',
    load: () => import('../measure/model.ts'),
  },
  index: {
    summary: 'the root of a document collection, and proofs of its chunks',
    load: () => import('../measure/collection.ts'),
  },
  tools: {
    summary: 'the lists of tools of a configuration, and who the servers are',
    load: () => import('../measure/tools.ts'),
  },
  snp: {
    summary: 'the launch digest of a SEV-SNP guest, from firmware, kernel, initrd, command line and vCPUs',
    load: () => import('../measure/snp.ts'),
  },
  tdx: {
    summary: 'MRTD and RTMR0 to RTMR2 of a TDX guest, from firmware, kernel, initrd, command line and memory',
    load: () => import('../measure/tdx.ts'),
  },
  nitro: {
    summary: 'the registers of a Nitro enclave, from its image file',
    load: () => import('../measure/nitro.ts'),
  },
}

const LINES: readonly string[] = Object.entries(VERBS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)

const HELP = `countersign measure VERB [options]

${LINES.join('\n')}

Each verb has --help.

Example: countersign measure model models/llama
`

function entryOf(name: string | undefined): Entry | undefined {
  return name !== undefined && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
}

export const command: Command = {
  summary: 'digests of weights, collections, tools and launches',
  help: HELP,
  async helpOn([name]) {
    const entry = entryOf(name)
    return entry === undefined ? HELP : (await entry.load()).verb.help
  },
  async run([name, ...args], io) {
    const entry = entryOf(name)
    if (entry === undefined)
      throw new UsageError(
        name === undefined ? 'measure needs a verb' : `measure knows no verb ${name}`,
        `It knows ${Object.keys(VERBS).join(', ')}; see countersign measure --help.`,
      )
    const { verb } = await entry.load()
    return verb.run(args, io)
  },
}
