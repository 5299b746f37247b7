/** The certificates that vouch for a report, and their places in the host's certificate table. Untrusted until the path is proven. @module */
import { MalformedError } from '../../errors.ts'
import { decodeCertificateTable, encodeCertificateTable, SNP_CERTIFICATE_GUIDS } from './certificate-table.ts'

/** Kinds of key that sign reports: one chip's own (VCEK), or one that AMD gave a cloud provider for its machines (VLEK). */
export const SNP_SIGNER_KINDS = ['vcek', 'vlek'] as const
export type SnpSignerKind = (typeof SNP_SIGNER_KINDS)[number]

/** DER certificates of a chip's own key, and revocation lists where they are at hand. */
export interface VcekEndorsements {
  readonly vcek: Uint8Array
  readonly ask: Uint8Array
  readonly ark: Uint8Array
  readonly crls?: readonly Uint8Array[]
}

/** DER certificates of a cloud provider's key, and revocation lists where they are at hand. */
export interface VlekEndorsements {
  readonly vlek: Uint8Array
  readonly asvk: Uint8Array
  readonly ark: Uint8Array
  readonly crls?: readonly Uint8Array[]
}

/** Told apart by the certificate of the key that signs. */
export type SnpEndorsements = VcekEndorsements | VlekEndorsements

/** The same by their places in a path. */
export interface EndorsementPath {
  readonly kind: SnpSignerKind
  /** DER from the leaf to the root. */
  readonly path: readonly [leaf: Uint8Array, issuer: Uint8Array, root: Uint8Array]
  readonly crls: readonly Uint8Array[]
}

export function endorsementPath(endorsements: SnpEndorsements): EndorsementPath {
  const { ark, crls = [] } = endorsements
  return 'vcek' in endorsements
    ? { kind: 'vcek', path: [endorsements.vcek, endorsements.ask, ark], crls }
    : { kind: 'vlek', path: [endorsements.vlek, endorsements.asvk, ark], crls }
}

/**
 * Takes a chain out of a certificate table. Where a host sends both kinds the VCEK counts, which says more; entries with other GUIDs
 * are passed over: nothing authenticates them, and none is needed.
 * @throws MalformedError as {@link decodeCertificateTable}; X509_CHAIN_BROKEN when a certificate is missing
 */
export function decodeSnpEndorsements(auxblob: Uint8Array): SnpEndorsements {
  const entries = decodeCertificateTable(auxblob)
  const find = (guid: string): Uint8Array | undefined => entries.find((entry) => entry.guid === guid)?.data
  const vcek = find(SNP_CERTIFICATE_GUIDS.vcek)
  const vlek = find(SNP_CERTIFICATE_GUIDS.vlek)
  const issuer = find(SNP_CERTIFICATE_GUIDS.ask)
  const ark = find(SNP_CERTIFICATE_GUIDS.ark)
  if (vcek !== undefined && issuer !== undefined && ark !== undefined) return { vcek, ask: issuer, ark }
  if (vlek !== undefined && vcek === undefined && issuer !== undefined && ark !== undefined)
    return { vlek, asvk: issuer, ark }
  const missing = [
    ...((vcek ?? vlek) ? [] : ['VCEK or VLEK']),
    ...(issuer ? [] : [vcek === undefined && vlek ? 'ASVK' : 'ASK']),
    ...(ark ? [] : ['ARK']),
  ]
  throw new MalformedError('X509_CHAIN_BROKEN', `the certificate table has no ${missing.join(', no ')}`)
}

/** The table of a chain, as hosts write it. Revocation lists have no place in it. */
export function encodeSnpEndorsements(endorsements: SnpEndorsements): Uint8Array {
  const { kind, path } = endorsementPath(endorsements)
  const [leaf, issuer, root] = path
  return encodeCertificateTable([
    { guid: SNP_CERTIFICATE_GUIDS[kind], data: leaf },
    { guid: SNP_CERTIFICATE_GUIDS.ask, data: issuer },
    { guid: SNP_CERTIFICATE_GUIDS.ark, data: root },
  ])
}
