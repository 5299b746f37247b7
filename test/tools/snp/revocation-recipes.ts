/** Fixtures about AMD's revocation lists: signed by the ARK, about the issuers of signing keys. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { type CrlTemplate, keyUsage, simulatedName } from '../../../src/simulator/index.ts'
import { AT, accepts, type Changes, type Recipe, rejects, replacing } from './recipe.ts'

const DAY_MS = 86_400_000
const VCEK_SERIAL = Uint8Array.of(7)
/** AMD issues none; where one is given it counts. */
const listOfAsk = (template: CrlTemplate): CrlTemplate => ({
  ...template,
  issuer: simulatedName('SEV-Genoa'),
  revoked: [{ serial: VCEK_SERIAL, date: template.thisUpdate }],
})
const REQUIRED = { revocation: 'required' }
const VLEK = { signer: 'vlek', policy: { ...REQUIRED, signerKinds: ['vlek'] } } as const
const listed = (...crls: NonNullable<Changes['crls']>): Changes => ({ crls, policy: REQUIRED })
const listedVlek = (...crls: NonNullable<Changes['crls']>): Changes => ({ ...VLEK, crls })

export const REVOCATION_RECIPES: readonly Recipe[] = [
  accepts('S18', 'crl', 'an ASK that the list of its ARK does not name', listed({})),
  accepts('S18', 'crl-vlek', 'an ASVK that the list of its ARK does not name', listedVlek({})),
  accepts('S18', 'crl-of-other', 'an ASK beside a list that names the ASVK', listed({ revoked: ['asvk'] })),
  accepts('S18', 'crl-unchecked', 'a revoked ASK where policy leaves revocation unchecked', {
    crls: [{ revoked: ['ask'] }],
  }),
  ...rejects(
    'S18',
    'X509_REVOKED',
    ['crl-ask', 'a revoked ASK', listed({ revoked: ['ask'] })],
    ['crl-ask-among-others', 'a revoked ASK in a list of several', listed({ revoked: ['asvk', 'ask'] })],
    ['crl-asvk', 'a revoked ASVK', listedVlek({ revoked: ['asvk'] })],
    [
      'crl-vcek',
      'a VCEK that a list of its ASK names',
      {
        ...listed({}, { key: 'ask', shape: listOfAsk }),
        shapes: {
          ask: replacing('2.5.29.15', keyUsage(0x06).value),
          vcek: (template) => ({ ...template, serial: VCEK_SERIAL }),
        },
      },
    ],
  ),
  ...rejects(
    'X15',
    'CRL_MISSING',
    ['crl-missing', 'an ASK without a list', listed()],
    ['crl-missing-vlek', 'an ASVK without a list', listedVlek()],
    [
      'crl-other-name',
      'a list of another issuer alone',
      listed({ shape: (template) => ({ ...template, issuer: simulatedName('ARK-Milan') }) }),
    ],
  ),
  ...rejects(
    'X16',
    'CRL_EXPIRED',
    [
      'crl-expired',
      'a list past its next update',
      listed({ shape: (template) => ({ ...template, nextUpdate: new Date(AT.getTime() - 1000) }) }),
    ],
    [
      'crl-not-yet',
      'a list from the future',
      listed({ shape: (template) => ({ ...template, thisUpdate: new Date(AT.getTime() + DAY_MS) }) }),
    ],
  ),
  ...rejects(
    'X17',
    'CRL_BAD_ISSUER',
    ['crl-other-key', 'a list under the name of the ARK, signed by another key', listed({ key: 'ask' })],
    [
      'crl-sign',
      'a list of an ARK that may not sign lists',
      { ...listed({}), shapes: { ark: replacing('2.5.29.15', keyUsage(0x04).value) } },
    ],
  ),
  ...rejects(
    'X17',
    'CRL_MALFORMED',
    [
      'crl-trailing',
      'bytes behind a list',
      {
        ...listed({}),
        tamper: (files) => ({ ...files, crls: files.crls.map((list) => concatBytes(list, Uint8Array.of(0))) }),
      },
    ],
    ['crl-number', 'a list without a number', listed({ shape: ({ number: _, ...template }) => template })],
  ),
]
