/** What Intel signs about TDX platforms: TCB info, QE identity, revocation lists. Octets only; trust comes from {@link verifyTdxQuote}. @module */

/** A JSON document of Intel's with its signature. */
export interface SignedDocument {
  /** The JSON value that was signed, exactly as it was served: never parsed and written again. */
  readonly body: Uint8Array
  /** r || s, 64 octets. */
  readonly signature: Uint8Array
  /** TCB signing certificate, root; DER. */
  readonly issuerChain: readonly Uint8Array[]
}

/** Everything that a quote is held against, from Intel's PCS (version 4) or captured with the evidence. */
export interface TdxCollateral {
  readonly tcbInfo: SignedDocument
  readonly qeIdentity: SignedDocument
  /** DER, issued by the Platform or Processor CA of the quote's PCK certificate. */
  readonly pckCrl: Uint8Array
  /** DER, issued by the root. */
  readonly rootCaCrl: Uint8Array
}
