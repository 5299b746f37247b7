/** Compares an authentic document with the certificates that vouch for it, and with what the enclave should have said. @module */
import { equalBytes } from '../crypto/equal.ts'
import { encodeHex } from '../encoding/bytes.ts'
import type { FailureCode } from '../failure-codes.ts'
import type { Checker } from '../verdict.ts'
import type { Certificate } from '../x509/index.ts'
import type { NitroCheck } from './checks.ts'
import type { NitroDocument } from './payload.ts'

/** What an enclave was asked to put under its signature: these very octets, nothing at all, or whatever it likes. */
export type ExpectedField = Uint8Array | 'absent' | 'unchecked'

/** `i-<instance>-enc<enclave>`; NitroTPM ends otherwise. */
const MODULE_ID = /^(i-[0-9a-f]+)-[0-9a-z]+$/

/**
 * The leaf must be of the module that the document names, and its issuer of the module's instance: a leaf of one enclave must not
 * vouch for a document that names another. `<module id>.<region>.aws` under `<instance>.<region>.aws.nitro-enclaves`.
 */
export function checkModule(
  check: Checker<NitroCheck>,
  { moduleId }: NitroDocument,
  [leaf, issuer]: readonly Certificate[],
): void {
  const instance = MODULE_ID.exec(moduleId)?.[1]
  const leafName = onlyName(leaf)
  const issuerName = onlyName(issuer)
  const bound = instance !== undefined && leafName.startsWith(`${moduleId}.`) && issuerName.startsWith(`${instance}.`)
  check.that('module', bound, 'NITRO_MODULE_ID', {
    pass: `${moduleId}, ${leafName}`,
    fail: `${moduleId.slice(0, 64)} is named, "${leafName}" under "${issuerName}" vouches`,
    seen: leafName,
    wanted: `${moduleId.slice(0, 64)}.*`,
  })
}

/** A name that must be one thing has exactly one CN. */
function onlyName(certificate: Certificate | undefined): string {
  const [name = '', ...more] = certificate?.subject.commonNames ?? []
  return more.length === 0 ? name : ''
}

/** All octets of each: a prefix would let an attacker choose the rest. */
export function checkFields(
  check: Checker<NitroCheck>,
  document: NitroDocument,
  expected: { readonly userData: ExpectedField; readonly nonce: ExpectedField; readonly publicKey: ExpectedField },
): void {
  checkField(check, 'user-data', document.userData, { expected: expected.userData, code: 'USER_DATA_MISMATCH' })
  checkField(check, 'nonce', document.nonce, { expected: expected.nonce, code: 'NONCE_MISMATCH' })
  // Like user data, the key is the caller's word that the hypervisor signs: another key is another statement.
  checkField(check, 'public-key', document.publicKey, { expected: expected.publicKey, code: 'USER_DATA_MISMATCH' })
}

function checkField(
  check: Checker<NitroCheck>,
  name: NitroCheck,
  field: Uint8Array | 'absent',
  { expected, code }: { expected: ExpectedField; code: FailureCode },
): void {
  if (expected === 'unchecked') {
    check.unchecked(name, `left to the caller: unchecked; ${shown(field)}`)
    return
  }
  const absent = expected === 'absent'
  const equal = absent || field === 'absent' ? expected === field : equalBytes(field, expected)
  check.that(name, equal, absent ? 'NITRO_UNEXPECTED_FIELD' : code, { seen: shown(field), wanted: shown(expected) })
}

function shown(field: Uint8Array | 'absent'): string {
  if (field === 'absent') return 'absent'
  return field.length === 0 ? 'zero octets' : encodeHex(field)
}
