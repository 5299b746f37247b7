/** Fixtures about reports that a cloud provider's key (VLEK) signed. */
import { OID_CSP_ID, OID_HWID, OID_PRODUCT_NAME, splOid } from '../../../src/core/snp/index.ts'
import { ia5String, unsigned, utf8String } from '../../../src/simulator/der-writer.ts'
import { type Shape, simulatedName } from '../../../src/simulator/index.ts'
import {
  AT,
  accepts,
  adding,
  altered,
  type Changes,
  flip,
  genoa,
  type Recipe,
  rejects,
  replacing,
  without,
} from './recipe.ts'

const CSP = 'CN=cc-eu-west-1.cloud.example'
const R = 0x2a0
const YEAR_MS = 365 * 86_400_000
const chipId = new Uint8Array(64).fill(7)
const CHIP = '07'.repeat(64)
const POLICY = { signerKinds: ['vlek'], cspIds: [CSP] }
const BOTH = { signerKinds: ['vcek', 'vlek'] }

const vlek = (changes: Changes = {}): Changes => ({
  signer: 'vlek',
  cspId: CSP,
  ...changes,
  policy: { ...POLICY, ...changes.policy },
})
const shaped = (shape: Shape): Changes => vlek({ shapes: { vcek: shape } })
const named =
  (subject: string): Shape =>
  (template) => ({ ...template, subject: simulatedName(subject) })
const issuedBy =
  (issuer: string): Shape =>
  (template) => ({ ...template, issuer: simulatedName(issuer) })

export const VLEK_RECIPES: readonly Recipe[] = [
  accepts('S13', 'vlek-genoa', 'a report that the VLEK of the listed provider signed', vlek()),
  accepts('S13', 'vlek-milan', 'a Milan report that a VLEK signed', vlek({ product: 'Milan' })),
  accepts('S13', 'vlek-turin', 'a Turin report that a VLEK signed', vlek({ product: 'Turin', fields: { version: 5 } })),
  accepts(
    'S13',
    'vlek-provider-unchecked',
    'any provider where policy leaves it unchecked',
    vlek({ policy: { cspIds: 'unchecked' } }),
  ),
  accepts('S13', 'vlek-chip-shown', 'a VLEK report whose chip id is not masked', vlek({ fields: { chipId } })),
  accepts('S13', 'vcek-provider-listed', 'a VCEK, which names no provider, where providers of VLEKs are listed', {
    policy: { ...BOTH, cspIds: [CSP] },
  }),
  ...rejects(
    'S13',
    'SNP_SIGNER_KIND',
    ['vlek-not-listed', 'a VLEK where policy lists VCEKs', vlek({ policy: { signerKinds: ['vcek'] } })],
    ['vcek-not-listed', 'a VCEK where policy lists VLEKs', { policy: { signerKinds: ['vlek'] } }],
    ['vlek-provider', 'a VLEK of another provider', vlek({ policy: { cspIds: ['CN=other.example'] } })],
    [
      'vlek-provider-prefix',
      'a provider of which a prefix is listed',
      vlek({ policy: { cspIds: [CSP.slice(0, -1)] } }),
    ],
    ['vlek-provider-longer', 'a provider that begins with a listed one', vlek({ cspId: `${CSP}.evil.example` })],
    [
      'vlek-key-info',
      'a VLEK beside a report that says VCEK',
      vlek({ policy: BOTH, reportFields: { keyInfo: { authorKeyEn: false, maskChipKey: false, signingKey: 0 } } }),
    ],
    [
      'vcek-key-info',
      'a VCEK beside a report that says VLEK',
      { policy: BOTH, reportFields: { keyInfo: { authorKeyEn: false, maskChipKey: false, signingKey: 1 } } },
    ],
  ),
  ...rejects(
    'S13',
    'X509_EXTENSION',
    ['vlek-without-csp-id', 'a VLEK that names no provider', shaped(without(OID_CSP_ID))],
    ['vlek-csp-id-empty', 'a VLEK with an empty provider', shaped(replacing(OID_CSP_ID, ia5String('')))],
    ['vlek-csp-id-utf8', 'a provider that is no IA5String', shaped(replacing(OID_CSP_ID, utf8String(CSP)))],
    ['vlek-hwid', 'a VLEK with a chip id', shaped(adding({ oid: OID_HWID, value: chipId }))],
  ),
  ...rejects(
    'S3',
    'X509_EXTENSION',
    [
      'vlek-stepping',
      'a VLEK whose product has a stepping',
      shaped(replacing(OID_PRODUCT_NAME, ia5String('Genoa-B0'))),
    ],
    ['vlek-without-product', 'a VLEK without its product', shaped(without(OID_PRODUCT_NAME))],
  ),
  ...rejects(
    'S3',
    'SNP_PRODUCT_MISMATCH',
    ['vlek-subject', 'a VLEK under the name of a VCEK', shaped(named('SEV-VCEK'))],
    [
      'vlek-under-ask',
      'a VLEK under the issuer of VCEKs',
      vlek({ shapes: { asvk: named('SEV-Genoa'), vcek: issuedBy('SEV-Genoa') } }),
    ],
    [
      'vlek-of-product',
      'a VLEK of another product than its chain',
      shaped(replacing(OID_PRODUCT_NAME, ia5String('Milan'))),
    ],
    [
      'vlek-processor',
      'a Milan processor beside a Genoa VLEK',
      vlek({ reportFields: { cpuid: { family: 0x19, model: 0x01, stepping: 1 } } }),
    ],
  ),
  ...rejects('S10', 'X509_EXTENSION', [
    'vlek-without-spl-3',
    'a VLEK without a security patch level',
    shaped(without(splOid(3))),
  ]),
  ...rejects('S10', 'SNP_TCB_CERT_MISMATCH', [
    'vlek-tcb',
    'another level than the VLEK says',
    vlek({ shapes: { vcek: replacing(splOid(3), unsigned(22)) } }),
  ]),
  ...rejects('S11', 'SNP_TCB_TOO_OLD', [
    'vlek-tcb-old',
    'a VLEK of a level below the floor',
    vlek({
      fields: { reportedTcb: genoa({ snp: 22 }) },
    }),
  ]),
  ...rejects('S2', 'SNP_BAD_SIGNATURE', [
    'vlek-signature',
    'a report that the VLEK did not sign',
    { ...vlek(), ...altered((report) => flip(report, R)) },
  ]),
  ...rejects('X13', 'X509_EXPIRED', [
    'vlek-expired',
    'a VLEK after its year',
    vlek({ at: new Date(AT.getTime() + YEAR_MS) }),
  ]),
  ...rejects('P7', 'PLATFORM_DENIED', [
    'vlek-chip-listed',
    'the listed chip where a VLEK signs, which proves none',
    vlek({ fields: { chipId }, policy: { chipIds: [CHIP] } }),
  ]),
  ...rejects('P8', 'PLATFORM_DENIED', [
    'vlek-chip-denied',
    'a VLEK report, which proves no chip, where chips are denied',
    vlek({ policy: { deniedChipIds: [CHIP] } }),
  ]),
]
