/** `countersign keys add`: makes an API key, shows it once, and prints the lines that let it in. @module */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { createApiKey } from '../../server/config/index.ts'
import { type Command, UsageError } from '../command.ts'
import { EXIT_OK } from '../exit-codes.ts'

const HELP = `countersign keys add --id ID --tenant TENANT

Makes an API key with 32 random octets. The key is shown once, on standard error; the lines for operational.apiKeys, which hold
only its hash, go to standard output.

  --id ID           names the key in the configuration
  --tenant TENANT   whose receipts it may fetch; outlives the key

Example: countersign keys add --id laptop --tenant research
`

const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

export const command: Command = {
  summary: 'make an API key',
  help: HELP,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { id: { type: 'string' }, tenant: { type: 'string' } },
    })
    const [verb, ...more] = positionals
    if (verb !== 'add' || more.length > 0)
      throw new UsageError(
        'keys knows one verb: add',
        'For example: countersign keys add --id laptop --tenant research',
      )
    const { id, tenant } = values
    if (id === undefined || tenant === undefined || !NAME.test(id) || !NAME.test(tenant))
      throw new UsageError(
        '--id and --tenant are due, of small letters, digits and hyphens',
        'For example: countersign keys add --id laptop --tenant research',
      )
    const { key, sha256 } = createApiKey((size) => new Uint8Array(randomBytes(size)))
    io.err(`The key, shown this once:\n${key}\n\n`)
    io.out(`    - id: ${id}\n      tenant: ${tenant}\n      sha256: "${sha256}"\n      models: all\n`)
    return EXIT_OK
  },
}
