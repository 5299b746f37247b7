/** Verifies the publisher's signature over measured weights, with the trust that the measured configuration states. @module */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { digestUri } from '../../core/crypto/index.ts'
import type { Verdict } from '../../core/verdict.ts'
import { CountersignError } from '../../errors.ts'
import { type Publisher, type PublisherTrust, verifyPublisher } from '../../measure/publisher/index.ts'
import type { PublisherConfig } from '../config/types.ts'
import type { ServedWeights } from './served-weights.ts'

/** Beside the weights, as the reference implementation writes it; no measurement covers it. */
const BUNDLE_NAME = 'model.sig'

/** @throws CountersignError ERR_CONFIG for files that cannot be read, or a root that is not the one that was measured */
export async function judgePublisher(
  { directory, manifest }: Pick<ServedWeights, 'directory' | 'manifest'>,
  config: PublisherConfig,
): Promise<Verdict<Publisher>> {
  const bundle = await read(config.bundleFile ?? join(directory, BUNDLE_NAME))
  return verifyPublisher(bundle, manifest, await trustOf(config))
}

async function trustOf(config: PublisherConfig): Promise<PublisherTrust> {
  if (config.kind === 'key') return { kind: 'key', publicKey: config.publicKey }
  const { identity, issuer, trustedRootFile, trustedRootDigest } = config
  const trustedRoot = await read(trustedRootFile)
  // The configuration's digest covers its name alone: with another root anybody could be that identity.
  if (digestUri(trustedRoot) !== trustedRootDigest)
    throw new CountersignError(
      'ERR_CONFIG',
      `publisher: ${trustedRootFile} comes to ${digestUri(trustedRoot)} and trustedRootDigest is ${trustedRootDigest}`,
    )
  return { kind: 'sigstore', trustedRoot, identity, issuer }
}

async function read(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `publisher: ${path} cannot be read`, { cause })
  }
}
