/** Files that commands are given: policy, lock, evidence, certificates. Every error names the file and what to do. @module */
import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readLock, readPolicy } from '../client-node/index.ts'
import { decodePem } from '../core/encoding/pem.ts'
import type { Trust } from '../core/evidence/attestation.ts'
import type { SnpEndorsements } from '../core/snp/index.ts'
import { decodeCertificate } from '../core/x509/index.ts'
import { MalformedError } from '../errors.ts'
import { UsageError } from './command.ts'

const MAX_FILE = 64 * 1024 * 1024
const POLICY_FILE = 'countersign.policy.json'
const LOCK_FILE = 'countersign.lock.json'

/** The octets of a file. @throws UsageError when it cannot be read or is too large */
export async function readInput(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE)
      throw new UsageError(`${file} is larger than 64 MiB`, 'Give the file itself, not a container of it.')
    return new Uint8Array(await readFile(file))
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`${file} cannot be read`, 'Check the path.')
  }
}

/** Policy and lock: as given, else those of the working folder. */
export async function readTrust(given: {
  readonly policy?: string | undefined
  readonly lock?: string | undefined
}): Promise<Trust> {
  const policyFile = given.policy ?? (existsSync(POLICY_FILE) ? POLICY_FILE : undefined)
  if (policyFile === undefined)
    throw new UsageError(
      `no policy: ${POLICY_FILE} is not in this folder`,
      'Give one with --policy FILE; `countersign demo --out DIR` writes one to start from.',
    )
  const lockFile = given.lock ?? (existsSync(LOCK_FILE) ? LOCK_FILE : undefined)
  return { policy: await readPolicy(policyFile), lock: lockFile === undefined ? undefined : await readLock(lockFile) }
}

async function expandFolders(paths: readonly string[]): Promise<readonly string[]> {
  const files = await Promise.all(
    paths.map(async (path) => {
      const isFolder = await stat(path).then(
        (entry) => entry.isDirectory(),
        () => false,
      )
      if (!isFolder) return [path]
      const names = await readdir(path)
      return names.filter((name) => /\.(?:der|cer|crt|pem)$/.test(name)).map((name) => join(path, name))
    }),
  )
  return files.flat().sort()
}

function certificatesOf(bytes: Uint8Array): readonly Uint8Array[] {
  if (bytes[0] === 0x30) return [bytes]
  return decodePem(String.fromCharCode(...bytes.subarray(0, 1 << 16)), 'CERTIFICATE')
}

type Place = 'vcek' | 'ask' | 'vlek' | 'asvk' | 'ark'

/** Which place a certificate takes, by its common name. That it really is that certificate is for the verifier to find. */
function placeOf(certificate: Uint8Array): Place | undefined {
  const [name = ''] = decodeCertificate(certificate).subject.commonNames
  if (name === 'SEV-VCEK') return 'vcek'
  if (name === 'SEV-VLEK') return 'vlek'
  if (name.startsWith('SEV-VLEK-')) return 'asvk'
  if (name.startsWith('ARK-')) return 'ark'
  return name.startsWith('SEV-') ? 'ask' : undefined
}

/**
 * Certificates from files and folders, DER or PEM, in any order.
 * @returns undefined where a certificate of the chain is missing
 * @throws UsageError when a file holds no certificate of AMD's shape
 */
export async function readSnpEndorsements(paths: readonly string[]): Promise<SnpEndorsements | undefined> {
  const found: { [name in Place]?: Uint8Array } = {}
  for (const file of await expandFolders(paths)) {
    const bytes = await readInput(file)
    try {
      for (const certificate of certificatesOf(bytes)) {
        const place = placeOf(certificate)
        if (place !== undefined) found[place] = certificate
      }
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause
      throw new UsageError(
        `${file}: ${cause.failure}: ${cause.message}`,
        'Give certificates as DER or PEM: VCEK, ASK and ARK.',
      )
    }
  }
  const { vcek, ask, vlek, asvk, ark } = found
  if (vcek && ask && ark) return { vcek, ask, ark }
  return vlek && asvk && ark ? { vlek, asvk, ark } : undefined
}
