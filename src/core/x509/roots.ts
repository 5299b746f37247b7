/** Which roots count: a platform's built-in ones, or fewer; and those of simulators, apart. @module */

/** Fingerprints of root certificates, `sha256:<hex>` of the DER. Made by {@link selectRoots}. */
export interface TrustedRoots {
  /** The vendor's, all or some. */
  readonly vendor: readonly string[]
  /** Those of simulators; a verdict that rests on one says so. */
  readonly simulated: readonly string[]
}

/** What a policy says about roots: both are said, never assumed. */
export interface RootSelection {
  /** `built-in`, or the fingerprints to narrow the built-in ones to. What is not built in is not added. */
  readonly roots: 'built-in' | readonly string[]
  /** The policy's `dangerouslyTrustSimulatedRoots`. */
  readonly simulated: readonly string[]
}

/** The roots to trust on one platform. Narrowing to nothing trusts nothing. */
export function selectRoots(builtIn: readonly string[], { roots, simulated }: RootSelection): TrustedRoots {
  return {
    vendor: roots === 'built-in' ? builtIn : builtIn.filter((fingerprint) => roots.includes(fingerprint)),
    simulated: simulated.filter((fingerprint) => !builtIn.includes(fingerprint)),
  }
}
