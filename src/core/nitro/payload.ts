/** Payload of a Nitro attestation document: its map of nine keys. Layout and limits only: trust comes from {@link verifyNitroDocument}. @module */
import { MalformedError } from '../../errors.ts'
import { type CborMap, type CborValue, decodeCbor, isCborMap } from '../encoding/cbor.ts'
import type { FailureCode } from '../failure-codes.ts'

/** Nitro Enclaves and NitroTPM give their registers other meanings: a document is of one kind, by the name of its register map. */
export const NITRO_KINDS = ['enclave', 'nitrotpm'] as const
export type NitroKind = (typeof NITRO_KINDS)[number]

/** Every octet of it is the sender's until the signature and the chain stand. */
export interface NitroDocument {
  readonly kind: NitroKind
  readonly moduleId: string
  /** Milliseconds since 1970 by the hypervisor's clock. */
  readonly timestamp: number
  /** SHA-384 registers, those that are locked. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>
  /** DER. */
  readonly certificate: Uint8Array
  /** DER, root first. */
  readonly cabundle: readonly Uint8Array[]
  /** Zero octets are not the same as `absent`. */
  readonly publicKey: Uint8Array | 'absent'
  readonly userData: Uint8Array | 'absent'
  readonly nonce: Uint8Array | 'absent'
}

const PCR_KEYS = { enclave: 'pcrs', nitrotpm: 'nitrotpm_pcrs' } as const
const MANDATORY = ['module_id', 'timestamp', 'certificate', 'cabundle'] as const
const KEYS: readonly (string | number)[] = [
  ...MANDATORY,
  'digest',
  ...Object.values(PCR_KEYS),
  'public_key',
  'user_data',
  'nonce',
]
const REGISTER_SIZE = 48
const MAX_REGISTERS = 32
const MAX_CERTIFICATE_SIZE = 1024
const MAX_PUBLIC_KEY_SIZE = 1024
const MAX_USER_DATA_SIZE = 512
/** The last millisecond of ECMAScript's time range: whoever shows a later one would throw. */
const LAST_MILLISECOND = 8_640_000_000_000_000

/**
 * Reads the map, definite or (as newer Nitro hypervisors write it) of indefinite length; null is absent, as genuine documents have it.
 *
 * AWS NSM attestation process, 3.2.2.1 and 3.2.2.2. Unknown keys are refused: what is signed and not read could mean something to others.
 * @throws MalformedError NITRO_*; CBOR_*, PARSE_*, EVIDENCE_TRUNCATED
 */
export function decodeNitroPayload(payload: Uint8Array): NitroDocument {
  const map = decodeCbor(payload, { topMap: 'any-length' })
  if (!isCborMap(map)) throw new MalformedError('NITRO_FIELDS', 'the payload is not a map')
  const unknown = [...map.keys()].find((key) => !KEYS.includes(key))
  if (unknown !== undefined)
    throw new MalformedError('NITRO_FIELDS', `unknown key ${JSON.stringify(unknown).slice(0, 64)}`)
  if (map.get('digest') !== 'SHA384') throw new MalformedError('NITRO_DIGEST', 'digest is not "SHA384"')
  const missing = MANDATORY.find((key) => !map.has(key))
  if (missing !== undefined) throw new MalformedError('NITRO_FIELDS', `${missing} is missing`)
  const kind = decodeKind(map)
  return {
    kind,
    moduleId: decodeModuleId(map.get('module_id')),
    timestamp: decodeTimestamp(map.get('timestamp')),
    pcrs: decodeRegisters(map.get(PCR_KEYS[kind])),
    certificate: decodeOctets(map, 'certificate', { min: 1, max: MAX_CERTIFICATE_SIZE }),
    cabundle: decodeBundle(map.get('cabundle')),
    publicKey: decodeOptional(map, 'public_key', { min: 1, max: MAX_PUBLIC_KEY_SIZE }),
    userData: decodeOptional(map, 'user_data', { min: 0, max: MAX_USER_DATA_SIZE }),
    nonce: decodeOptional(map, 'nonce', { min: 0, max: MAX_USER_DATA_SIZE }),
  }
}

function decodeKind(map: CborMap): NitroKind {
  const [kind, ...more] = NITRO_KINDS.filter((candidate) => map.has(PCR_KEYS[candidate]))
  if (kind === undefined || more.length > 0)
    throw new MalformedError('NITRO_FIELDS', 'exactly one of pcrs and nitrotpm_pcrs is due')
  return kind
}

function decodeModuleId(value: CborValue | undefined): string {
  if (typeof value !== 'string' || value === '')
    throw new MalformedError('NITRO_MODULE_ID', 'module_id is not a text, or empty')
  return value
}

function decodeTimestamp(value: CborValue | undefined): number {
  if (typeof value !== 'number' || value <= 0 || value > LAST_MILLISECOND)
    throw new MalformedError('NITRO_TIMESTAMP', 'timestamp is not a time after 1970')
  return value
}

function decodeRegisters(value: CborValue | undefined): ReadonlyMap<number, Uint8Array> {
  if (value === undefined || !isCborMap(value)) throw shape('the registers are not a map')
  if (value.size < 1 || value.size > MAX_REGISTERS)
    throw shape(`${value.size} registers, 1 to ${MAX_REGISTERS} are due`)
  const registers = new Map<number, Uint8Array>()
  for (const [index, content] of value) {
    if (typeof index !== 'number' || index < 0 || index >= MAX_REGISTERS)
      throw shape(`a register is not 0 to ${MAX_REGISTERS - 1}`)
    if (!(content instanceof Uint8Array) || content.length !== REGISTER_SIZE)
      throw shape(`PCR${index} is not ${REGISTER_SIZE} bytes`)
    registers.set(index, content)
  }
  return registers
}

function decodeBundle(value: CborValue | undefined): readonly Uint8Array[] {
  if (!isList(value) || value.length === 0)
    throw new MalformedError('NITRO_CABUNDLE', 'cabundle is not a list, or empty')
  return value.map((item) => sized(item, 'NITRO_CABUNDLE', { name: 'cabundle', min: 1, max: MAX_CERTIFICATE_SIZE }))
}

function isList(value: CborValue | undefined): value is readonly CborValue[] {
  return Array.isArray(value)
}

interface Bounds {
  readonly min: number
  readonly max: number
}

function decodeOptional(map: CborMap, name: string, bounds: Bounds): Uint8Array | 'absent' {
  return (map.get(name) ?? null) === null ? 'absent' : decodeOctets(map, name, bounds)
}

function decodeOctets(map: CborMap, name: string, bounds: Bounds): Uint8Array {
  return sized(map.get(name), 'NITRO_FIELD_SIZE', { name, ...bounds })
}

function sized(
  value: CborValue | undefined,
  code: FailureCode,
  { name, min, max }: Bounds & { readonly name: string },
): Uint8Array {
  if (!(value instanceof Uint8Array)) throw new MalformedError(code, `${name} holds what is not a byte string`)
  if (value.length < min || value.length > max)
    throw new MalformedError(code, `${name} has ${value.length} bytes, ${min} to ${max} are due`)
  return value
}

function shape(what: string): MalformedError {
  return new MalformedError('NITRO_PCR_SHAPE', what)
}
