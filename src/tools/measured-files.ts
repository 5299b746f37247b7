/** The files that a tool server's command runs, held against their digests before each start. @module */
import { createReadStream } from 'node:fs'
import { createHasher, digestUri } from '../core/crypto/index.ts'
import { encodeHex } from '../core/encoding/bytes.ts'
import { encodeJcs } from '../core/encoding/jcs.ts'
import { CountersignError } from '../errors.ts'
import type { McpStdioConfig, MeasuredFile } from './types.ts'

/** The same paths with the digests that they have. @throws CountersignError ERR_CONFIG for a file that cannot be read */
export async function measureFiles({
  id,
  files,
}: Pick<McpStdioConfig, 'id' | 'files'>): Promise<readonly MeasuredFile[]> {
  return Promise.all(files.map(async ({ path }) => ({ path, digest: await measureFile(id, path) })))
}

/**
 * Whoever can change a file between this and the start of the command can change what runs: the folder must be the image's own, or read-only.
 * @throws CountersignError ERR_CONFIG for another digest
 */
export async function assertFiles(config: Pick<McpStdioConfig, 'id' | 'files'>): Promise<void> {
  const measured = await measureFiles(config)
  for (const [i, { path, digest }] of config.files.entries())
    if (measured[i]?.digest !== digest)
      throw new CountersignError(
        'ERR_CONFIG',
        `measured.tools: ${path} of ${config.id} has the digest ${measured[i]?.digest}, and the configuration says ${digest}: get the right file, or review what changed and write that digest`,
      )
}

/** Who a program is: what is started, and what that runs. */
export function commandIdentity({ command, args, files }: Pick<McpStdioConfig, 'command' | 'args' | 'files'>): string {
  return digestUri(encodeJcs({ command, args, files: files.map(({ path, digest }) => ({ path, digest })) }))
}

async function measureFile(id: string, path: string): Promise<string> {
  const hasher = createHasher('sha256')
  try {
    for await (const chunk of createReadStream(path)) hasher.update(chunk)
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `measured.tools: ${path} of ${id} cannot be read: give its path`, {
      cause,
    })
  }
  return `sha256:${encodeHex(hasher.digest())}`
}
