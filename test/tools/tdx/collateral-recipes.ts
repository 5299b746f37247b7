/** Fixtures about what Intel publishes: signatures over exact octets, kinds, windows, form, revocation lists. */
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  caConstraints,
  createSimulatedTdx,
  keyUsage,
  type Shape,
  type SimulatedTdx,
  signDocument,
} from '../../../src/simulator/index.ts'
import { type CrlTemplate, crlNumber } from '../../../src/simulator/issue-crl.ts'
import type { SimulatedCollateralOptions } from '../../../src/simulator/tdx-collateral.ts'
import {
  components,
  SIMULATED_LEVELS,
  SIMULATED_MODULES,
  SIMULATED_QE_LEVELS,
} from '../../../src/simulator/tdx-documents.ts'
import { serialOf, simulatedIntelName } from '../../../src/simulator/tdx-pki.ts'
import {
  AT,
  accepts,
  type Changes,
  document,
  filled,
  flip,
  later,
  put,
  type Recipe,
  rejects,
  replacing,
} from './recipe.ts'

type Name = 'tcbInfo' | 'qeIdentity'
type Case = readonly [name: string, what: string, changes: Changes]

const decoder = new TextDecoder()

/** The same JSON, written anew, under the old signature. */
const rewritten = (name: Name, write: (text: string) => string): Changes =>
  document(name, ({ body }) => ({ body: encodeUtf8(write(decoder.decode(body))) }))
const signedWith = (name: Name, key: 'root' | 'pck'): Changes =>
  document(name, ({ body }, { pki }) => ({
    signature: signDocument({ ...pki, keys: { ...pki.keys, tcbSigning: pki.keys[key] } }, body).signature,
  }))
const edited = (name: Name, edit: (text: string) => string): Changes => ({
  collateral: name === 'tcbInfo' ? { tcbInfoText: edit } : { qeIdentityText: edit },
})
const replaced = (name: Name, from: string | RegExp, to: string): Changes =>
  edited(name, (text) => {
    const out = text.replace(from, to)
    if (out === text) throw new Error(`${from} is not in the ${name}`)
    return out
  })
const fields = (
  name: Name,
  change: { issueDate?: Date; nextUpdate?: Date; evaluationNumber?: number; id?: string; version?: number },
): Changes => ({
  collateral: { [name]: change },
})

/** What is wrong with the signature of a document or with the chain above it; one code for each document. */
function signatureCases(name: Name, prefix: string): readonly Case[] {
  return [
    [
      `${prefix}-signature-r`,
      'whose r was changed',
      document(name, ({ signature }) => ({ signature: flip(signature, 31) })),
    ],
    [
      `${prefix}-signature-s`,
      'whose s was changed',
      document(name, ({ signature }) => ({ signature: flip(signature, 63) })),
    ],
    [
      `${prefix}-body-changed`,
      'of which a letter was changed',
      rewritten(name, (text) => text.replace('UpToDate', 'UptoDate')),
    ],
    [
      `${prefix}-rewritten`,
      'that was parsed and written again with blanks',
      rewritten(name, (text) => JSON.stringify(JSON.parse(text), undefined, 1)),
    ],
    [`${prefix}-newline`, 'with a line feed behind it', rewritten(name, (text) => `${text}\n`)],
    [`${prefix}-blank-before`, 'with a blank before it', rewritten(name, (text) => ` ${text}`)],
    [
      `${prefix}-escaped`,
      'of which a letter was written as an escape',
      rewritten(name, (text) => text.replace('"id":"T', '"id":"\\u0054')),
    ],
    [`${prefix}-signed-by-root`, 'that the root key signed', signedWith(name, 'root')],
    [`${prefix}-signed-by-pck`, 'that a PCK key signed', signedWith(name, 'pck')],
    [
      `${prefix}-signature-of-other`,
      'with the signature of the other document',
      {
        tamper: (files) => ({
          ...files,
          [name]: { ...files[name], signature: (name === 'tcbInfo' ? files.qeIdentity : files.tcbInfo).signature },
        }),
      },
    ],
    [`${prefix}-chain-none`, 'without a chain', document(name, () => ({ issuerChain: [] }))],
    [
      `${prefix}-chain-root-only`,
      'with the root alone above it',
      document(name, ({ issuerChain }) => ({ issuerChain: issuerChain.slice(1) })),
    ],
    [
      `${prefix}-chain-swapped`,
      'with its chain in the opposite order',
      document(name, ({ issuerChain }) => ({ issuerChain: [...issuerChain].reverse() })),
    ],
    [
      `${prefix}-chain-of-ca`,
      'under the Platform CA in the place of the TCB signing certificate',
      document(name, (_, { pki }) => ({ issuerChain: [pki.certificates.platformCa, pki.certificates.root] })),
    ],
    [
      `${prefix}-other-intel`,
      'of another root with the same names',
      document(name, (_, __, other) => other.collateral[name]),
    ],
    [
      `${prefix}-chain-signature`,
      'whose signing certificate was changed',
      document(name, ({ issuerChain }) => ({
        issuerChain: issuerChain.map((der, index) => (index === 0 ? flip(der, der.length - 1) : der)),
      })),
    ],
  ]
}

