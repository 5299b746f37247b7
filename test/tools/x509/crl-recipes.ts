/** Fixtures about revocation: which list counts, whether it is current, who stands on it. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodeDer, explicit, integerOctets, sequence, unsigned } from '../../../src/simulator/der-writer.ts'
import {
  algorithmOf,
  authorityKeyId,
  type ExtensionTemplate,
  keyIdOf,
  keyUsage,
  spkiOf,
} from '../../../src/simulator/issue-certificate.ts'
import type { CrlTemplate } from '../../../src/simulator/issue-crl.ts'
import {
  AT,
  accepts,
  after,
  type Changes,
  type CrlShape,
  DAY_MS,
  extended,
  type ListRecipe,
  type Recipe,
  rejects,
  resigned,
} from './recipe.ts'

const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const OID_NUMBER = '2.5.29.20'
const OID_KEY_USAGE = '2.5.29.15'
const OID_AUTHORITY_KEY = '2.5.29.35'

const CA: ListRecipe = { place: 1 }
const ROOT: ListRecipe = { place: 2 }
const set =
  (change: Partial<CrlTemplate>): CrlShape =>
  (template) => ({ ...template, ...change })
const adding =
  (...extensions: readonly ExtensionTemplate[]): CrlShape =>
  (template) => ({ ...template, extensions: [...(template.extensions ?? []), ...extensions] })
const withoutNumber: CrlShape = ({ number: _, ...template }) => template
const withoutEnd: CrlShape = ({ nextUpdate: _, ...template }) => template
const lists = (...given: readonly ListRecipe[]): Changes => ({ lists: given })
/** The list of the CA altered, and the good one of the root. */
const ca = (shape: CrlShape): Changes => lists({ ...CA, shape }, ROOT)
const root = (shape: CrlShape): Changes => lists(CA, { ...ROOT, shape })
const revoking = (...serial: readonly number[]): CrlShape =>
  set({
    revoked: [
      { serial: Uint8Array.of(0x33), date: AT },
      { serial: Uint8Array.from(serial), date: AT },
    ],
  })
const numbered =
  (value: Uint8Array, critical = false): CrlShape =>
  (template) =>
    adding({ oid: OID_NUMBER, critical, value })(withoutNumber(template))
const entry = (...extensions: readonly ExtensionTemplate[]): CrlShape =>
  set({ revoked: [{ serial: Uint8Array.of(0x33), date: AT, extensions }] })
const reason = (code: number): ExtensionTemplate => ({ oid: '2.5.29.21', value: encodeDer(0x0a, Uint8Array.of(code)) })

