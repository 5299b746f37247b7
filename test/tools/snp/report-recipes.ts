/** Fixtures about the report itself: its form, its signature, its binding to the certificate and to the question. */
import { concatBytes, decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { OID_HWID, OID_PRODUCT_NAME, splOid } from '../../../src/core/snp/index.ts'
import { ia5String, unsigned } from '../../../src/simulator/der-writer.ts'
import { SIMULATED_MEASUREMENT, simulatedName, wrapHwId } from '../../../src/simulator/index.ts'
import {
  accepts,
  allTcbs,
  altered,
  flip,
  genoa,
  put,
  REPORT_DATA,
  type Recipe,
  rejects,
  replacing,
  resigned,
} from './recipe.ts'

const R = 0x2a0
const S = 0x2e8
const SCALAR = 48
const reversed = (report: Uint8Array, at: number): readonly number[] => [...report.slice(at, at + SCALAR).reverse()]
const renamedAsk = (name: string) => ({
  ask: (template: Parameters<typeof wrapHwId>[0]) => ({ ...template, subject: simulatedName(name) }),
  vcek: (template: Parameters<typeof wrapHwId>[0]) => ({ ...template, issuer: simulatedName(name) }),
})
const chip = (octet: number): Uint8Array => new Uint8Array(64).fill(octet)
const turinChip = put(new Uint8Array(64), 0, 1, 2, 3, 4, 5, 6, 7, 8)
const measurement = decodeHex(SIMULATED_MEASUREMENT)

export const REPORT_RECIPES: readonly Recipe[] = [
  accepts('P4', 'genoa-v3', 'a Genoa report of version 3 under its named simulated root'),
  accepts('S1', 'genoa-v2', 'a report of version 2, which names no processor', { fields: { version: 2 } }),
  accepts('S1', 'genoa-v4', 'a report of version 4', { fields: { version: 4 } }),
  accepts('S1', 'genoa-v5', 'a report of version 5 with mitigation vectors', {
    fields: { version: 5, launchMitVector: 3n, currentMitVector: 11n },
  }),
  accepts('S3', 'milan-v3', 'a Milan report', { product: 'Milan' }),
  accepts('S3', 'turin-v5', 'a Turin report with its own TCB layout', { product: 'Turin', fields: { version: 5 } }),
  accepts('S12', 'hwid-wrapped', 'a chip id inside an OCTET STRING', { shapes: { vcek: wrapHwId } }),
  ...rejects(
    'S1',
    'SNP_VERSION',
    ['version-6', 'a report of an unknown version', resigned((report) => put(report, 0, 6))],
    ['version-1', 'a report of a version before any', resigned((report) => put(report, 0, 1))],
    ['version-not-listed', 'a version that policy does not list', { policy: { reportVersions: [5] } }],
    ['length-1183', 'a report one byte short', altered((report) => report.slice(0, -1))],
    ['length-1185', 'a report one byte long', altered((report) => concatBytes(report, new Uint8Array(1)))],
  ),
  ...rejects(
    'reserved',
    'PARSE_RESERVED',
    ['reserved-04c', 'reserved bytes at 0x4C', resigned((report) => put(report, 0x4c, 1))],
    ['reserved-18b', 'reserved bytes at 0x18B', resigned((report) => put(report, 0x18b, 1))],
    ['reserved-1eb', 'the reserved byte at 0x1EB', resigned((report) => put(report, 0x1eb, 1))],
    ['reserved-1f8-before-v5', 'mitigation vectors before version 5', resigned((report) => put(report, 0x1f8, 1))],
    ['reserved-29f', 'reserved bytes at 0x29F', resigned((report) => put(report, 0x29f, 1))],
    ['reserved-49f', 'reserved bytes behind the signature', altered((report) => put(report, 0x49f, 1))],
    ['reserved-key-info', 'reserved bits of KEY_INFO', resigned((report) => put(report, 0x48, 0x20))],
    [
      'cpuid-in-v2',
      'a processor in a report of version 2',
      { fields: { version: 2 }, ...resigned((report) => put(report, 0x188, 0x19)) },
    ],
  ),
  ...rejects(
    'S2',
    'SNP_BAD_SIGNATURE',
    ['signature-r', 'a report whose r was changed', altered((report) => flip(report, R))],
    ['signature-s', 'a report whose s was changed', altered((report) => flip(report, S))],
    ['signature-zero', 'a signature of zeros', altered((report) => put(report, R, ...new Uint8Array(2 * 72)))],
    [
      'signature-big-endian',
      'r and s in big-endian order',
      altered((report) => put(put(report, R, ...reversed(report, R)), S, ...reversed(report, S))),
    ],
    ['debug-after-signing', 'a policy that was changed after signing', altered((report) => flip(report, 0x0a, 0x08))],
  ),
  ...rejects(
    'S2',
    'SNP_SIG_PADDING',
    ['signature-padding-r', 'padding of r that is not zero', altered((report) => flip(report, R + SCALAR))],
    ['signature-padding-s', 'padding of s that is not zero', altered((report) => flip(report, S + 71))],
  ),
  ...rejects('S2', 'SNP_SIG_ALG', [
    'signature-algorithm',
    'a signature algorithm other than 1',
    { reportFields: { signatureAlgo: 2 } },
  ]),
  ...rejects(
    'S3',
    'SNP_PRODUCT_MISMATCH',
    [
      'product-of-processor',
      'a Milan processor under a Genoa chain',
      { reportFields: { cpuid: { family: 0x19, model: 0x01, stepping: 1 } } },
    ],
    [
      'product-unknown-processor',
      'a processor of no product line',
      { reportFields: { cpuid: { family: 0x17, model: 0x31, stepping: 0 } } },
    ],
    ['product-of-ask', 'a Milan ASK under a Genoa ARK', { shapes: renamedAsk('SEV-Milan') }],
    ['product-asvk', 'a VCEK under the issuer of VLEKs', { shapes: renamedAsk('SEV-VLEK-Genoa') }],
    [
      'product-of-vcek',
      'a VCEK of another product than its chain',
      { shapes: { vcek: replacing(OID_PRODUCT_NAME, ia5String('Milan-B0')) } },
    ],
  ),
  ...rejects(
    'S10',
    'SNP_TCB_CERT_MISMATCH',
    [
      'tcb-cert-boot-loader',
      'a boot loader other than the certificate says',
      { reportFields: allTcbs(genoa({ bootLoader: 11 })) },
    ],
    ['tcb-cert-tee', 'a TEE level other than the certificate says', { reportFields: allTcbs(genoa({ tee: 1 })) }],
    ['tcb-cert-snp', 'an SNP level other than the certificate says', { reportFields: allTcbs(genoa({ snp: 24 })) }],
    [
      'tcb-cert-microcode',
      'a microcode other than the certificate says',
      { reportFields: allTcbs(genoa({ microcode: 85 })) },
    ],
    [
      'tcb-cert-reserved',
      'a level in the certificate that the report has no place for',
      { shapes: { vcek: replacing(splOid(4), unsigned(1)) } },
    ],
    [
      'tcb-cert-fmc',
      'an FMC other than the certificate says',
      { product: 'Turin', shapes: { vcek: replacing(splOid(9), unsigned(2)) } },
    ],
  ),
  ...rejects(
    'S12',
    'SNP_CHIP_MISMATCH',
    ['chip-other', 'a chip other than the certificate names', { reportFields: { chipId: chip(7) } }],
    ['chip-masked', 'a masked chip id', { reportFields: { chipId: chip(0) } }],
    ['chip-masked-twice', 'a chip id of zeros in report and certificate', { fields: { chipId: chip(0) } }],
    [
      'chip-turin-tail',
      'octets behind the eight of a Turin chip id',
      { product: 'Turin', fields: { chipId: turinChip }, reportFields: { chipId: put(turinChip, 63, 1) } },
    ],
    [
      'chip-hwid-other',
      'a certificate of another chip with the same key',
      { shapes: { vcek: replacing(OID_HWID, chip(9)) } },
    ],
  ),
  ...rejects(
    'S13',
    'SNP_SIGNER_KIND',
    [
      'signer-vlek',
      'a report that a VLEK signed',
      { reportFields: { keyInfo: { authorKeyEn: false, maskChipKey: false, signingKey: 1 } } },
    ],
    [
      'signer-none',
      'a report that no key signed',
      { reportFields: { keyInfo: { authorKeyEn: false, maskChipKey: false, signingKey: 7 } } },
    ],
    [
      'signer-masked',
      'a masked chip key',
      { reportFields: { keyInfo: { authorKeyEn: false, maskChipKey: true, signingKey: 0 } } },
    ],
  ),
  ...rejects(
    'S17',
    'REPORT_DATA_MISMATCH',
    ['report-data-first', 'report data whose first byte differs', { reportData: flip(REPORT_DATA, 0) }],
    ['report-data-last', 'report data whose last byte differs', { reportData: flip(REPORT_DATA, 63) }],
    ['report-data-prefix', 'report data that are only a prefix', { reportData: REPORT_DATA.slice(0, 32) }],
    [
      'report-data-longer',
      'report data with zeros behind them',
      { reportData: concatBytes(REPORT_DATA, new Uint8Array(1)) },
    ],
  ),
  ...rejects(
    'S15',
    'MEASUREMENT_MISMATCH',
    ['measurement', 'a measurement that is not pinned', { measurements: [encodeHex(flip(measurement, 47))] }],
    ['measurement-none', 'a measurement where none is pinned', { measurements: [] }],
    [
      'measurement-prefix',
      'a measurement of which a prefix is pinned',
      { measurements: [SIMULATED_MEASUREMENT.slice(0, 64)] },
    ],
  ),
]