/** Signatures out of form, on either document. */
const misshapenCases = (name: Name, prefix: string): readonly Case[] => [
  [
    `${prefix}-signature-short`,
    'whose signature was cut',
    document(name, ({ signature }) => ({ signature: signature.slice(0, 63) })),
  ],
  [
    `${prefix}-signature-long`,
    'whose signature has an octet behind it',
    document(name, ({ signature }) => ({ signature: put(filled(65, 0), 0, ...signature) })),
  ],
  [`${prefix}-signature-none`, 'without a signature', document(name, () => ({ signature: filled(0, 0) }))],
  [`${prefix}-signature-zero`, 'with a signature of zeros', document(name, () => ({ signature: filled(64, 0) }))],
]

const described = (what: string, cases: readonly Case[]): readonly Case[] =>
  cases.map(([name, tail, changes]) => [name, `${what} ${tail}`, changes])

/** The lists, signed anew with `change`, which may look at the keys. */
function list(
  name: 'pckCrl' | 'rootCaCrl',
  change: (template: CrlTemplate, tdx: SimulatedTdx) => Partial<CrlTemplate>,
): Changes {
  return listed(name, (template, tdx) => ({ ...template, ...change(template, tdx) }))
}

const withoutNumber = (name: 'pckCrl' | 'rootCaCrl'): Changes => listed(name, ({ number: _, ...template }) => template)

function listed(
  name: 'pckCrl' | 'rootCaCrl',
  write: (template: CrlTemplate, tdx: SimulatedTdx) => CrlTemplate,
): Changes {
  return {
    tamper: (files, tdx) => {
      const collateral: SimulatedCollateralOptions = { [name]: (template: CrlTemplate) => write(template, tdx) }
      return { ...files, [name]: createSimulatedTdx({ pki: tdx.pki, clock: () => AT, collateral }).collateral[name] }
    },
  }
}

const revoking = (
  which: 'pck' | 'platformCa' | 'tcbSigning',
  others: number,
): ((template: CrlTemplate, tdx: SimulatedTdx) => Partial<CrlTemplate>) => {
  return ({ thisUpdate }, { pki }) => {
    const revoked = Array.from({ length: others }, (_, index) => ({
      serial: put(filled(20, 0x33), 1, index),
      date: thisUpdate,
    }))
    return { revoked: [...revoked, { serial: serialOf(pki.keys[which]), date: thisUpdate }] }
  }
}

/** Both lists have the same faults. */
function listCases(name: 'pckCrl' | 'rootCaCrl', prefix: string, what: string): readonly Recipe[] {
  const other: Changes = { tamper: (files, _, other) => ({ ...files, [name]: other.collateral[name] }) }
  const bytes = (change: (der: Uint8Array) => Uint8Array): Changes => ({
    tamper: (files) => ({ ...files, [name]: change(files[name]) }),
  })
  return [
    ...rejects('X15', 'CRL_MISSING', [
      `${prefix}-missing`,
      `an empty file in the place of ${what}`,
      bytes(() => new Uint8Array()),
    ]),
    ...rejects(
      'X16',
      'CRL_EXPIRED',
      [`${prefix}-expired`, `${what} a second past its next update`, list(name, () => ({ nextUpdate: later(0, -1) }))],
      [`${prefix}-future`, `${what} a second before its update`, list(name, () => ({ thisUpdate: later(0, 1) }))],
    ),
    ...rejects('X17', 'CRL_BAD_ISSUER', [
      `${prefix}-signature`,
      `${what} whose signature was changed`,
      bytes((der) => flip(der, der.length - 1)),
    ]),
    ...rejects('X17', 'CRL_MALFORMED', [`${prefix}-without-number`, `${what} without a number`, withoutNumber(name)]),
    ...rejects('X18', 'CRL_BAD_ISSUER', [
      `${prefix}-same-name`,
      `${what} of an issuer with the same name and another key`,
      other,
    ]),
    accepts(
      'X16',
      `${prefix}-last-second`,
      `${what} in the second of its next update`,
      list(name, () => ({ nextUpdate: AT })),
    ),
    accepts(
      'X16',
      `${prefix}-first-second`,
      `${what} in the second of its update`,
      list(name, () => ({ thisUpdate: AT })),
    ),
  ]
}

