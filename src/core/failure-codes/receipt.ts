/** Failure codes: Receipts. [what it means, what to do about it]. @module */

export const RECEIPT_CODES = {
  JOSE_HEADER: ['The JWS header is not exactly the one that the profile fixes.', 'Treat the receipt as forged.'],
  JOSE_ALG: ['The JWS names another algorithm than Ed25519.', 'Treat the receipt as forged.'],
  JOSE_ZIP: ['The token is compressed, or encrypted.', 'Receipts are neither: treat it as forged.'],
  RECEIPT_ENCODING: ['The receipt is not in its one encoding.', 'Fetch the receipt again; it was altered on the way.'],
  RECEIPT_TOO_LARGE: ['The receipt is larger than 64 KiB.', 'Treat the sender as hostile.'],
  RECEIPT_MISSING: [
    'The answer carries no receipt.',
    'Check that the address is a Countersign gateway and that nothing in between strips it.',
  ],
  RECEIPT_SIGNATURE: ["The receipt's signature does not verify.", 'The receipt was altered. Do not use the answer.'],
  RECEIPT_VERSION: ['The receipt has another profile than this verifier knows.', 'Update the verifier.'],
  RECEIPT_CONTEXT: ['The receipt belongs to another exchange.', 'Treat it as moved from elsewhere.'],
  RECEIPT_EQUIVOCATION: [
    'Two receipts of one gateway contradict each other.',
    'Keep both: together they prove that the gateway signed two answers to one request, or two receipts for one place.',
  ],
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
  TOOL_TRANSCRIPT_MISMATCH: [
    'A call of a tool, its arguments or its result was dropped, moved or altered: the receipt lists another one than the model was given.',
    'Treat what the model was told as forged.',
  ],
  STATE_CHAIN_BROKEN: [
    'What the model remembered is not what the answer before it left behind.',
    'A turn was put in, taken out or altered: do not rely on the conversation.',
  ],
  PARAMS_MISMATCH: [
    'The model was run with other sampling parameters than were asked for.',
    'Compare them; a change that the gateway makes on purpose is listed among the transforms.',
  ],
  DEPENDENCY_UNPINNED: [
    'The answer relied on something that policy does not pin: a template, an index, a tool, an engine.',
    'Review what the detail names, then pin it, or treat the answer as made under other conditions.',
  ],
  MODEL_MISMATCH: ['The model is not the pinned one.', 'Compare the model digest with the lock row.'],
  UPSTREAM_UNATTESTED: [
    'The answer comes from an upstream that policy does not accept, or the receipt contradicts itself about where the model ran.',
    'Allow this kind of upstream, or choose another model; a contradiction: do not rely on the answer.',
  ],
  POLICY_TUPLE: ['Measurement, configuration and model are pinned, but not together.', 'Use one lock row as a whole.'],
} as const