export const CRL_RECIPES: readonly Recipe[] = [
  ...accepts(
    'X14',
    ['lists', 'a path whose certificates are on no list', lists(CA, ROOT)],
    ['lists-swapped', 'lists in any order', lists(ROOT, CA)],
    ['lists-twice', 'two lists of one issuer', lists(CA, ROOT, { ...CA, shape: set({ number: 8 }) })],
    [
      'lists-empty',
      'lists without entries',
      lists({ ...CA, shape: set({ revoked: [] }) }, { ...ROOT, shape: set({ revoked: [] }) }),
    ],
    ['lists-reason', 'entries with a reason', ca(entry(reason(1)))],
    [
      'lists-signing',
      'a signing certificate that is not on the list of the root',
      { profile: 'intel-signing', lists: [CA] },
    ],
    ['lists-optional', 'a path without lists where its profile asks for none', { profile: 'nitro', lists: [] }],
  ),
  ...rejects(
    'X14',
    'X509_REVOKED',
    ['revoked-leaf', 'a revoked leaf', ca(revoking(0x40, 0))],
    ['revoked-intermediate', 'a revoked intermediate', root(revoking(0x40, 1))],
    [
      'revoked-signing',
      'a revoked signing certificate',
      { profile: 'intel-signing', lists: [{ ...CA, shape: revoking(0x40, 0) }] },
    ],
    [
      'revoked-second-list',
      'a leaf on the second list of its issuer alone',
      lists(CA, ROOT, { ...CA, shape: revoking(0x40, 0) }),
    ],
    [
      'revoked-hold',
      'a leaf on hold',
      ca(set({ revoked: [{ serial: Uint8Array.of(0x40, 0), date: AT, extensions: [reason(6)] }] })),
    ],
    [
      'revoked-later',
      'a leaf whose entry bears a later date',
      ca(set({ revoked: [{ serial: Uint8Array.of(0x40, 0), date: after(DAY_MS) }] })),
    ],
    [
      'revoked-not-asked',
      'a revoked leaf though its profile asks for no list',
      { profile: 'nitro', lists: [{ ...CA, shape: revoking(0x40, 0) }] },
    ],
  ),
  ...rejects(
    'X15',
    'CRL_MISSING',
    ['lists-none', 'a path without any list', lists()],
    ['lists-root-alone', 'a leaf without the list of its issuer', lists(ROOT)],
    ['lists-intermediate-alone', 'an intermediate without the list of the root', lists(CA)],
    ['lists-of-others', 'lists of other issuers', lists({ place: 4 }, { place: 3 })],
  ),
  ...rejects('X15', 'CRL_MALFORMED', [
    'list-no-octets',
    'an empty file in the place of a list',
    lists({ ...CA, tamper: () => new Uint8Array() }, ROOT),
  ]),
  ...accepts(
    'X16',
    ['list-first-second', 'a list in its first second', ca(set({ thisUpdate: AT }))],
    ['list-last-second', 'a list in its last second', ca(set({ nextUpdate: AT }))],
  ),
  ...rejects(
    'X16',
    'CRL_EXPIRED',
    ['list-expired', 'a list one second after its end', ca(set({ nextUpdate: after(-1000) }))],
    ['list-future', 'a list one second before its beginning', ca(set({ thisUpdate: after(1000) }))],
    ['list-of-root-expired', 'a list of the root after its end', root(set({ nextUpdate: after(-1000) }))],
    ['list-of-root-future', 'a list of the root before its beginning', root(set({ thisUpdate: after(1000) }))],
    [
      'list-second-expired',
      'a second list of one issuer after its end',
      lists(CA, ROOT, { ...CA, shape: set({ nextUpdate: after(-1000) }) }),
    ],
  ),
  ...rejects(
    'X17',
    'CRL_BAD_ISSUER',
    ['list-other-key', 'a list that another key signed', lists({ ...CA, signer: stranger }, ROOT)],
    ['list-of-root-other-key', 'a list of the root that another key signed', lists(CA, { ...ROOT, signer: stranger })],
    [
      'list-issuer-crl-sign',
      'a list of an issuer that may not sign lists',
      { ...lists(CA, ROOT), ...extended(1, OID_KEY_USAGE, keyUsage(0x04)) },
    ],
    [
      'list-of-root-crl-sign',
      'a list of a root that may not sign lists',
      { ...lists(CA, ROOT), ...extended(2, OID_KEY_USAGE, keyUsage(0x04)) },
    ],
    [
      'list-key-identifier',
      'a list that names another key',
      ca(set({ extensions: [authorityKeyId(new Uint8Array(20).fill(1))] })),
    ],
    [
      'list-altered',
      'a list altered after it was signed',
      lists(
        {
          ...CA,
          tamper: (list) =>
            list.map((octet, at) => (octet === 0x33 && list[at - 1] === 1 && list[at - 2] === 2 ? 0x34 : octet)),
        },
        ROOT,
      ),
    ],
  ),
  ...rejects(
    'X17',
    'CRL_MALFORMED',
    ['list-number-missing', 'a list without a number', ca(withoutNumber)],
    ['list-number-critical', 'a list with a critical number', ca(numbered(unsigned(7), true))],
    ['list-number-negative', 'a list with a negative number', ca(numbered(integerOctets(Uint8Array.of(0xff))))],
    ['list-number-padded', 'a list with a padded number', ca(numbered(integerOctets(Uint8Array.of(0, 7))))],
    ['list-number-long', 'a list with a number of 21 octets', ca(numbered(integerOctets(new Uint8Array(21).fill(1))))],
    ['list-number-twice', 'a list with two numbers', ca(adding({ oid: OID_NUMBER, value: unsigned(7) }))],
    ['list-key-missing', 'a list that names no key', ca(set({ extensions: [] }))],
    [
      'list-key-critical',
      'a list whose key identifier is critical',
      ca((t) => ({ ...t, extensions: (t.extensions ?? []).map((e) => ({ ...e, critical: true })) })),
    ],
    [
      'list-key-by-name',
      'a list that names its key by issuer and number',
      ca(set({ extensions: [{ oid: OID_AUTHORITY_KEY, value: sequence(encodeDer(0x82, Uint8Array.of(1))) }] })),
    ],
    [
      'list-unknown-critical',
      'a list with an unknown critical extension',
      ca(adding({ oid: '1.2.3.4', critical: true, value: unsigned(1) })),
    ],
    ['list-delta', 'a delta list', ca(adding({ oid: '2.5.29.27', critical: true, value: unsigned(1) }))],
    [
      'list-delta-not-critical',
      'a delta list that is not marked critical',
      ca(adding({ oid: '2.5.29.27', value: unsigned(1) })),
    ],
    [
      'list-users-only',
      'a list of end entities alone',
      ca(adding({ oid: '2.5.29.28', critical: true, value: sequence(encodeDer(0x81, Uint8Array.of(0xff))) })),
    ],
    [
      'list-indirect',
      'an indirect list',
      ca(adding({ oid: '2.5.29.28', critical: true, value: sequence(encodeDer(0x84, Uint8Array.of(0xff))) })),
    ],
    [
      'list-distribution-point',
      'a list of one distribution point',
      ca(adding({ oid: '2.5.29.28', value: sequence(explicit(0)) })),
    ],
    [
      'list-entry-critical',
      'an entry with a critical extension',
      ca(entry({ oid: '1.2.3.4', critical: true, value: unsigned(1) })),
    ],
    ['list-entry-issuer', 'an entry of another issuer', ca(entry({ oid: '2.5.29.29', value: sequence() }))],
    ['list-entry-removed', 'an entry that takes a certificate off', ca(entry(reason(8)))],
    ['list-entry-reason-unknown', 'an entry with an unknown reason', ca(entry(reason(7)))],
    [
      'list-entry-twice',
      'one serial number twice',
      ca(set({ revoked: [1, 2].map(() => ({ serial: Uint8Array.of(0x33), date: AT })) })),
    ],
    ['list-entry-negative', 'a negative serial number', ca(revoking(0x80))],
    ['list-entry-padded', 'a padded serial number', ca(revoking(0, 0x40))],
    ['list-entry-long', 'a serial number of 22 octets', ca(revoking(...new Array<number>(22).fill(1)))],
    ['list-entries-none', 'an empty list of entries', ca(set({ revoked: 'empty-list' }))],
    ['list-version-1', 'a list of version 1', ca(set({ version: 1 }))],
    ['list-version-3', 'a list of version 3', ca(set({ version: 3 }))],
    ['list-no-end', 'a list without an end', ca(withoutEnd)],
    ['list-backwards', 'a list that ends before it begins', ca(set({ nextUpdate: after(-2 * DAY_MS) }))],
    ['list-no-issuer', 'a list whose issuer has no name', ca(set({ issuer: [] }))],
    ['list-algorithms', 'a list that names two algorithms', ca(set({ innerAlgorithm: algorithmOf('ES384') }))],
    [
      'list-trailing',
      'octets behind a list',
      lists({ ...CA, tamper: (list) => concatBytes(list, Uint8Array.of(0)) }, ROOT),
    ],
    ['list-truncated', 'a list that is cut', lists({ ...CA, tamper: (list) => list.slice(0, -1) }, ROOT)],
    [
      'list-certificate',
      'a certificate in the place of a list',
      lists({ ...CA, tamper: () => sequence(sequence(), sequence(), sequence()) }, ROOT),
    ],
    [
      'list-of-stranger-malformed',
      'a malformed list of nobody in the path',
      lists(CA, ROOT, { place: 4, shape: set({ version: 1 }) }),
    ],
  ),
  ...rejects('X17', 'X509_ALG_FORBIDDEN', [
    'list-es384',
    'a list signed as the vendor never signs',
    ca(set({ scheme: 'ES384' })),
  ]),
  ...rejects('X17', 'SIG_MALFORMED', [
    'list-signature',
    'a list whose signature is not DER',
    lists({ ...CA, tamper: (list) => resigned(list, new Uint8Array(64).fill(1)) }, ROOT),
  ]),
  ...rejects(
    'X18',
    'CRL_BAD_ISSUER',
    // The name is right, and so is the address that it came from: the key decides.
    [
      'list-same-name',
      'a list of another CA of the same name',
      lists(
        {
          ...CA,
          signer: stranger,
          shape: set({ extensions: [authorityKeyId(keyIdOf(spkiOf(createPublicKey(stranger))))] }),
        },
        ROOT,
      ),
    ],
    [
      'list-same-name-beside',
      'a list of another CA of the same name beside the good one',
      lists(CA, ROOT, { ...CA, signer: stranger }),
    ],
  ),
]
