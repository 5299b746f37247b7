/** Intel's identity of the TD quoting enclave. Layout only: read it once its signature is verified. @module */
import { decodePcsBody, type PcsDocument, readKind, readOctets, readPcsDocument } from './pcs-fields.ts'
import { readSvnLevels, type SvnLevel } from './tcb-info.ts'

/** Octets stand in the order of the enclave report, as Intel prints them. */
export interface QeIdentity extends PcsDocument {
  readonly miscSelect: Uint8Array
  readonly miscSelectMask: Uint8Array
  readonly attributes: Uint8Array
  readonly attributesMask: Uint8Array
  readonly mrSigner: Uint8Array
  readonly isvProdId: number
  /** In no order that counts. */
  readonly levels: readonly SvnLevel[]
}

const VERSIONS: readonly number[] = [2, 3]

/**
 * Reads the JSON value that Intel signs.
 * @throws MalformedError COLLATERAL_KIND for the identity of another enclave; TDX_TCB_STATUS for a status that is not known;
 *   QE_IDENTITY_MALFORMED
 */
export function decodeQeIdentity(body: Uint8Array): QeIdentity {
  return decodePcsBody(body, { path: 'enclaveIdentity', malformed: 'QE_IDENTITY_MALFORMED' }, (reader) => {
    readKind(reader, 'TD_QE')
    if (!VERSIONS.includes(reader.integer('version')))
      throw reader.invalid('version', `must be ${VERSIONS.join(' or ')}`)
    return {
      ...readPcsDocument(reader),
      miscSelect: readOctets(reader, 'miscselect', 4),
      miscSelectMask: readOctets(reader, 'miscselectMask', 4),
      attributes: readOctets(reader, 'attributes', 16),
      attributesMask: readOctets(reader, 'attributesMask', 16),
      mrSigner: readOctets(reader, 'mrsigner', 32),
      isvProdId: reader.integer('isvprodid', { max: 0xffff }),
      levels: readSvnLevels(reader),
    }
  })
}
