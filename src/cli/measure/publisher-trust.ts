/** Whom a caller of `measure model` trusts to have signed the weights, and where the signature is. @module */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { decodeUtf8 } from '../../core/encoding/utf8.ts'
import type { PublisherTrust } from '../../measure/publisher/index.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'

/** Where signers put it, and what no measurement covers. */
const BESIDE = 'model.sig'

export interface PublisherValues {
  readonly signature?: string | undefined
  readonly identity?: string | undefined
  readonly issuer?: string | undefined
  readonly 'trusted-root'?: string | undefined
  readonly key?: string | undefined
}

/** A signature, and the trust that it is held against. */
export interface SignatureToJudge {
  readonly bundle: Uint8Array
  readonly trust: PublisherTrust
}

async function readTrust(values: PublisherValues): Promise<PublisherTrust> {
  const { identity, issuer, key, 'trusted-root': root } = values
  const named = [identity, issuer, root].filter((value) => value !== undefined).length
  if (key !== undefined && named === 0) return { kind: 'key', publicKey: decodeUtf8(await readInput(key)) }
  if (key === undefined && identity !== undefined && issuer !== undefined && root !== undefined)
    return { kind: 'sigstore', trustedRoot: await readInput(root), identity, issuer }
  throw new UsageError(
    'a signature says nothing without the publisher whom you trust',
    'Give --identity, --issuer and --trusted-root together, or --key alone.',
  )
}

/** @returns undefined where nobody asks about a publisher */
export async function readSignature(directory: string, values: PublisherValues): Promise<SignatureToJudge | undefined> {
  const { signature, identity, issuer, key, 'trusted-root': root } = values
  if ([signature, identity, issuer, key, root].every((value) => value === undefined)) return undefined
  const trust = await readTrust(values)
  const file = signature ?? join(directory, BESIDE)
  if (signature === undefined && !existsSync(file))
    throw new UsageError(`there is no ${BESIDE} in ${directory}`, 'Give the signature with --signature FILE.')
  return { bundle: await readInput(file), trust }
}
