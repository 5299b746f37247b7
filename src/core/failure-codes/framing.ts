/** Failure codes: Framing and parsing. [what it means, what to do about it]. @module */

export const FRAMING_CODES = {
  EVIDENCE_TOO_LARGE: [
    'The evidence is larger than its platform ever makes it.',
    'Give the bare evidence, without wrapper or padding.',
  ],
  EVIDENCE_TRUNCATED: ['The bytes end before the structure does.', 'Fetch the evidence again; it was cut on the way.'],
  PARSE_INVALID: [
    'A field holds a value that its format does not allow.',
    'Check that the file is of the kind you named; the detail names the field.',
  ],
  PARSE_DEPTH: ['The structure is nested deeper than any genuine one.', 'Treat the sender as hostile.'],
  PARSE_TRAILING: ['Bytes follow after the end of the structure.', 'Give exactly one structure, nothing behind it.'],
  PARSE_LENGTH: [
    'A length field points beyond the end of the data.',
    'Fetch the evidence again; if it stays so, treat the sender as hostile.',
  ],
  PARSE_RESERVED: [
    'A byte that the specification reserves as zero is not zero.',
    'A newer format or a forged one: update, or treat it as hostile.',
  ],
  CBOR_DUPLICATE_KEY: ['A CBOR map names one key twice.', 'Treat the sender as hostile.'],
  CBOR_NOT_CANONICAL: [
    'CBOR is not in the one form that is accepted.',
    'Ask for the evidence as the hardware made it.',
  ],
  JSON_INVALID: ['The text is not JSON.', 'Check that the file is of the kind you named.'],
  JSON_DUPLICATE_KEY: [
    'A JSON object names one key twice.',
    'Remove the duplicate: readers would disagree on its value.',
  ],
  JSON_UNSAFE_KEY: ['A JSON object has a key such as __proto__.', 'Treat the sender as hostile.'],
  JSON_NUMBER_RANGE: ['A JSON number is outside the exact integers.', 'Write an integer within +/- 2^53 - 1.'],
  JSON_LONE_SURROGATE: ['A JSON string holds half of a surrogate pair.', 'Write well-formed Unicode.'],
  UTF8_INVALID: ['Text is not well-formed UTF-8.', 'Write the text as UTF-8.'],
  BASE64_STRICT: [
    'Base64 has white space, wrong padding, foreign letters or loose trailing bits.',
    'Encode again with a strict encoder.',
  ],
  DER_INVALID: ['DER is not in its one allowed form.', 'Ask for the certificate as its issuer made it.'],
  PEM_INVALID: ['The PEM text has no block of the kind that is due.', 'Give a PEM file with the named label.'],
  DECOMPRESSION_LIMIT: [
    'Compressed evidence expands beyond any genuine size.',
    'Give the evidence uncompressed, or treat the sender as hostile.',
  ],
} as const
