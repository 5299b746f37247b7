/** What asks the hardware for a quote. Real and simulated devices look alike from here, but for `simulated`. @module */

/** One AMD SEV-SNP attestation. */
export interface Quote {
  readonly tee: 'snp'
  /** ATTESTATION_REPORT as the firmware made it, 1184 bytes. */
  readonly report: Uint8Array
  /** Certificate table of GET_EXT_REPORT; the host supplies it, so it is untrusted until its chain is proven. */
  readonly auxblob: Uint8Array
}

/** A device that quotes. */
export interface Quoter {
  readonly tee: 'snp'
  /** True for software: its evidence passes only where its root is trusted under `dangerouslyTrustSimulatedRoots`. */
  readonly simulated: boolean
  /**
   * @param reportData exactly 64 bytes, computed by the gateway itself: no interface lets a caller choose them
   * @throws CountersignError ERR_QUOTE when the device gives no usable quote
   */
  quote(reportData: Uint8Array): Promise<Quote>
}
