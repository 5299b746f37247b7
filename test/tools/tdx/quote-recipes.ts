/** Fixtures about the quote itself: its form, its three signatures, its binding to the quoting enclave and to the question. */
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { encodePem } from '../../../src/core/encoding/pem.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { type SimulatedTdx, spkiOf } from '../../../src/simulator/index.ts'
import { SIMULATED_TDX_MEASUREMENTS, type SimulatedTdxMeasurements, svns } from '../../../src/simulator/tdx.ts'
import type { QuoteParts } from '../../../src/simulator/tdx-quote.ts'
import {
  accepts,
  altered,
  type Changes,
  filled,
  flip,
  put,
  REPORT_DATA,
  type Recipe,
  reassembled,
  rejects,
  resigned,
} from './recipe.ts'

const V5 = { version: 5, bodyType: 2 } as const
const TD15 = { version: 5, bodyType: 3 } as const
const BODY = 48
/** In version 4. */
const SIGNED = BODY + 584
const SIGNATURE = SIGNED + 4
const OUTER_TYPE = SIGNATURE + 128
const OUTER_SIZE = OUTER_TYPE + 2
const CERTIFICATION = OUTER_SIZE + 4
const AUTH_SIZE = CERTIFICATION + 384 + 64
const INNER_TYPE = AUTH_SIZE + 2 + 32
const INNER_SIZE = INNER_TYPE + 2

const es256 = (key: KeyObject, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(sign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }))
const pointOf = (key: KeyObject): Uint8Array => spkiOf(createPublicKey(key)).slice(-64)
const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
const reversed = (bytes: Uint8Array): Uint8Array => bytes.slice().reverse()

/** The enclave's report over another key, or other auth data, than the parts hold. */
function binding({ qeReport }: QuoteParts, key: Uint8Array, authData: Uint8Array): Partial<QuoteParts> {
  const hash = createHash('sha256').update(key).update(authData).digest()
  return { qeReport: put(qeReport, 320, ...hash) }
}

/** An attestation key that the enclave vouches for, whatever it is. */
const vouched = (key: Uint8Array): Changes =>
  resigned((parts) => ({ attestationKey: key, ...binding(parts, key, parts.qeAuthData) }))

/** Signs `covered` of the quote in the place of what is due. */
const signedOver = (covered: (signed: Uint8Array) => Uint8Array): Changes => ({
  fields: V5,
  tamper: (files, tdx: SimulatedTdx) => {
    const signed = files.quote.slice(0, SIGNED + 6)
    return { ...files, quote: put(files.quote, SIGNED + 10, ...es256(tdx.pki.keys.attestation, covered(signed))) }
  },
})
const bytesAt = (at: number, ...octets: readonly number[]): Changes => altered((quote) => put(quote, at, ...octets))
const changedAt = (at: number, mask?: number): Changes => altered((quote) => flip(quote, at, mask))

const FIELDS: readonly (readonly [name: string, at: number])[] = [
  ['header-reserved', 8],
  ['user-data', 28],
  ['tee-tcb-svn', BODY],
  ['mr-seam', BODY + 16],
  ['mr-signer-seam', BODY + 64],
  ['seam-attributes', BODY + 112],
  ['td-attributes', BODY + 120],
  ['xfam', BODY + 128],
  ['mr-td', BODY + 136],
  ['mr-config-id', BODY + 184],
  ['mr-owner', BODY + 232],
  ['mr-owner-config', BODY + 280],
  ['rt-mr0', BODY + 328],
  ['rt-mr1', BODY + 376],
  ['rt-mr2', BODY + 424],
  ['rt-mr3', BODY + 472],
  ['report-data', BODY + 520],
]
const QE_FIELDS: readonly (readonly [name: string, at: number])[] = [
  ['cpu-svn', 0],
  ['misc-select', 16],
  ['attributes', 48],
  ['mr-enclave', 64],
  ['mr-signer', 128],
  ['isv-prod-id', 256],
  ['isv-svn', 258],
  ['report-data', 320],
]

