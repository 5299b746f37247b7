/** The PCK certificate's SGX extension: which platform its key stands for, and at which levels. Intel PCK Certificate Profile, 1.3.5. @module */
import { MalformedError } from '../../errors.ts'
import { encodeHex } from '../encoding/bytes.ts'
import {
  DER_BOOLEAN,
  DER_INTEGER,
  DER_OCTET_STRING,
  DER_OID,
  DER_SEQUENCE,
  type DerElement,
  decodeDer,
  decodeDerElements,
  decodeDerOid,
  decodeDerUnsigned,
} from '../encoding/der.ts'
import type { Certificate } from '../x509/index.ts'

export const OID_PCK_EXTENSION = '1.2.840.113741.1.13.1'
const DER_ENUMERATED = 0x0a
const COMPONENTS = 16
const MAX_SVN = 0xff
const MAX_PCE_SVN = 0xffff
const SGX_TYPES = 3

/** The platform's id for life (PPID) is checked for its form and dropped: it is personal data of the host, and no rule needs it. */
export interface PckExtension {
  /** 16 levels, each compared on its own. */
  readonly components: readonly number[]
  readonly pceSvn: number
  /** 4 lower-case hex digits. */
  readonly pceId: string
  /** Kind of platform, 12 lower-case hex digits. */
  readonly fmspc: string
  /** 0 standard, 1 scalable, 2 scalable with integrity. */
  readonly sgxType: number
  /** 32 lower-case hex digits; only under the Platform CA. Identifies a host: never shown. */
  readonly platformInstanceId?: string
}

/**
 * Reads the extension of a PCK certificate. Each field must be there once, and none that has no meaning here: a verifier that takes an
 * absent level for zero accepts any platform.
 *
 * ```
 * SEQUENCE OF { OID, value }: .1 PPID | .2 TCB: SEQUENCE OF { .1 to .16 component, .17 PCESVN, .18 CPUSVN } | .3 PCEID | .4 FMSPC
 *                             .5 SGX type | .6 platform instance id | .7 configuration: SEQUENCE OF { .1 to .3 BOOLEAN }
 * ```
 * @throws MalformedError PCK_EXTENSION
 */
export function decodePckExtension(certificate: Certificate): PckExtension {
  const found = certificate.extensions.find(({ oid }) => oid === OID_PCK_EXTENSION)
  if (found === undefined) throw invalid('is missing')
  try {
    return decodeFields(found.value)
  } catch (cause) {
    if (cause instanceof MalformedError && cause.failure !== 'PCK_EXTENSION')
      throw invalid(`is malformed: ${cause.message}`, cause)
    throw cause
  }
}

function decodeFields(value: Uint8Array): PckExtension {
  const fields = decodePairs(decodeDer(value, DER_SEQUENCE), OID_PCK_EXTENSION, 7)
  octets(due(fields, 1), 16)
  const tcb = decodePairs(due(fields, 2), `${OID_PCK_EXTENSION}.2`, 18)
  const sgxType = due(fields, 5)
  const instance = fields.get(6)
  const configuration = fields.get(7)
  if (sgxType.tag !== DER_ENUMERATED || decodeDerUnsigned(sgxType.content) >= SGX_TYPES)
    throw invalid('has an unknown SGX type')
  if (configuration) checkConfiguration(configuration)
  return {
    components: decodeComponents(tcb),
    pceSvn: unsigned(due(tcb, 17), MAX_PCE_SVN),
    pceId: octets(due(fields, 3), 2),
    fmspc: octets(due(fields, 4), 6),
    sgxType: decodeDerUnsigned(sgxType.content),
    ...(instance && { platformInstanceId: octets(instance, 16) }),
  }
}

/** CPUSVN says the same in octets: verifiers that read one and those that read the other must not judge two platforms. */
function decodeComponents(tcb: ReadonlyMap<number, DerElement>): readonly number[] {
  const components = Array.from({ length: COMPONENTS }, (_, index) => unsigned(due(tcb, index + 1), MAX_SVN))
  if (octets(due(tcb, 18), COMPONENTS) !== encodeHex(Uint8Array.from(components)))
    throw invalid('has components and a CPUSVN that differ')
  return components
}

function checkConfiguration(element: DerElement): void {
  for (const { tag, content } of decodePairs(element, `${OID_PCK_EXTENSION}.7`, 3).values()) {
    const isBoolean = tag === DER_BOOLEAN && content.length === 1 && (content[0] === 0 || content[0] === 0xff)
    if (!isBoolean) throw invalid('has a configuration that is not boolean')
  }
}

/** Values by the last arc of their identifiers, 1 to `last` below `parent`. */
function decodePairs(element: DerElement, parent: string, last: number): ReadonlyMap<number, DerElement> {
  if (element.tag !== DER_SEQUENCE) throw invalid(`has no SEQUENCE at ${parent}`)
  const values = new Map<number, DerElement>()
  for (const pair of decodeDerElements(element.content)) {
    const [oid, value, ...rest] = pair.tag === DER_SEQUENCE ? decodeDerElements(pair.content) : []
    if (oid?.tag !== DER_OID || value === undefined || rest.length > 0) throw invalid(`has no pair at ${parent}`)
    const name = decodeDerOid(oid.content)
    const arc = Array.from({ length: last }, (_, index) => index + 1).find((known) => name === `${parent}.${known}`)
    if (arc === undefined) throw invalid(`has the unknown field ${name}`)
    if (values.has(arc)) throw invalid(`has ${name} twice`)
    values.set(arc, value)
  }
  return values
}

function due(values: ReadonlyMap<number, DerElement>, arc: number): DerElement {
  const value = values.get(arc)
  if (value === undefined) throw invalid(`lacks a field (arc ${arc})`)
  return value
}

function octets({ tag, content }: DerElement, size: number): string {
  if (tag !== DER_OCTET_STRING || content.length !== size) throw invalid(`has a field that is not ${size} octets`)
  return encodeHex(content)
}

function unsigned({ tag, content }: DerElement, max: number): number {
  const value = tag === DER_INTEGER ? decodeDerUnsigned(content) : max + 1
  if (value > max) throw invalid(`has a level that is not an integer up to ${max}`)
  return value
}

function invalid(what: string, cause?: unknown): MalformedError {
  return new MalformedError('PCK_EXTENSION', `the SGX extension of the PCK certificate ${what}`, { cause })
}
