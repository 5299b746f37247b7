// The peer for Nitro: the package @0xsequence/tee-verifier, with the comparison of the root's fingerprint that it leaves to its caller.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SignedAttestation } from '@0xsequence/tee-verifier'

const manifest = new URL('../package.json', import.meta.resolve('@0xsequence/tee-verifier'))

export const NITRO_PEER = {
  name: '@0xsequence/tee-verifier',
  version: JSON.parse(readFileSync(fileURLToPath(manifest), 'utf8')).version,
}

/** @param fingerprint `sha256:…` of the root that is to be trusted */
export async function askNitroPeer({ document, at }, fingerprint) {
  try {
    const attestation = SignedAttestation.fromDocument(Buffer.from(document).toString('base64'))
    // The package's own fingerprint asks for a browser's window; this is the same digest.
    const seen = `sha256:${createHash('sha256').update(attestation.raw.cabundle[0]).digest('hex')}`
    if (seen !== fingerprint) return { ok: false, error: `root ${seen}` }
    if (!(await attestation.verifyRootOfTrust(at))) return { ok: false, error: 'invalid root of trust' }
    if (!(await attestation.verifySignature())) return { ok: false, error: 'invalid signature' }
    return { ok: true, moduleId: attestation.raw.module_id }
  } catch (error) {
    return { ok: false, error: error?.message ?? String(error) }
  }
}
