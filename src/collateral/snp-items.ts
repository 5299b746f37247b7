/** What AMD's key server has: VCEKs, the chains above them, revocation lists. specs/sev-snp.md sections 8 to 10. @module */
import { sameBytes } from '../core/encoding/bytes.ts'
import { decodeAscii } from '../core/encoding/utf8.ts'
import { decodeEndorsementKey, type SnpProduct, type SnpSignerKind } from '../core/snp/index.ts'
import { type Certificate, decodeCertificate } from '../core/x509/index.ts'
import { MalformedError } from '../errors.ts'
import { amdCrlAddress, chainAddress, hardwareId, type VcekSubject, vcekAddress } from './addresses.ts'
import { type FetchedCrl, readCrl, refuseOlderCrl } from './crl.ts'
import type { Dated, Item } from './item.ts'
import { decodePemPair } from './pem-pair.ts'
import { proveCrl, proveIssued, proveSigned } from './proof.ts'

/** ASK or ASVK, and ARK. */
export interface AmdChain extends Dated {
  readonly issuer: Certificate
  readonly ark: Certificate
}

export interface FetchedVcek extends Dated {
  readonly certificate: Certificate
}

const ISSUER_PREFIX = { vcek: 'SEV-', vlek: 'SEV-VLEK-' } as const
const ISSUER_NAME = { vcek: 'ASK', vlek: 'ASVK' } as const

/** @param roots fingerprints of the ARKs that count */
export function chainItem(product: SnpProduct, signer: SnpSignerKind, roots: readonly string[]): Item<AmdChain> {
  return {
    what: `${ISSUER_NAME[signer]} and ARK of ${product}`,
    address: chainAddress(product, signer),
    kind: 'certificate',
    chainHeaders: [],
    decode: ({ body }) => {
      const [issuer, ark] = decodePemPair(decodeAscii(withoutReturns(body))).map(decodeCertificate)
      if (issuer === undefined || ark === undefined) throw new MalformedError('PEM_INVALID', 'no chain')
      requireName(issuer, `${ISSUER_PREFIX[signer]}${product}`)
      requireName(ark, `ARK-${product}`)
      return { issuer, ark, goodUntil: earlier(issuer.notAfter, ark.notAfter) }
    },
    prove: async ({ issuer, ark }) => {
      await proveIssued([issuer.raw, ark.raw], roots)
    },
  }
}

/** @param chain of the same product, proven */
export function vcekItem(subject: VcekSubject, chain: () => Promise<AmdChain>): Item<FetchedVcek> {
  const { product, chipId, tcb } = subject
  const hwId = hardwareId(product, chipId)
  return {
    what: 'VCEK',
    address: vcekAddress(subject),
    kind: 'certificate',
    chainHeaders: [],
    decode: ({ body }) => {
      const certificate = decodeCertificate(body)
      const key = decodeEndorsementKey(certificate, 'vcek')
      // A genuine VCEK of another chip or level, stored for years, would fail every verification of this one.
      if (key.kind !== 'vcek' || key.product !== product || !sameBytes(key.tcb, tcb) || !sameBytes(key.hwId, hwId))
        throw new MalformedError('SNP_CHIP_MISMATCH', 'the VCEK of another chip or firmware level')
      return { certificate, goodUntil: certificate.notAfter }
    },
    prove: async ({ certificate }) => proveSigned('the VCEK', certificate, (await chain()).issuer),
  }
}

/** @param chain of the same product and signer, proven */
export function amdCrlItem(
  product: SnpProduct,
  signer: SnpSignerKind,
  chain: () => Promise<AmdChain>,
): Item<FetchedCrl> {
  return {
    what: `revocation list of ARK-${product}${signer === 'vlek' ? ' for VLEKs' : ''}`,
    address: amdCrlAddress(product, signer),
    kind: 'dated',
    chainHeaders: [],
    decode: ({ body }) => readCrl(body),
    prove: async ({ crl }) => proveCrl(crl, (await chain()).ark),
    refuseOlder: refuseOlderCrl,
  }
}

function requireName({ subject }: Certificate, name: string): void {
  if (subject.commonNames.length !== 1 || subject.commonNames[0] !== name)
    throw new MalformedError('SNP_PRODUCT_MISMATCH', `the certificate of "${subject.text}" where ${name} is due`)
}

function withoutReturns(text: Uint8Array): Uint8Array {
  return text.filter((octet) => octet !== 0x0d)
}

function earlier(a: Date, b: Date): Date {
  return a < b ? a : b
}
