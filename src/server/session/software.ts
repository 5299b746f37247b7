/** Digest of the modules that run: JCS of {path: SHA-256} over the package's own directory. @module */
import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestUri, sha256 } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import type { ResourceDescriptor } from '../../core/evidence/resource-descriptor.ts'
import { SOFTWARE_NAME, SOFTWARE_VERSION } from '../version.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const MODULE = /\.(?:js|ts|mjs)$/

async function digestModules(directory: string): Promise<string> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true })
  const digests: Record<string, string> = {}
  for (const file of files) {
    if (!file.isFile() || !MODULE.test(file.name)) continue
    const path = join(file.parentPath, file.name)
    digests[relative(directory, path).split(sep).join('/')] = encodeHex(sha256(await readFile(path)))
  }
  return digestUri(encodeJcs(digests))
}

/**
 * The gateway's word about its own code, for diffs between sessions; what proves the code is the measurement in the quote.
 * @param directory the package's modules
 */
export async function describeSoftware(directory: string = ROOT): Promise<ResourceDescriptor> {
  const digest = await digestModules(directory)
  return {
    name: `${SOFTWARE_NAME}@${SOFTWARE_VERSION}`,
    digest: { sha256: digest.slice('sha256:'.length) },
    annotations: { scheme: 'jcs', role: 'software', source: 'gateway' },
  }
}