const row = (change: Partial<SimulatedTdxMeasurements>): SimulatedTdxMeasurements => ({
  ...SIMULATED_TDX_MEASUREMENTS,
  ...change,
})
const OTHER = 'ab'.repeat(48)

export const QUOTE_RECIPES: readonly Recipe[] = [
  accepts('T1', 'v4', 'a quote of version 4 under its named simulated root'),
  accepts('T1', 'v5-td10', 'a quote of version 5 with a TD 1.0 body', { fields: V5 }),
  accepts('T1', 'v5-td15', 'a quote of version 5 with a TD 1.5 body', { fields: TD15 }),
  accepts(
    'T1',
    'header-reserved',
    'a header whose reserved octets are not zero',
    resigned(({ signed }) => ({ signed: put(signed, 8, 1, 2, 3, 4) })),
  ),
  accepts('T3', 'padded', 'a quote with zeros behind it, as kernels hand it out', { fields: { padding: 3000 } }),
  accepts('T13', 'auth-data-none', 'a quoting enclave without auth data', { fields: { qeAuthData: filled(0, 0) } }),
  accepts('T13', 'auth-data-64', 'auth data of another length than 32', { fields: { qeAuthData: filled(64, 9) } }),
  accepts(
    'certification',
    'chain-without-nul',
    'a PCK chain without a NUL behind it',
    reassembled(({ innerData }) => ({ innerData: innerData.slice(0, -1) })),
  ),
  ...rejects(
    'T1',
    'TDX_HEADER',
    ['version-3', 'a quote of version 3', { fields: { version: 3, bodyType: 2 } }],
    ['version-6', 'a quote of an unknown version', { fields: { version: 6, bodyType: 2 } }],
    ['key-type', 'an attestation key of another type', { fields: { attestationKeyType: 3 } }],
    ['tee-type-sgx', 'a quote whose TEE is SGX', { fields: { teeType: 0 } }],
    ['tee-type-other', 'a quote of an unknown TEE', { fields: { teeType: 0x81000000 } }],
    [
      'sgx-quote',
      'an SGX quote in the place of one of TDX',
      resigned(({ signed, qeReport }) => ({
        signed: concatBytes(put(signed.slice(0, BODY), 0, 3, 0, 2, 0, 0), qeReport),
      })),
    ],
    ['body-type-sgx', "an enclave's body in a quote of version 5", { fields: { version: 5, bodyType: 1 } }],
    ['body-type-other', 'a body of an unknown type', { fields: { version: 5, bodyType: 4 } }],
    ['version-not-listed', 'a version that policy does not list', { policy: { quoteVersions: [5] } }],
    ['body-type-not-listed', 'a body type that policy does not list', { fields: TD15, policy: { bodyTypes: [2] } }],
  ),
  ...rejects(
    'T2',
    'TDX_QE_VENDOR',
    [
      'qe-vendor-first',
      'a vendor of the quoting enclave other in its first byte',
      resigned(({ signed }) => ({ signed: flip(signed, 12) })),
    ],
    [
      'qe-vendor-last',
      'a vendor of the quoting enclave other in its last byte',
      resigned(({ signed }) => ({ signed: flip(signed, 27) })),
    ],
    ['qe-vendor-zero', 'a quoting enclave without vendor', { fields: { qeVendorId: filled(16, 0) } }],
  ),
  ...rejects(
    'T3',
    'TDX_LENGTH',
    [
      'body-size-short',
      'a body size below that of its type',
      { fields: V5, ...resigned(({ signed }) => ({ signed: put(signed, 50, 0x47, 2) })) },
    ],
    [
      'body-size-of-td15',
      'the size of TD 1.5 on a TD 1.0 body',
      { fields: V5, ...resigned(({ signed }) => ({ signed: put(signed, 50, 0x88, 2) })) },
    ],
    [
      'body-size-of-td10',
      'the size of TD 1.0 on a TD 1.5 body',
      { fields: TD15, ...resigned(({ signed }) => ({ signed: put(signed, 50, 0x48, 2) })) },
    ],
    [
      'signature-size-over',
      'signature data longer than the quote',
      altered((quote) => put(quote, SIGNED, ...sizeOf(quote.length - SIGNED - 3))),
    ],
    [
      'signature-size-under',
      'signature data shorter than what they hold',
      altered((quote) => put(quote, SIGNED, ...sizeOf(quote.length - SIGNED - 5))),
    ],
    ['signature-size-zero', 'signature data of no size', bytesAt(SIGNED, 0, 0, 0, 0)],
    ['signature-size-huge', 'signature data of four gigabytes', bytesAt(SIGNED, 0xff, 0xff, 0xff, 0xff)],
    ['outer-size-over', 'certification data longer than the signature data', changedSize(OUTER_SIZE, 1)],
    ['outer-size-under', 'certification data shorter than the signature data', changedSize(OUTER_SIZE, -1)],
    ['auth-size-huge', 'auth data longer than the certification data', bytesAt(AUTH_SIZE, 0xff, 0xff)],
    ['inner-size-over', 'a PCK chain longer than the certification data', changedSize(INNER_SIZE, 1)],
    ['inner-size-under', 'a PCK chain that ends before the certification data', changedSize(INNER_SIZE, -1)],
    [
      'trailing-byte',
      'a byte other than zero behind the quote',
      altered((quote) => concatBytes(quote, Uint8Array.of(1))),
    ],
    [
      'trailing-late',
      'a byte other than zero behind zeros',
      altered((quote) => concatBytes(quote, filled(999, 0), Uint8Array.of(1))),
    ],
  ),
  ...rejects(
    'certification',
    'PARSE_INVALID',
    [
      'chain-two-nuls',
      'a PCK chain with two NULs behind it',
      reassembled(({ innerData }) => ({ innerData: concatBytes(innerData, filled(1, 0)) })),
    ],
    ['outer-type', 'certification data other than of a QE report', bytesAt(OUTER_TYPE, 5)],
    ['inner-type-2', 'an encrypted PPID in the place of the PCK chain', bytesAt(INNER_TYPE, 2)],
    ['inner-type-3', 'a longer encrypted PPID in the place of the PCK chain', bytesAt(INNER_TYPE, 3)],
    ['inner-type-4', 'a lone PCK certificate in the place of its chain', bytesAt(INNER_TYPE, 4)],
  ),
  ...rejects(
    'certification',
    'PEM_INVALID',
    ['chain-not-pem', 'a PCK chain that is no PEM', reassembled(() => ({ innerData: filled(64, 0x41) }))],
    ['chain-empty', 'an empty PCK chain', reassembled(() => ({ innerData: filled(0, 0) }))],
    [
      'chain-text-before',
      'text before a PCK chain',
      reassembled(({ innerData }) => ({ innerData: concatBytes(encodeUtf8('x\n'), innerData) })),
    ],
    [
      'chain-of-keys',
      'a PCK chain with blocks of another label',
      reassembled(({ innerData }) => ({ innerData: encodeUtf8(encodePem(innerData, 'PUBLIC KEY')) })),
    ],
  ),
  ...rejects(
    'T4',
    'TDX_BAD_SIGNATURE',
    ...FIELDS.map(([name, at]) => [`unsigned-${name}`, `${name} changed after signing`, changedAt(at)] as const),
    ['signature-r', 'a quote whose r was changed', changedAt(SIGNATURE + 31)],
    ['signature-s', 'a quote whose s was changed', changedAt(SIGNATURE + 63)],
    [
      'signature-other-key',
      'a quote that another key signed',
      reassembled(({ signed }) => ({ signature: es256(foreign, signed) })),
    ],
    [
      'signature-little-endian',
      'r and s in little-endian order',
      reassembled(({ signature }) => ({
        signature: concatBytes(reversed(signature.slice(0, 32)), reversed(signature.slice(32))),
      })),
    ],
    [
      'descriptor-type',
      'a version 5 quote whose body descriptor is not signed',
      signedOver((signed) => concatBytes(signed.slice(0, BODY), signed.slice(BODY + 6))),
    ],
    ['signed-body-only', 'a quote whose header is not signed', signedOver((signed) => signed.slice(BODY))],
  ),
  ...rejects(
    'X20',
    'SIG_MALFORMED',
    ['signature-zero', 'a quote signature of zeros', reassembled(() => ({ signature: filled(64, 0) }))],
    [
      'signature-r-zero',
      'a quote signature whose r is zero',
      reassembled(({ signature }) => ({ signature: put(signature, 0, ...filled(32, 0)) })),
    ],
    [
      'signature-s-over',
      'a quote signature whose s is beyond the order',
      reassembled(({ signature }) => ({ signature: put(signature, 32, ...filled(32, 0xff)) })),
    ],
    [
      'qe-signature-zero',
      'a signature of zeros over the QE report',
      reassembled(() => ({ qeReportSignature: filled(64, 0) })),
    ],
  ),
  ...rejects(
    'T4',
    'X509_BAD_KEY',
    [
      'attestation-key-off-curve',
      'an attestation key that is no point of the curve',
      vouched(flip(pointOf(foreign), 63)),
    ],
    ['attestation-key-zero', 'an attestation key of zeros', vouched(filled(64, 0))],
    ['attestation-key-over', 'an attestation key beyond the field', vouched(filled(64, 0xff))],
  ),
  ...rejects(
    'T11',
    'REPORT_DATA_MISMATCH',
    ['report-data-first', 'report data whose first byte differs', { reportData: flip(REPORT_DATA, 0) }],
    ['report-data-last', 'report data whose last byte differs', { reportData: flip(REPORT_DATA, 63) }],
    ['report-data-prefix', 'report data that are only a prefix', { reportData: REPORT_DATA.slice(0, 32) }],
    [
      'report-data-longer',
      'report data with a zero behind them',
      { reportData: concatBytes(REPORT_DATA, filled(1, 0)) },
    ],
  ),
  ...rejects(
    'T12',
    'TDX_QE_REPORT_SIGNATURE',
    ...QE_FIELDS.map(
      ([name, at]) =>
        [
          `qe-unsigned-${name}`,
          `${name} of the quoting enclave changed after signing`,
          changedAt(CERTIFICATION + at),
        ] as const,
    ),
    ['qe-signature-r', 'a QE report whose r was changed', changedAt(CERTIFICATION + 384 + 31)],
    ['qe-signature-s', 'a QE report whose s was changed', changedAt(CERTIFICATION + 384 + 63)],
    [
      'qe-signature-other-key',
      'a QE report that another key than that of the PCK signed',
      reassembled(({ qeReport }) => ({ qeReportSignature: es256(foreign, qeReport) })),
    ],
  ),
  ...rejects(
    'T13',
    'TDX_QE_HASH',
    [
      'key-of-another-quote',
      'an attestation key that the quoting enclave does not vouch for, with its own good signature',
      reassembled(({ signed }) => ({ attestationKey: pointOf(foreign), signature: es256(foreign, signed) })),
    ],
    [
      'auth-data-changed',
      'auth data that were changed',
      reassembled(({ qeAuthData }) => ({ qeAuthData: flip(qeAuthData, 31) })),
    ],
    [
      'auth-data-cut',
      'auth data that were cut',
      reassembled(({ qeAuthData }) => ({ qeAuthData: qeAuthData.slice(0, 31) })),
    ],
    ['qe-hash-first', 'a QE report over another hash', resigned(({ qeReport }) => ({ qeReport: flip(qeReport, 320) }))],
    [
      'qe-hash-tail-first',
      'the first octet behind the hash not zero',
      resigned(({ qeReport }) => ({ qeReport: put(qeReport, 352, 1) })),
    ],
    [
      'qe-hash-tail-last',
      'the last octet behind the hash not zero',
      resigned(({ qeReport }) => ({ qeReport: put(qeReport, 383, 1) })),
    ],
    [
      'qe-hash-of-key-only',
      'a hash over the attestation key alone',
      resigned((parts) => binding(parts, parts.attestationKey, filled(0, 0))),
    ],
    [
      'qe-hash-order',
      'a hash over auth data before key',
      resigned((parts) => binding(parts, parts.qeAuthData, parts.attestationKey)),
    ],
  ),
  ...rejects(
    'reserved',
    'PARSE_RESERVED',
    [
      'qe-reserved-014',
      'reserved bytes of the QE report at 0x14',
      resigned(({ qeReport }) => ({ qeReport: put(qeReport, 0x14, 1) })),
    ],
    [
      'qe-reserved-07f',
      'reserved bytes of the QE report at 0x7F',
      resigned(({ qeReport }) => ({ qeReport: put(qeReport, 0x7f, 1) })),
    ],
    [
      'qe-reserved-0ff',
      'reserved bytes of the QE report at 0xFF',
      resigned(({ qeReport }) => ({ qeReport: put(qeReport, 0xff, 1) })),
    ],
    [
      'qe-reserved-13f',
      'reserved bytes of the QE report at 0x13F',
      resigned(({ qeReport }) => ({ qeReport: put(qeReport, 0x13f, 1) })),
    ],
  ),
  ...rejects(
    'T10',
    'MEASUREMENT_MISMATCH',
    ['measurement-mr-td', 'an MRTD that is not pinned', { measurements: [row({ mrTd: OTHER })] }],
    ['measurement-rt-mr0', 'an RTMR0 that is not pinned', { measurements: [row({ rtMr0: OTHER })] }],
    ['measurement-rt-mr1', 'an RTMR1 that is not pinned', { measurements: [row({ rtMr1: OTHER })] }],
    ['measurement-rt-mr2', 'an RTMR2 that is not pinned', { measurements: [row({ rtMr2: OTHER })] }],
    ['measurement-none', 'measurements where none are pinned', { measurements: [] }],
    ['measurement-mixed', 'registers of two rows', { measurements: [row({ mrTd: OTHER }), row({ rtMr2: OTHER })] }],
    [
      'measurement-prefix',
      'an MRTD of which a prefix is pinned',
      { measurements: [row({ mrTd: SIMULATED_TDX_MEASUREMENTS.mrTd.slice(0, 64) })] },
    ],
    ['mr-config-id', 'an MRCONFIGID that is not pinned', { policy: { mrConfigIds: [OTHER] } }],
    ['mr-owner', 'an MROWNER that is not pinned', { policy: { mrOwners: [OTHER] } }],
    ['mr-owner-config', 'an MROWNERCONFIG that is not pinned', { policy: { mrOwnerConfigs: [OTHER] } }],
  ),
  accepts('T10', 'measurement-second-row', 'measurements of the second row', {
    measurements: [row({ mrTd: OTHER }), row({})],
  }),
  accepts('T10', 'rt-mr3', 'any RTMR3: it is judged by its events, never by its value', {
    fields: { rtMr3: filled(48, 0xab) },
  }),
  accepts('T10', 'registers-pinned', 'pinned MRCONFIGID, MROWNER and MROWNERCONFIG', {
    fields: { mrConfigId: filled(48, 0xab), mrOwner: filled(48, 0xab), mrOwnerConfig: filled(48, 0xab) },
    policy: { mrConfigIds: ['00'.repeat(48), OTHER], mrOwners: [OTHER], mrOwnerConfigs: [OTHER] },
  }),
  ...rejects('P4', 'SIMULATED_EVIDENCE', [
    'simulated-root-not-named',
    'simulated evidence whose root is not named',
    { simulatedRoots: [] },
  ]),
  accepts('T9', 'module-0', 'a module of major version 0, which has no identity of its own', {
    fields: { teeTcbSvn: svns(5, 0, 3) },
  }),
]

function sizeOf(value: number): readonly number[] {
  return [value & 0xff, (value >> 8) & 0xff, 0, 0]
}

/** A size field that says more or less than it should. */
function changedSize(at: number, by: number): Changes {
  return altered((quote) => put(quote, at, ...sizeOf((quote[at] ?? 0) + 256 * (quote[at + 1] ?? 0) + by)))
}
