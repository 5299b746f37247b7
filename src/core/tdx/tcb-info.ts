/** Intel's TCB info (version 3) of a kind of TDX platform. Layout only: read it once its signature is verified. @module */
import { MalformedError } from '../../errors.ts'
import { encodeHex } from '../encoding/bytes.ts'
import type { ObjectReader } from '../encoding/shape.ts'
import {
  decodePcsBody,
  type PcsDocument,
  readKind,
  readLevels,
  readObjects,
  readOctets,
  readPcsDocument,
  type TcbLevel,
} from './pcs-fields.ts'
import { COMPONENT_STATUSES, type ComponentStatus, PLATFORM_STATUSES, type PlatformStatus } from './tcb-status.ts'

/** The least levels of a platform: 16, one and 16. */
export interface PlatformTcb {
  readonly sgxComponents: readonly number[]
  readonly pceSvn: number
  readonly tdxComponents: readonly number[]
}

export type PlatformLevel = TcbLevel<PlatformTcb, PlatformStatus>
/** The least SVN of a TDX module or a quoting enclave. */
export type SvnLevel = TcbLevel<number, ComponentStatus>

/** Who must have signed a TDX module, and which of its attributes must be which. */
export interface ModuleSigner {
  readonly mrSigner: Uint8Array
  readonly attributes: Uint8Array
  readonly attributesMask: Uint8Array
}

/** A major version of the TDX module, `TDX_01` and so on. */
export interface ModuleIdentity extends ModuleSigner {
  readonly id: string
  readonly levels: readonly SvnLevel[]
}

export interface TcbInfo extends PcsDocument {
  /** 12 lower-case hex digits. */
  readonly fmspc: string
  /** 4 lower-case hex digits. */
  readonly pceId: string
  readonly module: ModuleSigner
  readonly moduleIdentities: readonly ModuleIdentity[]
  /** In no order that counts. */
  readonly levels: readonly PlatformLevel[]
}

const VERSION = 3
const COMPONENTS = 16
const MAX_SVN = 0xff
const MAX_WIDE_SVN = 0xffff

/**
 * Reads the JSON value that Intel signs.
 * @throws MalformedError COLLATERAL_KIND for a document of SGX; TDX_TCB_STATUS for a status that is not known; TCB_INFO_MALFORMED
 */
export function decodeTcbInfo(body: Uint8Array): TcbInfo {
  return decodePcsBody(body, { path: 'tcbInfo', malformed: 'TCB_INFO_MALFORMED' }, (reader) => {
    readKind(reader, 'TDX')
    if (reader.integer('version') !== VERSION) throw reader.invalid('version', `must be ${VERSION}`)
    // How levels compare depends on it, and Intel has defined one way so far.
    if (reader.integer('tcbType') !== 0) throw reader.invalid('tcbType', 'must be 0')
    return {
      ...readPcsDocument(reader),
      fmspc: encodeHex(readOctets(reader, 'fmspc', 6)),
      pceId: encodeHex(readOctets(reader, 'pceId', 2)),
      module: readSigner(reader.object('tdxModule')),
      moduleIdentities: reader.has('tdxModuleIdentities') ? readIdentities(reader) : [],
      levels: distinct(
        readLevels(reader, PLATFORM_STATUSES, readPlatformTcb),
        ({ sgxComponents, pceSvn, tdxComponents }) => [...sgxComponents, pceSvn, ...tdxComponents].join(),
      ),
    }
  })
}

/** Levels that ask for a single SVN. */
export function readSvnLevels(reader: ObjectReader): readonly SvnLevel[] {
  const levels = readLevels(reader, COMPONENT_STATUSES, (tcb) => tcb.integer('isvsvn', { max: MAX_WIDE_SVN }))
  return distinct(levels, (svn) => `${svn}`)
}

function readIdentities(reader: ObjectReader): readonly ModuleIdentity[] {
  const identities = readObjects(reader, 'tdxModuleIdentities').map((identity) => ({
    id: identity.string('id', /^TDX_[0-9a-fA-F]{2}$/).toUpperCase(),
    ...readSigner(identity),
    levels: readSvnLevels(identity),
  }))
  if (new Set(identities.map(({ id }) => id)).size !== identities.length)
    throw reader.invalid('tdxModuleIdentities', 'must not name one identity twice')
  return identities
}

function readSigner(reader: ObjectReader): ModuleSigner {
  return {
    mrSigner: readOctets(reader, 'mrsigner', 48),
    attributes: readOctets(reader, 'attributes', 8),
    attributesMask: readOctets(reader, 'attributesMask', 8),
  }
}

function readPlatformTcb(tcb: ObjectReader): PlatformTcb {
  return {
    sgxComponents: readComponents(tcb, 'sgxtcbcomponents'),
    pceSvn: tcb.integer('pcesvn', { max: MAX_WIDE_SVN }),
    tdxComponents: readComponents(tcb, 'tdxtcbcomponents'),
  }
}

/** Exactly 16: a shorter array would leave levels uncompared. */
function readComponents(tcb: ObjectReader, key: string): readonly number[] {
  const components = readObjects(tcb, key).map((component) => component.integer('svn', { max: MAX_SVN }))
  if (components.length !== COMPONENTS) throw tcb.invalid(key, `must hold ${COMPONENTS} components`)
  return components
}

/** Two levels with the same demands could say two things, and which of them counts would be left to the reader. */
function distinct<Tcb, Status>(
  levels: readonly TcbLevel<Tcb, Status>[],
  key: (tcb: Tcb) => string,
): readonly TcbLevel<Tcb, Status>[] {
  if (new Set(levels.map(({ tcb }) => key(tcb))).size !== levels.length)
    throw new MalformedError('PARSE_INVALID', 'tcbLevels name one level twice')
  return levels
}
