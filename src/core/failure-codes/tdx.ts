/** Failure codes: Intel TDX. [what it means, what to do about it]. @module */

export const TDX_CODES = {
  TDX_HEADER: [
    'The quote is not a TDX quote of version 4 or 5 with an ECDSA P-256 key.',
    'Give a TDX quote; SGX quotes and other versions are not judged.',
  ],
  TDX_QE_VENDOR: ['The quote names another vendor of the quoting enclave than Intel.', 'Treat the quote as forged.'],
  TDX_LENGTH: [
    'A length in the quote contradicts its structure, or more than zeros follow it.',
    'Give the quote as the guest received it.',
  ],
  TDX_BAD_SIGNATURE: ['The quote is not signed by its attestation key.', 'The quote was altered. Fetch another.'],
  TDX_DEBUG: [
    'The trust domain is untrusted: debugging or profiling is on.',
    'Launch the guest without debugging. This is never negotiable.',
  ],
  TDX_SEPT_VE: [
    'SEPT_VE_DISABLE is not set: the host can inject exceptions where the guest does not expect them.',
    'Launch the guest with SEPT_VE_DISABLE.',
  ],
  TDX_ATTRIBUTES: [
    'The trust domain has an attribute that policy does not allow.',
    'Launch the guest without it, or relax the policy.',
  ],
  TDX_ATTRIBUTES_RESERVED: ['Reserved attribute bits are set.', 'Treat the quote as forged, or update.'],
  TDX_XFAM: [
    'The extended features of the trust domain are not the ones that are fixed or pinned.',
    'Launch the guest with the pinned features.',
  ],
  TDX_SEAM_IDENTITY: [
    "The TDX module is not signed by Intel's key, or is no production module.",
    'Choose a host with a production module.',
  ],
  TDX_SERVICE_TD: [
    'A service trust domain is bound that can affect this one.',
    'Launch the guest without it, or pin its measurement.',
  ],
  TDX_MODULE: ['The TDX module is not a listed one, or too old.', 'Update the host, or list the module.'],
  TDX_QE_REPORT_SIGNATURE: [
    "The report of the quoting enclave is not signed by the platform's key.",
    'The quote was altered. Fetch another.',
  ],
  TDX_QE_HASH: [
    'The quoting enclave does not vouch for the attestation key of this quote.',
    'The quote was put together from two. Treat it as forged.',
  ],
  QE_IDENTITY_SIGNATURE: ['The identity of the quoting enclave is not signed by Intel.', 'Fetch the collateral again.'],
  QE_IDENTITY_MALFORMED: [
    'The identity of the quoting enclave is not of the form that Intel publishes.',
    'Fetch the collateral again.',
  ],
  QE_IDENTITY_MISMATCH: ["The quoting enclave is not Intel's.", 'Treat the quote as forged.'],
  QE_DEBUG: ['The quoting enclave runs in debug mode.', 'Treat the quote as forged.'],
  QE_TCB_STATUS: ['The quoting enclave has a version that policy does not accept.', 'Update the host.'],
  COLLATERAL_KIND: [
    'The collateral is of another kind than the evidence needs.',
    'Fetch the collateral for TDX, not for SGX.',
  ],
  COLLATERAL_EXPIRED: [
    'Collateral has expired at the time of judgement.',
    'Fetch it again, or judge at the time that it was captured.',
  ],
  COLLATERAL_FUTURE: ['Collateral was issued after the time of judgement.', 'Check the time that you judge at.'],
  COLLATERAL_ROLLBACK: [
    'The collateral is older than policy or an earlier copy allows.',
    'Fetch it again; a cache or a host in between serves old copies.',
  ],
  TCB_INFO_SIGNATURE: ['The TCB info is not signed by Intel.', 'Fetch the collateral again; its exact octets count.'],
  TCB_INFO_MALFORMED: ['The TCB info is not of the form that Intel publishes.', 'Fetch the collateral again.'],
  TDX_FMSPC: [
    'The TCB info is of another kind of platform than the quote.',
    'Fetch the TCB info of the FMSPC that the detail names.',
  ],
  TDX_TCB_STATUS: [
    'The platform has a TCB status that policy does not accept.',
    'Update the host; or accept the status, with its advisories listed.',
  ],
  TDX_ADVISORY: [
    'The platform is affected by an advisory that policy does not accept.',
    'Update the host; or list the advisory.',
  ],
  TDX_TCB_NONE: ['No TCB level of the TCB info covers the platform.', 'Update the host, or fetch newer collateral.'],
  PCK_EXTENSION: [
    "The platform's certificate lacks Intel's extension, or it is malformed.",
    'Fetch the PCK certificate again.',
  ],
} as const
