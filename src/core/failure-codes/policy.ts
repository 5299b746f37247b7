/** Failure codes: Policy and result. [what it means, what to do about it]. @module */

export const POLICY_CODES = {
  POLICY_INCOMPLETE: ['A field of the policy is missing.', 'Add it; to leave a check out, spell "unchecked".'],
  POLICY_UNKNOWN_KEY: ['The policy has a key that no check reads.', 'Correct the spelling.'],
  POLICY_INVALID: [
    'A value in the policy has the wrong type, length or form.',
    'The detail names the key and the form that is due.',
  ],
  CHECK_NOT_PERFORMED: ['A required check could not be performed.', 'Give what it needs; the detail says what.'],
  GRADE_TOO_LOW: ['The receipt has not reached the grade that policy asks for.', 'Wait and upgrade the receipt.'],
  POLICY_ROLLBACK: ['The policy is older than the one seen before.', 'Fetch the newest policy.'],
  MEASUREMENT_RETIRED: [
    'The measured code is pinned and past its last day.',
    'Deploy a newer release, or extend the row on purpose.',
  ],
  COLLATERAL_SOURCE: [
    'Collateral would come from an address that is not allowed.',
    "Only the vendor's own hosts, over https, are asked.",
  ],
  CLOCK_IMPLAUSIBLE: ['The time of judgement lies before this software was made.', 'Set the clock.'],
} as const
