/** Sigstore bundles, verified offline under a root that the caller gives. @module */
export { decodeBundle, type SignedStatement } from './bundle.ts'
export {
  isCalledByAnother,
  readTrustedRoot,
  type SignatureFault,
  type SignatureOutcome,
  verifySigstoreSignature,
} from './signature.ts'
