/** What asks the hardware for a quote. Real and simulated devices look alike from here, but for `simulated`. @module */

/** One AMD SEV-SNP attestation. */
export interface SnpQuote {
  readonly tee: 'snp'
  /** ATTESTATION_REPORT as the firmware made it, 1184 bytes. */
  readonly report: Uint8Array
  /** Certificate table of GET_EXT_REPORT; the host supplies it, so it is untrusted until its chain is proven. */
  readonly auxblob: Uint8Array
}

/** One Intel TDX attestation. */
export interface TdxQuote {
  readonly tee: 'tdx'
  /** The quote as the guest received it, zero padding included. */
  readonly quote: Uint8Array
  /** What was measured into the registers, as {@link encodeEventLog} writes it; believed as far as it replays. */
  readonly eventLog?: Uint8Array
}

/** One AWS Nitro attestation. */
export interface NitroQuote {
  readonly tee: 'nitro'
  /** The attestation document, COSE_Sign1, as the security module made it; its certificates are inside. */
  readonly document: Uint8Array
}

/** What a device hands out: one member for each platform, told apart by `tee`. Other kinds of evidence are added here. */
export type Quote = SnpQuote | TdxQuote | NitroQuote

/** A session that the hardware is asked to name, so that its quotes carry what the session says of configuration and models. */
export interface MeasurableSession {
  /** The session's document, which names configuration and models by their digests. */
  readonly octets: Uint8Array
  /** SHA-256 of the measured configuration, 32 octets. */
  readonly configuration: Uint8Array
  readonly epoch: number
}

/** Whether quotes name it from now on; `detail` says where, or why not. Without it a verifier shows the configuration as the gateway's word. */
export interface SessionMeasurement {
  readonly measured: boolean
  readonly detail: string
}

/** A device that quotes. */
export interface Quoter {
  readonly tee: Quote['tee']
  /** True for software: its evidence passes only where its root is trusted under `dangerouslyTrustSimulatedRoots`. */
  readonly simulated: boolean
  /**
   * @param reportData exactly 64 bytes, computed by the gateway itself: no interface lets a caller choose them
   * @throws CountersignError ERR_QUOTE when the device gives no usable quote
   */
  quote(reportData: Uint8Array): Promise<Quote>
  /**
   * Puts a session into a register of the hardware, before its first quote: RTMR3 on TDX, PCR16 on Nitro (formats.md, Session). Absent where
   * the platform has none; SEV-SNP takes the configuration at launch, as HOST_DATA.
   * @throws CountersignError ERR_QUOTE when the device fails
   */
  measureSession?(session: MeasurableSession): Promise<SessionMeasurement>
  /** Lets go of the device. */
  close?(): Promise<void>
}
