/** Trust anchors of AMD SEV-SNP: fingerprints, never certificates. specs/sev-snp.md section 7. @module */
import type { SnpProduct } from './product.ts'

/** SHA-256 over the DER of each product's ARK. */
export const AMD_ROOT_KEYS: Readonly<Record<SnpProduct, string>> = {
  Milan: 'sha256:69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd',
  Genoa: 'sha256:4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1',
  Turin: 'sha256:1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a',
}

/** Which roots count. Made by {@link createSnpRoots}. */
export interface SnpRoots {
  /** Fingerprints of AMD's, all or some. */
  readonly vendor: readonly string[]
  /** Fingerprints of simulators; a verdict that rests on one says so. */
  readonly simulated: readonly string[]
}

/** Options of {@link createSnpRoots}: both are said, never assumed. */
export interface SnpRootsOptions {
  /** `built-in`, or the fingerprints to narrow the built-in ones to. What is not built in is not added. */
  readonly roots: 'built-in' | readonly string[]
  /** The policy's `dangerouslyTrustSimulatedRoots`. */
  readonly simulated: readonly string[]
}

/** The roots to trust. Narrowing to nothing trusts nothing. */
export function createSnpRoots({ roots, simulated }: SnpRootsOptions): SnpRoots {
  const builtIn = Object.values(AMD_ROOT_KEYS)
  return {
    vendor: roots === 'built-in' ? builtIn : builtIn.filter((fingerprint) => roots.includes(fingerprint)),
    simulated: simulated.filter((fingerprint) => !builtIn.includes(fingerprint)),
  }
}
