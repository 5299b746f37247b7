/** `countersign revocations`: makes the key of who may revoke, signs lists, and shows one. @module */
import { parseArgs } from 'node:util'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readInput, readPolicyFile } from '../files.ts'
import { printable } from '../output.ts'
import { inspectedJson, inspectList, renderInspected } from '../revocations/inspect.ts'
import { createRevocationKey, readRevocationKey } from '../revocations/key-file.ts'
import { signList } from '../revocations/sign.ts'

const HELP = `countersign revocations keygen --out FILE
countersign revocations sign LIST.json --key FILE --out FILE [--previous FILE] [--policy FILE]
countersign revocations inspect FILE [--policy FILE] [--json]

A list of revocations names sessions, machines, measurements and models that verifiers must refuse though their evidence is genuine. Policies
name the key that may sign it (docs/pinning.md, Revoke).

  keygen           makes an Ed25519 key, its owner's alone, and prints the public key as \`revocations.keys\` of a policy wants it
  sign             checks the list (docs/formats.md, Revocations) and signs it. Refused are a number that is not above that of the list
                   before, an end that has passed or is more than a year away, and a beginning that is to come
  inspect          what a list says; the first line says whether a key of the policy signed it, and it counts now

  --key FILE       the key that keygen made
  --out FILE       where the key goes (never over a file that is there), or the signed list (which replaces the one before)
  --previous FILE  the list that was published last, where it does not lie at --out; what lies there has to be older too
  --policy FILE    inspect: whose keys count. sign: whose keys count for the list before, where the key is new; it must name the new one too
  --json           one JSON object instead of lines

Exit codes: 0 done, and of inspect with --policy: verified; 1 not verified; 2 usage.

Example: countersign revocations sign list.json --key revocations.key --out revocations.jws
`

const OPTIONS = {
  key: { type: 'string' },
  out: { type: 'string' },
  previous: { type: 'string' },
  policy: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

interface Given {
  readonly key?: string | undefined
  readonly out?: string | undefined
  readonly previous?: string | undefined
  readonly policy?: string | undefined
  readonly json: boolean
}

type Verb = (operands: readonly string[], given: Given, io: Io) => Promise<ExitCode>

const VERBS: Readonly<Record<string, Verb>> = { keygen, sign, inspect }

async function keygen(operands: readonly string[], { out, ...others }: Given, io: Io): Promise<ExitCode> {
  refuseOthers('keygen', { ...others, json: undefined })
  if (out === undefined || operands.length > 0)
    throw new UsageError(
      'keygen wants a file for the key',
      'For example: countersign revocations keygen --out revocations.key',
    )
  const key = await createRevocationKey(out)
  io.err(`The key is ${printable(out)}. Policies that take its lists name this one in revocations.keys:\n`)
  io.out(`${key}\n`)
  return EXIT_OK
}

async function keysOf(policy: string | undefined, own: string): Promise<readonly string[]> {
  if (policy === undefined) return []
  const { revocations } = await readPolicyFile(policy)
  if (revocations === 'unchecked' || !revocations.keys.includes(own))
    throw new UsageError(
      'policy does not name this key',
      'No verifier would take the list: add the key to revocations.keys.',
    )
  return revocations.keys
}

async function sign(operands: readonly string[], { key, out, previous, policy }: Given, io: Io): Promise<ExitCode> {
  const [list, ...more] = operands
  if (list === undefined || key === undefined || out === undefined || more.length > 0)
    throw new UsageError('sign wants a list, --key and --out', 'See countersign revocations --help.')
  const signer = await readRevocationKey(key)
  const keys = await keysOf(policy, signer.key)
  const signed = await signList({ list, out, previous, keys, now: io.now() }, signer)
  for (const entry of signed.dropped) io.err(`no longer revoked: ${printable(entry)}\n`)
  io.err(`${printable(out)}: list ${signed.list.number}, until ${signed.list.expiresAt.toISOString()}\n`)
  return EXIT_OK
}

async function inspect(operands: readonly string[], given: Given, io: Io): Promise<ExitCode> {
  const { policy, json, ...others } = given
  refuseOthers('inspect', others)
  const [file, ...more] = operands
  if (file === undefined || more.length > 0)
    throw new UsageError('inspect wants one list', 'For example: countersign revocations inspect revocations.jws')
  const inspected = await inspectList(
    { file, octets: await readInput(file) },
    { policy: policy === undefined ? undefined : await readPolicyFile(policy), now: () => io.now() },
  )
  io.out(json ? inspectedJson(inspected) : renderInspected(inspected))
  return policy === undefined || inspected.fault === undefined ? EXIT_OK : EXIT_NOT_VERIFIED
}

function refuseOthers(verb: string, others: object): void {
  const stray = Object.entries(others).find(([, value]) => value !== undefined)
  if (stray !== undefined) throw new UsageError(`${verb} has no --${stray[0]}`, 'See countersign revocations --help.')
}

export const command: Command = {
  summary: 'make the key of who may revoke, sign lists, and show one',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
    const [name = '', ...operands] = positionals
    const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined
    if (verb === undefined)
      throw new UsageError(
        'revocations knows three verbs: keygen, sign and inspect',
        'See countersign revocations --help.',
      )
    return verb(operands, values, io)
  },
}
