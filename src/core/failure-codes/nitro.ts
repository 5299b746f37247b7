/** Failure codes: AWS Nitro. [what it means, what to do about it]. @module */

export const NITRO_CODES = {
  COSE_SHAPE: [
    'The document is not a COSE_Sign1 array of four.',
    'Give the attestation document as the device made it.',
  ],
  COSE_ALG: [
    'The document names another signature algorithm than ES384, or names it unprotected.',
    'Treat the document as forged.',
  ],
  COSE_PAYLOAD: [
    'The document carries no payload, or one of a wrong size.',
    'Give the attestation document as the device made it.',
  ],
  COSE_BAD_SIGNATURE: [
    'The document is not signed by the key of its certificate.',
    'The document was altered. Fetch another.',
  ],
  NITRO_DIGEST: ['The document names another digest than SHA384.', 'Treat the document as forged.'],
  NITRO_TIMESTAMP: [
    'The time in the document is missing, ahead, or older than policy allows.',
    'Ask for a fresh document.',
  ],
  NITRO_PCR_SHAPE: ['The registers are not 1 to 32 of 48 octets each.', 'Treat the document as forged.'],
  NITRO_DEBUG: [
    'The enclave runs in debug mode: its first three registers are zero.',
    'Launch the enclave without debug mode. This is never negotiable.',
  ],
  NITRO_CABUNDLE: [
    'The certificates in the document are missing, too large or out of order.',
    'Give the attestation document as the device made it.',
  ],
  NITRO_FIELD_SIZE: ['A field of the document is larger than its limit.', 'Treat the document as forged.'],
  NITRO_MODULE_ID: ['The document names no module, or its certificates name another.', 'Treat the document as forged.'],
  NITRO_FIELDS: [
    'The document has a field too many or too few for its kind.',
    'Give the document of the kind that policy names.',
  ],
  NITRO_UNEXPECTED_FIELD: [
    'The document carries a nonce or a public key where none is due.',
    'Ask for the document without it.',
  ],
  USER_DATA_MISMATCH: ['The user data is not the value that is due.', 'The document belongs to another statement.'],
} as const
