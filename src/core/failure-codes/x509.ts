/** Failure codes: X.509 paths. [what it means, what to do about it]. @module */

export const X509_CODES = {
  X509_UNTRUSTED_ROOT: [
    'The chain does not end in a pinned root.',
    'Check the vendor; a simulated root must be named under dangerouslyTrustSimulatedRoots.',
  ],
  X509_BAD_SIGNATURE: [
    "A certificate's signature does not verify under its issuer.",
    'Fetch the chain of this very chip and firmware level.',
  ],
  X509_CHAIN_BROKEN: [
    'Issuer and subject names do not link up.',
    'Give the intermediate certificate of the same product.',
  ],
  X509_NOT_CA: ['A certificate that issued another is not a CA.', 'Treat the chain as forged.'],
  X509_PATHLEN: ['The chain is longer than an issuer permits.', 'Treat the chain as forged.'],
  X509_KEY_USAGE: ['A key is used for what its certificate does not permit.', 'Treat the chain as forged.'],
  X509_CA_AS_LEAF: [
    'A CA certificate stands where a leaf is due.',
    'Give the certificate of the chip, not of its issuer.',
  ],
  X509_UNKNOWN_CRITICAL: [
    'A certificate has a critical extension that this verifier does not know.',
    'Update; an unknown critical extension must not be ignored.',
  ],
  X509_MALFORMED: [
    'A certificate breaks RFC 5280: version, serial number or duplicate extensions.',
    'Ask for the certificate as its issuer made it.',
  ],
  X509_ALG_MISMATCH: [
    'The signature algorithm differs inside and outside the signed part.',
    'Treat the certificate as forged.',
  ],
  X509_ALG_FORBIDDEN: ["The algorithm is not one of this vendor's.", 'Treat the chain as forged.'],
  X509_BAD_KEY: ['A public key is malformed or of the wrong kind.', 'Treat the certificate as forged.'],
  X509_NOT_YET_VALID: ['A certificate is not valid yet at the time of judgement.', 'Check the time that you judge at.'],
  X509_EXPIRED: [
    'A certificate has expired at the time of judgement.',
    'Judge at the time that the evidence was made, or fetch newer evidence.',
  ],
  X509_REVOKED: ['A certificate has been revoked.', 'Do not trust this platform.'],
  X509_LIMIT: ['The chain is longer or larger than any genuine one.', 'Treat the sender as hostile.'],
  X509_EXTENSION: [
    'A vendor extension is missing, twice there or malformed.',
    'Fetch the certificate from the vendor.',
  ],
  CRL_MISSING: ['Policy asks for revocation and no list is there.', 'Give the CRL, or fetch it.'],
  CRL_EXPIRED: ['The revocation list is not current at the time of judgement.', 'Fetch the list again.'],
  CRL_BAD_ISSUER: ['The revocation list is signed by another key.', 'Fetch the list of this issuer.'],
  CRL_MALFORMED: ['The revocation list breaks RFC 5280.', 'Fetch the list again.'],
  SIG_MALFORMED: ['A signature is not in its one allowed form.', 'Treat the signed data as forged.'],
  CRL_ROLLBACK: [
    'The revocation list is older than one seen before.',
    'Fetch the list again; a cache or a host in between serves old ones.',
  ],
} as const
