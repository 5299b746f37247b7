/** The key of who may revoke: PKCS #8 in PEM, its owner's alone. Nothing here shows it. @module */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { RevocationSigner } from '../../core/revocation/index.ts'
import { CountersignError } from '../../errors.ts'

const FOREIGN = 0o077

function notAKey(why: string): CountersignError {
  return new CountersignError('ERR_CONFIG', why)
}

function signerOf(privateKey: KeyObject): RevocationSigner {
  const { x: key } = createPublicKey(privateKey).export({ format: 'jwk' })
  if (key === undefined) throw new TypeError('unreachable: an Ed25519 key has x')
  return { key, sign: async (octets) => new Uint8Array(sign(null, octets, privateKey)) }
}

/** @returns the public key as policy wants it. @throws CountersignError ERR_CONFIG where there is a file: a key is never replaced */
export async function createRevocationKey(path: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519')
  const file = await open(path, 'wx', 0o600).catch((cause: unknown) => {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    throw notAKey(exists ? `${path} is there already, and a key is never replaced` : `${path} cannot be written`)
  })
  try {
    await file.writeFile(privateKey.export({ format: 'pem', type: 'pkcs8' }))
    await file.sync()
  } finally {
    await file.close()
  }
  return signerOf(privateKey).key
}

/** @throws CountersignError ERR_CONFIG: no such file, one that others may read, or no Ed25519 key. The text is never part of the message. */
export async function readRevocationKey(path: string): Promise<RevocationSigner> {
  const file = await open(path, 'r').catch(() => {
    throw notAKey(`${path} cannot be read; countersign revocations keygen makes it`)
  })
  try {
    const { mode } = await file.stat()
    if ((mode & FOREIGN) !== 0) throw notAKey(`${path} may be read by others: chmod 600 it`)
    return signerOf(decodeKey(path, await file.readFile('utf8').catch(() => '')))
  } finally {
    await file.close()
  }
}

function decodeKey(path: string, text: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(text)
  } catch {
    throw notAKey(`${path} is no private key in PEM`)
  }
  if (key.asymmetricKeyType !== 'ed25519') throw notAKey(`${path} is no Ed25519 key`)
  return key
}
