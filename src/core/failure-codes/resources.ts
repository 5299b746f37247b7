/** Failure codes: What an answer relies on beside the code. [what it means, what to do about it]. @module */

export const RESOURCE_CODES = {
  ARTIFACT_DIGEST_MISMATCH: [
    'A folder is not the one that was measured: a file was changed, added, removed, renamed or made executable.',
    'Compare the files that are named; get the right ones, or measure again and review what changed.',
  ],
  ARTIFACT_PURPOSE: [
    'Weights serve another purpose than the one that they were measured for: an adapter, a draft model or a projector in place of the model.',
    'Check which folder is served under which name.',
  ],
  PUBLISHER_SIGNATURE: [
    "The publisher's signature over the weights does not verify, or covers other files.",
    'Get the weights and their signature from the publisher again.',
  ],
  PUBLISHER_IDENTITY: [
    'The weights are signed, by somebody else than the publisher that was named.',
    'Compare the identity in the signature with the one that you trust.',
  ],
  INDEX_PROOF: [
    'A retrieved chunk is not proven to be in the index.',
    'The chunk was altered, or comes from another index: treat the context of the answer as forged.',
  ],
  DISCLOSURE_MISSING: ['What was to be shown is not in the receipt at hand.', 'Ask the holder for a fuller receipt.'],
  REPLAY_PRECONDITION: [
    'The answer cannot be run again as it was: weights, engine, template or what was forwarded differ or are not at hand.',
    'Get what is named; a replay under other conditions proves nothing.',
  ],
} as const