const malformedCases = (name: Name, prefix: string): readonly Case[] => [
  [
    `${prefix}-duplicate-key`,
    'with a key that stands there twice',
    replaced(name, '"version":', '"id":"X","version":'),
  ],
  [`${prefix}-trailing`, 'with text behind it, signed', edited(name, (text) => `${text}{}`)],
  [
    `${prefix}-depth`,
    'nested deeper than any',
    replaced(name, '"version":', `"x":${'['.repeat(32)}${']'.repeat(32)},"version":`),
  ],
  [
    `${prefix}-fraction`,
    'with a number that is no integer',
    replaced(name, /"tcbEvaluationDataNumber":\d+/, '"tcbEvaluationDataNumber":19.5'),
  ],
  [
    `${prefix}-unsafe-key`,
    'with a key that would reach a prototype',
    replaced(name, '"version":', '"__proto__":{},"version":'),
  ],
  [`${prefix}-array`, 'that is no object', edited(name, (text) => `[${text}]`)],
  [`${prefix}-version`, 'of an unknown version', fields(name, { version: 9 })],
  [
    `${prefix}-date`,
    'with a date that is none',
    replaced(name, /"issueDate":"[^"]*"/, '"issueDate":"2026-02-30T00:00:00Z"'),
  ],
  [
    `${prefix}-date-zone`,
    'with a date of another zone',
    replaced(name, /"issueDate":"[^"]*"/, '"issueDate":"2026-11-20T12:00:00+00:00"'),
  ],
  [`${prefix}-without-number`, 'without its evaluation number', replaced(name, /"tcbEvaluationDataNumber":\d+,/, '')],
  [`${prefix}-levels-none`, 'without levels', { collateral: { [name]: { levels: [] } } }],
]

const windowCases = (name: Name, prefix: string, what: string): readonly Recipe[] => [
  ...rejects('T19', 'COLLATERAL_EXPIRED', [
    `${prefix}-expired`,
    `${what} a second past its next update`,
    fields(name, { nextUpdate: later(0, -1) }),
  ]),
  ...rejects('T19', 'COLLATERAL_FUTURE', [
    `${prefix}-future`,
    `${what} a second before its issue`,
    fields(name, { issueDate: later(0, 1) }),
  ]),
  accepts('T19', `${prefix}-last-second`, `${what} in the second of its next update`, fields(name, { nextUpdate: AT })),
  accepts('T19', `${prefix}-first-second`, `${what} in the second of its issue`, fields(name, { issueDate: AT })),
  ...rejects('T21', 'COLLATERAL_ROLLBACK', [
    `${prefix}-rollback`,
    `${what} with an evaluation number below the floor`,
    fields(name, { evaluationNumber: 17 }),
  ]),
  accepts(
    'T21',
    `${prefix}-at-floor`,
    `${what} with an evaluation number at the floor`,
    fields(name, { evaluationNumber: 18 }),
  ),
]

const level = SIMULATED_LEVELS.slice(0, 1)
const tcbInfo = (change: SimulatedCollateralOptions['tcbInfo'] & object): Changes => ({
  collateral: { tcbInfo: change },
})
const words = ['uptodate', 'UpToDate ', 'Unknown', ''] as const

/** TCB info under an altered TCB signing certificate. */
const signer = (shape: Shape): Changes => ({ certificates: { tcbSigning: shape } })

