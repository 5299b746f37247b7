/** Every code that a failed check can carry, with its meaning and its remedy. docs/failure-codes.md is made from this table. @module */

/** Code -> [what it means, what to do about it]. */
export const FAILURE_CODES = {
  // Framing and parsing
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

  // X.509 paths
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

  // AMD SEV-SNP
  SNP_VERSION: [
    'The report has a length or version that the policy does not list.',
    'List the version in policy, or update the firmware of the host.',
  ],
  SNP_BAD_SIGNATURE: [
    'The report is not signed by the key of the given certificate.',
    'Give the VCEK of this chip and firmware level; else the report was altered.',
  ],
  SNP_SIG_ALG: [
    'The report names another signature algorithm than ECDSA P-384 with SHA-384.',
    'Treat the report as forged.',
  ],
  SNP_SIG_PADDING: ['Padding of the signature is not zero.', 'Treat the report as altered.'],
  SNP_PRODUCT_MISMATCH: [
    'Certificate and report name different products.',
    'Fetch the chain of the product that the report names.',
  ],
  SNP_DEBUG_ALLOWED: [
    'The guest may be debugged: the host can read its memory.',
    'Launch the guest without the debug bit. This is never negotiable.',
  ],
  SNP_MIGRATION_ALLOWED: ['A migration agent may move the guest.', 'Launch the guest without a migration agent.'],
  SNP_SMT: [
    'Policy forbids simultaneous multithreading and the guest allows it.',
    'Launch the guest with SMT forbidden, or relax the policy.',
  ],
  SNP_POLICY_RESERVED: ['Reserved bits of the guest policy are wrong.', 'Treat the report as forged, or update.'],
  SNP_POLICY_WEAK: [
    'The guest policy lacks a protection that the profile asks for.',
    'Launch the guest with the protection that the detail names.',
  ],
  SNP_PLATFORM_INFO: [
    'The platform lacks a protection that policy asks for.',
    'Choose a host with it (the alias check needs current firmware).',
  ],
  SNP_TCB_CERT_MISMATCH: ['Firmware levels of certificate and report differ.', 'Fetch the VCEK for the reported TCB.'],
  SNP_TCB_TOO_OLD: ['A firmware component is older than the policy minimum.', 'Update the host, or choose another.'],
  SNP_TCB_PROVISIONAL: [
    'The host runs firmware that it has not committed to.',
    'Commit the firmware on the host, or allow provisional firmware.',
  ],
  SNP_CHIP_MISMATCH: ['Certificate and report belong to different chips.', 'Fetch the VCEK of this chip.'],
  SNP_SIGNER_KIND: [
    'The report is signed by a kind of key that policy does not allow.',
    'Allow this kind of key, or choose another host.',
  ],
  SNP_VMPL: ['The report was asked for from another privilege level.', 'Ask from the level that the policy expects.'],
  SNP_HOSTDATA: ['HOST_DATA is not the value that policy pins.', 'Launch the guest with the pinned value.'],
  SNP_IDKEY: ['The ID block is not signed by the key that policy pins.', 'Launch the guest with the pinned ID block.'],
  SNP_GUEST_SVN: ['The guest security version is below the policy minimum.', 'Launch a newer image.'],
  SNP_MITIGATION: ['The platform lacks a mitigation that policy asks for.', 'Update the host.'],

  // Binding, identity, freshness
  MEASUREMENT_MISMATCH: [
    'The measured code is not one of those that are pinned.',
    'Compare with the release you expect; then run `countersign pin` on purpose.',
  ],
  REPORT_DATA_MISMATCH: [
    'The quote does not commit to this statement.',
    'The statement was altered, or the quote belongs to another one.',
  ],
  PLATFORM_NOT_ALLOWED: ['Policy does not list this platform.', 'List it under platforms, if you mean to trust it.'],
  PLATFORM_DENIED: ['This product or chip is on the deny list.', 'Choose another host.'],
  SIMULATED_EVIDENCE: [
    'The evidence comes from a simulated TEE.',
    'For a trial, name its root under dangerouslyTrustSimulatedRoots. Never in production.',
  ],
  SESSION_INVALID: [
    'The session document is not of the form that its profile asks for.',
    'Fetch the session again; else the gateway is broken or hostile.',
  ],
  STATEMENT_INVALID: [
    'The statement is not of the form that its profile asks for.',
    'Fetch the statement again; else the gateway is broken or hostile.',
  ],
  STATEMENT_TIME: [
    'The time of judgement lies outside the life of the statement.',
    'Fetch a fresh quote, or judge at a proven time inside it.',
  ],
  TIME_UNANCHORED: [
    'No proven time is there: the host owns its clock.',
    'Send a nonce, or bring a witnessed checkpoint; or spell time as unchecked in policy.',
  ],
  CONFIG_UNMEASURED: [
    'The measured configuration is missing or not the pinned one.',
    'Compare the configuration digest with the lock row.',
  ],
  KEY_UNATTESTED: ['The key is not in the session that the hardware vouches for.', 'Treat the receipt as forged.'],
  KEY_PURPOSE: ['One key serves two purposes.', 'The gateway must make one key for each role.'],
  KEY_EXPIRED: ['The session is used past its life.', 'Verify the gateway again.'],
  NONCE_MISSING: ['The evidence does not contain your nonce.', 'Send a nonce of 32 to 64 bytes and verify again.'],
  NONCE_MISMATCH: ['The evidence contains another nonce than yours.', 'Treat it as a replay.'],
  EVIDENCE_REPLAY: ['The same receipt or challenge was shown before.', 'Treat it as a replay.'],
  EVIDENCE_STALE: ['The evidence is older than policy allows.', 'Ask for fresh evidence.'],
  EVIDENCE_DIGEST_MISMATCH: [
    'The receipt names another session than the one at hand.',
    'Fetch the session that the receipt names.',
  ],

  // Receipts
  JOSE_HEADER: ['The JWS header is not exactly the one that the profile fixes.', 'Treat the receipt as forged.'],
  JOSE_ALG: ['The JWS names another algorithm than Ed25519.', 'Treat the receipt as forged.'],
  RECEIPT_ENCODING: ['The receipt is not in its one encoding.', 'Fetch the receipt again; it was altered on the way.'],
  RECEIPT_TOO_LARGE: ['The receipt is larger than 64 KiB.', 'Treat the sender as hostile.'],
  RECEIPT_MISSING: [
    'The answer carries no receipt.',
    'Check that the address is a Countersign gateway and that nothing in between strips it.',
  ],
  RECEIPT_SIGNATURE: ["The receipt's signature does not verify.", 'The receipt was altered. Do not use the answer.'],
  RECEIPT_VERSION: ['The receipt has another profile than this verifier knows.', 'Update the verifier.'],
  RECEIPT_CONTEXT: ['The receipt belongs to another exchange.', 'Treat it as moved from elsewhere.'],
  RECEIPT_TIME: ['The receipt is dated outside its session and statement.', 'Treat the gateway as broken or hostile.'],
  CLAIM_MISSING: [
    'A claim that the profile or policy asks for is missing.',
    'Ask for the disclosure; the detail names the claim.',
  ],
  DISCLOSURE_INVALID: [
    'A disclosure is malformed, unknown, doubled or not covered by the receipt.',
    'Fetch the receipt again with all its disclosures.',
  ],
  REQUEST_DIGEST_MISMATCH: [
    'The gateway saw another request than you sent.',
    'Something in between altered the request.',
  ],
  RESPONSE_DIGEST_MISMATCH: [
    'You hold another answer than the gateway signed.',
    'Something in between altered the answer. Do not use it.',
  ],
  RESPONSE_INCOMPLETE: ['You hold only the beginning of what was signed.', 'Ask again; the answer was cut.'],
  TRANSFORM_MISMATCH: [
    'Replaying the listed changes does not give what the model was given.',
    'Treat the gateway as broken or hostile.',
  ],
  MODEL_MISMATCH: ['The model is not the pinned one.', 'Compare the model digest with the lock row.'],
  UPSTREAM_UNATTESTED: [
    'The answer comes from an upstream that policy does not accept.',
    'Allow this kind of upstream, or choose another model.',
  ],
  POLICY_TUPLE: ['Measurement, configuration and model are pinned, but not together.', 'Use one lock row as a whole.'],

  // Transparency log
  CHECKPOINT_FORMAT: ['The checkpoint is not of the C2SP form.', 'Fetch it again; else the log is broken.'],
  CHECKPOINT_SIGNATURE: ["The checkpoint is not signed by the log's key.", 'Treat the log as forged.'],
  CHECKPOINT_NOT_QUOTED: [
    'The checkpoint is not the one that the hardware quoted.',
    'Wait for the next quote, or accept the grade signed.',
  ],
  LOG_ORIGIN: ["The checkpoint is another log's.", 'Check which gateway you talk to.'],
  LOG_INCLUSION: [
    'The receipt is not in the log at the place that the proof names.',
    'Treat the gateway as broken or hostile.',
  ],
  LOG_CONSISTENCY: [
    'A later checkpoint does not contain the earlier one.',
    'Keep both checkpoints: they are evidence of a rewritten log.',
  ],
  LOG_MMD_EXCEEDED: [
    'The receipt should be in the log by now and is not.',
    'Keep the receipt: it is evidence of omission.',
  ],
  PROOF_FORMAT: ['The inclusion proof is not of the C2SP tlog-proof form.', 'Fetch it again.'],
  WITNESS_QUORUM: ['Not enough witnesses have cosigned.', 'Wait for the witnesses, or ask for a lower grade.'],

  // Policy and result
  POLICY_INCOMPLETE: ['A field of the policy is missing.', 'Add it; to leave a check out, spell "unchecked".'],
  POLICY_UNKNOWN_KEY: ['The policy has a key that no check reads.', 'Correct the spelling.'],
  POLICY_INVALID: [
    'A value in the policy has the wrong type, length or form.',
    'The detail names the key and the form that is due.',
  ],
  CHECK_NOT_PERFORMED: ['A required check could not be performed.', 'Give what it needs; the detail says what.'],
  GRADE_TOO_LOW: ['The receipt has not reached the grade that policy asks for.', 'Wait and upgrade the receipt.'],
} as const

/** The stable code of a failed check. */
export type FailureCode = keyof typeof FAILURE_CODES
