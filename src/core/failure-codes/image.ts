/** Failure codes: Images, launches, provenance, revocation. [what it means, what to do about it]. @module */

export const IMAGE_CODES = {
  OVMF_FORMAT: [
    'The firmware image is cut, or its tables do not hold together.',
    'Give the firmware file as it was built; the detail names the offset.',
  ],
  KERNEL_FORMAT: [
    'The kernel image is cut, or is no image that this launch can boot.',
    'Give the kernel file as it was built; the detail names the offset.',
  ],
  EIF_FORMAT: [
    'The enclave image is cut, or its sections do not hold together.',
    'Build it again with nitro-cli; the detail names the offset.',
  ],
  EIF_CRC: ['The checksum of the enclave image is wrong.', 'Copy or build it again: some octets changed.'],
  VCPU_TYPE: ['The vCPU type is not known.', 'Name one of those that the detail lists.'],
  LAUNCH_INVALID: ['The launch cannot be as it was described.', 'Correct the value that the detail names.'],
  ENV_FORBIDDEN: [
    'The environment holds a variable that could change the code that runs.',
    'Take it out of the environment; the detail names it.',
  ],
  IMAGE_PROFILE_WEAK: [
    'Something that decides what the image runs is not measured.',
    'Measure it: the detail names what is missing.',
  ],
  IMAGE_NOT_DIGEST: ['An image is named by a tag, which can change.', 'Name it by its digest: name@sha256:….'],
  IMAGE_FORBIDDEN_FILE: [
    'The image holds a program by which an operator could reach into it.',
    'Leave it out of the image; the detail names the file.',
  ],
  BUILD_NOT_REPRODUCIBLE: ['Two builds of one source differ.', 'Find what differs; the detail names the first file.'],
  PROVENANCE_FORMAT: ['The provenance is no Sigstore bundle with a statement.', 'Give the bundle as it was published.'],
  PROVENANCE_SIGNATURE: [
    'The signature on the provenance does not verify under the trusted root.',
    'Check the bundle, and whose root is trusted.',
  ],
  PROVENANCE_ISSUER: [
    'Another issuer vouches for the builder.',
    'Check who built it; pin this issuer only on purpose.',
  ],
  PROVENANCE_IDENTITY: [
    'Another identity built it.',
    'Check repository, workflow and ref; identities are compared whole, never by a prefix.',
  ],
  PROVENANCE_DIGEST: ['The provenance is about other bytes.', 'Give the bundle of exactly this artefact.'],
  PROVENANCE_LOG: [
    'The provenance is in no transparency log that counts, or its proof fails.',
    'Give a bundle with its proof of inclusion.',
  ],
  PROVENANCE_TIME: [
    'The signature was not made while its certificate was valid.',
    'Build and sign again; the bundle proves no time within the certificate.',
  ],
  PROVENANCE_MEASUREMENT: [
    'The provenance is about another measurement than the one that is pinned or quoted.',
    'Give the bundle of the build that runs.',
  ],
  PIN_SELF_APPROVED: [
    'Whoever built it also approved its pin.',
    'Have the pin approved by an identity that cannot build.',
  ],
  PIN_ROLLBACK: ['The lock is older than one that was in use.', 'Fetch the newest lock.'],
  REVOKED: ['What the evidence names is on the list of revocations.', 'Do not use it; the detail gives the reason.'],
  REVOCATIONS_SIGNATURE: [
    'The list of revocations is not signed by a key that policy names.',
    'Fetch it from whoever publishes it.',
  ],
  REVOCATIONS_EXPIRED: ['The list of revocations is past its last day.', 'Fetch the newest list.'],
  REVOCATIONS_ROLLBACK: ['The list of revocations is older than one seen before.', 'Fetch the newest list.'],
} as const
