/** Who published a model, and whom a caller trusts to have done so. @module */

/** Given by the caller and nobody else: what the bundle says of keys, roots or identities is only compared with it. */
export type PublisherTrust =
  | {
      readonly kind: 'sigstore'
      /** The octets of a `trusted_root.json` (TrustedRoot of Sigstore's protobuf specifications). Nothing is downloaded. */
      readonly trustedRoot: Uint8Array
      /** The subject alternative name of the certificate, compared letter by letter: a mail address, or the URI of a workflow. */
      readonly identity: string
      /** Of the identity, for example `https://accounts.google.com`. */
      readonly issuer: string
    }
  | {
      readonly kind: 'key'
      /** PEM, `PUBLIC KEY`; on P-256, P-384 or P-521. */
      readonly publicKey: string
    }

export interface Publisher {
  readonly kind: 'sigstore' | 'key'
  /** As the certificate has it; of a key, `sha256:…` of its SubjectPublicKeyInfo. */
  readonly identity: string
  readonly issuer?: string
}
