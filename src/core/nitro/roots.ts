/** Trust anchor of AWS Nitro: its fingerprint, never the certificate. specs/nitro.md section 3. @module */
import { type RootSelection, selectRoots, type TrustedRoots } from '../x509/index.ts'

/** SHA-256 over the DER of AWS Nitro Enclaves Root G1, of the commercial partition. */
export const AWS_NITRO_ROOT_G1: string = 'sha256:641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b'

/** The roots to trust. Those of other partitions are not built in. */
export function createNitroRoots(selection: RootSelection): TrustedRoots {
  return selectRoots([AWS_NITRO_ROOT_G1], selection)
}
