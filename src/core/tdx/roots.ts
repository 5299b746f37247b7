/** The trust anchor of Intel TDX: a fingerprint, never a certificate. @module */
import { type RootSelection, selectRoots, type TrustedRoots } from '../x509/index.ts'

/** SHA-256 over the DER of the Intel SGX Root CA. The root inside a quote is only compared with it. */
export const INTEL_ROOT_KEY = 'sha256:44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3'

/** The roots to trust. */
export function createTdxRoots(selection: RootSelection): TrustedRoots {
  return selectRoots([INTEL_ROOT_KEY], selection)
}
