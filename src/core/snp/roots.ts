/** Trust anchors of AMD SEV-SNP: fingerprints, never certificates. AMD 57230. @module */
import { type RootSelection, selectRoots, type TrustedRoots } from '../x509/index.ts'
import type { SnpProduct } from './product.ts'

/** SHA-256 over the DER of each product's ARK. */
export const AMD_ROOT_KEYS: Readonly<Record<SnpProduct, string>> = {
  Milan: 'sha256:69d063b45344d26a2e94e1f4210de49ef555308287d4c174445c95639a540bcd',
  Genoa: 'sha256:4c6598d19c18719c5dfd4a7d335f674e5bfe1d8f800cea2cf270c10d103db2f1',
  Turin: 'sha256:1f084161a44bb6d93778a904877d4819cafa5d05ef4193b2ded9dd9c73dd3f6a',
}

/** The roots to trust. */
export function createSnpRoots(selection: RootSelection): TrustedRoots {
  return selectRoots(Object.values(AMD_ROOT_KEYS), selection)
}
