/** Structure of SEV-SNP reports and of the certificate tables that hosts send with them. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import {
  decodeCertificateTable,
  decodeGuestPolicy,
  decodePlatformInfo,
  decodeSnpReport,
  decodeTcb,
  formatTcb,
  productOfCpuid,
  SNP_CERTIFICATE_GUIDS,
  type SnpProduct,
  type SnpReport,
} from '../../core/snp/index.ts'
import { MalformedError } from '../../errors.ts'
import { inspectCertificate } from './certificates.ts'
import { drawDecoded, grouped, type Inspection, type Item, type Notes } from './item.ts'

const HEADS = [
  ['signed part', 'version'],
  ['signature', 'r'],
] as const
const CPUID_OFFSET = 0x188

export function inspectSnpReport(octets: Uint8Array): Inspection {
  const { items, value, fault } = drawDecoded(octets, () => decodeSnpReport(octets), notesOf(octets))
  return {
    title: value === undefined ? 'SEV-SNP report, malformed' : `SEV-SNP report, version ${value.version}`,
    items: grouped(items, HEADS),
    more: {
      platform: 'sev-snp',
      ...(value && { version: value.version, measurements: measurementsOf(value) }),
      ...(value && { reportData: encodeHex(value.reportData) }),
    },
    ...(fault && { fault }),
  }
}

function measurementsOf(report: SnpReport): Readonly<Record<string, string>> {
  return {
    measurement: encodeHex(report.measurement),
    host_data: encodeHex(report.hostData),
    id_key_digest: encodeHex(report.idKeyDigest),
    author_key_digest: encodeHex(report.authorKeyDigest),
    family_id: encodeHex(report.familyId),
    image_id: encodeHex(report.imageId),
    report_id: encodeHex(report.reportId),
  }
}

/** The layout of TCB versions depends on the product, which reports name from version 3. */
function notesOf(octets: Uint8Array): Notes {
  const [family = 0, model = 0, stepping = 0] = octets.subarray(CPUID_OFFSET)
  const product = octets[0] === 2 ? undefined : productOfCpuid({ family, model, stepping })
  const tcb = (own: Uint8Array): string | undefined => withTcb(own, product)
  return {
    policy: (own) => withBits(own, decodeGuestPolicy(littleEndian(own))),
    platformInfo: (own) => withBits(own, decodePlatformInfo(littleEndian(own))),
    keyInfo: (own) => {
      const value = own[0] ?? 0
      return `${value} (${['VCEK', 'VLEK'][(value >> 2) & 7] ?? 'no key'} signs)`
    },
    currentTcb: tcb,
    reportedTcb: tcb,
    committedTcb: tcb,
    launchTcb: tcb,
    cpuidFamId: (own) => (product === undefined ? undefined : `${own[0] ?? 0} (${product})`),
  }
}

function withTcb(own: Uint8Array, product: SnpProduct | undefined): string | undefined {
  if (product === undefined) return undefined
  try {
    return `${encodeHex(own)} (${formatTcb(decodeTcb(own, product))})`
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** The names of the bits that are set. */
function withBits(own: Uint8Array, bits: object): string {
  const names = Object.entries(bits).flatMap(([name, value]) =>
    value === true ? [name] : typeof value === 'number' ? [`${name} ${value}`] : [],
  )
  return `0x${littleEndian(own).toString(16)} (${names.join(', ')})`
}

function littleEndian(own: Uint8Array): bigint {
  return own.reduceRight((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
}

export function inspectCertificateTable(octets: Uint8Array): Inspection {
  const { items, value = [], fault } = drawDecoded(octets, () => decodeCertificateTable(octets))
  const certificates = value.map(({ guid, data }): Item => {
    const { items: parts, fault: broken } = inspectCertificate(data)
    return { name: nameOf(guid), length: data.length, ...(broken ? { value: broken.message } : { items: parts }) }
  })
  return {
    title: `SEV-SNP certificate table, ${value.length} entries`,
    items: [...items, ...certificates],
    ...(fault && { fault }),
  }
}

function nameOf(guid: string): string {
  return Object.entries(SNP_CERTIFICATE_GUIDS).find(([, known]) => known === guid)?.[0] ?? guid
}