export const COLLATERAL_RECIPES: readonly Recipe[] = [
  accepts('T26', 'processor-ca', 'a PCK certificate of the Processor CA with its list', { ca: 'processor' }),
  ...rejects('T18', 'TCB_INFO_SIGNATURE', ...described('TCB info', signatureCases('tcbInfo', 'tcb-info'))),
  ...rejects(
    'T14',
    'QE_IDENTITY_SIGNATURE',
    ...described('a QE identity', signatureCases('qeIdentity', 'qe-identity')),
  ),
  ...rejects(
    'T18',
    'TCB_INFO_SIGNATURE',
    ...described('TCB info', [
      [
        'tcb-info-signer-other-name',
        'whose signer is certified for another purpose',
        signer((template) => ({ ...template, subject: simulatedIntelName('Other Signing') })),
      ],
      [
        'tcb-info-signer-two-names',
        'whose signer has a second common name',
        signer((template) => ({ ...template, subject: [...template.subject, ['2.5.4.3', 'Other']] })),
      ],
      [
        'tcb-info-signer-expired',
        'whose signer expired',
        signer((template) => ({ ...template, notAfter: later(0, -1) })),
      ],
      ['tcb-info-signer-ca', 'whose signer is a CA', signer(replacing(caConstraints(0)))],
      ['tcb-info-signer-usage', 'whose signer may not sign data', signer(replacing(keyUsage(0x20)))],
    ]),
  ),
  ...rejects('X20', 'SIG_MALFORMED', ...described('TCB info', misshapenCases('tcbInfo', 'tcb-info'))),
  ...rejects('X20', 'SIG_MALFORMED', ...described('a QE identity', misshapenCases('qeIdentity', 'qe-identity'))),
  ...rejects(
    'T17',
    'COLLATERAL_KIND',
    ['qe-identity-sgx', 'the identity of the SGX quoting enclave', fields('qeIdentity', { id: 'QE' })],
    ['qe-identity-qve', 'the identity of the quote verification enclave', fields('qeIdentity', { id: 'QVE' })],
    ['tcb-info-sgx', 'TCB info of SGX', fields('tcbInfo', { id: 'SGX' })],
    ['tcb-info-lower', 'a kind in other case', fields('tcbInfo', { id: 'tdx' })],
  ),
  ...windowCases('tcbInfo', 'tcb-info', 'TCB info'),
  ...windowCases('qeIdentity', 'qe-identity', 'a QE identity'),
  ...rejects(
    'T24',
    'TCB_INFO_MALFORMED',
    [
      'components-sgx-15',
      'a level with 15 SGX components',
      tcbInfo({ levels: level.map((one) => ({ ...one, sgx: one.sgx.slice(0, 15) })) }),
    ],
    [
      'components-sgx-17',
      'a level with 17 SGX components',
      tcbInfo({ levels: level.map((one) => ({ ...one, sgx: [...one.sgx, 0] })) }),
    ],
    [
      'components-tdx-15',
      'a level with 15 TDX components',
      tcbInfo({ levels: level.map((one) => ({ ...one, tdx: one.tdx.slice(0, 15) })) }),
    ],
    [
      'components-tdx-17',
      'a level with 17 TDX components',
      tcbInfo({ levels: level.map((one) => ({ ...one, tdx: [...one.tdx, 0] })) }),
    ],
    ['components-none', 'a level without TDX components', replaced('tcbInfo', /,"tdxtcbcomponents":\[[^\]]*\]/, '')],
    [
      'components-svn-256',
      'a component beyond an octet',
      tcbInfo({ levels: level.map((one) => ({ ...one, tdx: [256, ...components().slice(1)] })) }),
    ],
    ['components-svn-text', 'a component that is text', replaced('tcbInfo', '"svn":3', '"svn":"3"')],
    [
      'pce-svn-65536',
      'a PCESVN beyond two octets',
      tcbInfo({ levels: level.map((one) => ({ ...one, pceSvn: 0x10000 })) }),
    ],
    [
      'levels-twice',
      'one level that stands there twice with two statuses',
      tcbInfo({
        levels: [...SIMULATED_LEVELS, ...SIMULATED_LEVELS.slice(2).map((one) => ({ ...one, status: 'UpToDate' }))],
      }),
    ],
    [
      'modules-twice',
      'one module identity twice',
      tcbInfo({
        modules: [...SIMULATED_MODULES, ...SIMULATED_MODULES.slice(1).map((one) => ({ ...one, id: 'TDX_01' }))],
      }),
    ],
    ['tcb-type', 'an unknown type of TCB', tcbInfo({ tcbType: 1 })],
    ['fmspc-long', 'an FMSPC of seven octets', tcbInfo({ fmspc: '53494D54445800' })],
    [
      'module-id',
      'a module identity with another name',
      tcbInfo({ modules: SIMULATED_MODULES.map((one) => ({ ...one, id: `X${one.id}` })) }),
    ],
  ),
  ...rejects('collateral-form', 'TCB_INFO_MALFORMED', ...described('TCB info', malformedCases('tcbInfo', 'tcb-info'))),
  ...rejects(
    'collateral-form',
    'QE_IDENTITY_MALFORMED',
    ...described('a QE identity', malformedCases('qeIdentity', 'qe-identity')),
  ),
  accepts(
    'collateral-form',
    'tcb-info-other-member',
    'TCB info with a member that no rule reads',
    replaced('tcbInfo', '"version":', '"future":{"a":[1]},"version":'),
  ),
  ...rejects(
    'T25',
    'TDX_TCB_STATUS',
    ...words.map(
      (word, index): Case => [
        `status-unknown-${index}`,
        `the platform status ${JSON.stringify(word)}`,
        tcbInfo({ levels: SIMULATED_LEVELS.map((one, at) => (at === 0 ? { ...one, status: word } : one)) }),
      ],
    ),
    [
      'status-unknown-elsewhere',
      'an unknown status on a level that is not reached',
      tcbInfo({ levels: SIMULATED_LEVELS.map((one, at) => (at === 2 ? { ...one, status: 'Unknown' } : one)) }),
    ],
    [
      'status-unknown-module',
      'an unknown status of a module',
      tcbInfo({
        modules: SIMULATED_MODULES.map((one) => ({
          ...one,
          levels: one.levels.map((at) => ({ ...at, status: 'Unknown' })),
        })),
      }),
    ],
    [
      'status-unknown-qe',
      'an unknown status of the quoting enclave',
      { collateral: { qeIdentity: { levels: SIMULATED_QE_LEVELS.map((one) => ({ ...one, status: 'Unknown' })) } } },
    ],
    [
      'status-relaunch',
      'a relaunch advice, which no document states',
      tcbInfo({
        levels: SIMULATED_LEVELS.map((one, at) => (at === 0 ? { ...one, status: 'TDRelaunchAdvised' } : one)),
      }),
    ],
  ),
  ...rejects(
    'X14',
    'X509_REVOKED',
    ['pck-revoked', 'a revoked PCK certificate', list('pckCrl', revoking('pck', 0))],
    ['pck-revoked-among-many', 'a PCK certificate revoked among many', list('pckCrl', revoking('pck', 40))],
    ['platform-ca-revoked', 'a revoked Platform CA', list('rootCaCrl', revoking('platformCa', 2))],
    ['tcb-signing-revoked', 'a revoked TCB signing certificate', list('rootCaCrl', revoking('tcbSigning', 2))],
  ),
  ...listCases('pckCrl', 'pck-crl', 'the list of the PCK CA'),
  ...listCases('rootCaCrl', 'root-crl', 'the list of the root'),
  ...rejects(
    'X17',
    'CRL_BAD_ISSUER',
    [
      'crl-without-crl-sign',
      'a list of a CA that may not sign lists',
      { certificates: { platformCa: replacing(keyUsage(0x04)) } },
    ],
    [
      'crl-of-root',
      'the list of the root in the place of that of the PCK CA',
      { tamper: (files) => ({ ...files, pckCrl: files.rootCaCrl }) },
    ],
  ),
  ...rejects(
    'X17',
    'CRL_MALFORMED',
    [
      'crl-number-critical',
      'a list whose number is critical',
      list('pckCrl', ({ extensions = [] }) => ({
        number: 1,
        extensions: [...extensions, { ...crlNumber(1), oid: '1.2.3.4', critical: true }],
      })),
    ],
    ['crl-version-1', 'a list of version 1', list('pckCrl', () => ({ version: 1 }))],
    ['crl-empty-entries', 'a list with an empty row of entries', list('pckCrl', () => ({ revoked: 'empty-list' }))],
  ),
  ...rejects('X15', 'CRL_MISSING', [
    'crl-of-pck-ca',
    'the list of the PCK CA in the place of that of the root',
    { tamper: (files) => ({ ...files, rootCaCrl: files.pckCrl }) },
  ]),
  ...rejects('T26', 'CRL_BAD_ISSUER', [
    'processor-with-platform-crl',
    'a PCK certificate of the Processor CA with the list of the Platform CA',
    {
      ca: 'processor',
      tamper: (files, tdx) => ({
        ...files,
        pckCrl: createSimulatedTdx({ pki: tdx.pki, clock: () => AT }).collateral.pckCrl,
      }),
    },
  ]),
  accepts('X15', 'revocation-unchecked-expired', 'lists past their update where policy does not ask for them', {
    ...list('pckCrl', () => ({ nextUpdate: later(0, -1) })),
    policy: { revocation: 'unchecked' },
  }),
  accepts('X15', 'revocation-unchecked', 'no lists where policy does not ask for them', {
    tamper: (files) => ({ ...files, pckCrl: new Uint8Array(), rootCaCrl: new Uint8Array() }),
    policy: { revocation: 'unchecked' },
  }),
]
