/**
 * Messages of the Nitro security module: CBOR, a unit request as text, others as a map of one entry. nitro.md section 5.
 *
 * Octets are byte strings (major type 2), never arrays of integers. Responses come from the hypervisor, so they are decoded as strictly as
 * everything else; what a document says is judged by its signature, not here. @module
 */
import { type CborMap, type CborValue, decodeCbor, isCborMap } from '../../core/encoding/cbor.ts'
import { encodeCbor } from '../../core/encoding/cbor-encode.ts'
import { CountersignError, MalformedError } from '../../errors.ts'

/** Limits of the driver. */
export const NSM_REQUEST_MAX = 0x1000
export const NSM_RESPONSE_MAX = 0x3000
const REGISTER_SIZE = 48

export type NsmRequest =
  | { readonly name: 'DescribeNSM' }
  | { readonly name: 'GetRandom' }
  | { readonly name: 'DescribePCR'; readonly index: number }
  | { readonly name: 'ExtendPCR'; readonly index: number; readonly octets: Uint8Array }
  | { readonly name: 'LockPCR'; readonly index: number }
  /** The fields that a verifier here knows how to judge: nonce and public key stay null. */
  | { readonly name: 'Attestation'; readonly userData: Uint8Array }

/** What the module says it is. */
export interface NsmDescription {
  readonly version: string
  readonly moduleId: string
  readonly maxPcrs: number
  readonly lockedPcrs: readonly number[]
  readonly digest: string
}

export interface PcrDescription {
  readonly locked: boolean
  /** 48 octets. */
  readonly value: Uint8Array
}

export function encodeNsmRequest(request: NsmRequest): Uint8Array {
  const octets = encodeCbor(requestValue(request))
  if (octets.length > NSM_REQUEST_MAX)
    throw new CountersignError('ERR_USAGE', `a request of ${octets.length} octets, the device takes ${NSM_REQUEST_MAX}`)
  return octets
}

function requestValue(request: NsmRequest): CborValue {
  switch (request.name) {
    case 'DescribeNSM':
    case 'GetRandom':
      return request.name
    case 'DescribePCR':
    case 'LockPCR':
      return new Map([[request.name, new Map([['index', request.index]])]])
    case 'ExtendPCR':
      return new Map([
        [
          request.name,
          new Map<string, CborValue>([
            ['index', request.index],
            ['data', request.octets],
          ]),
        ],
      ])
    case 'Attestation':
      return new Map([
        [
          request.name,
          new Map<string, CborValue>([
            ['user_data', request.userData],
            ['nonce', null],
            ['public_key', null],
          ]),
        ],
      ])
    default:
      return request satisfies never
  }
}

/** @throws CountersignError ERR_QUOTE for an error of the module and for a response of another form */
export function decodeNsmDescription(response: Uint8Array): NsmDescription {
  const fields = fieldsOf(response, 'DescribeNSM')
  const version = ['version_major', 'version_minor', 'version_patch'].map((key) => integer(fields, key)).join('.')
  const locked = fields.get('locked_pcrs')
  if (!Array.isArray(locked) || !locked.every(isU16)) throw malformed('DescribeNSM', 'locked_pcrs is no list of u16')
  return {
    version,
    moduleId: text(fields, 'module_id'),
    maxPcrs: integer(fields, 'max_pcrs'),
    lockedPcrs: locked,
    digest: text(fields, 'digest'),
  }
}

/** @throws CountersignError ERR_QUOTE */
export function decodePcrDescription(response: Uint8Array): PcrDescription {
  const fields = fieldsOf(response, 'DescribePCR')
  const locked = fields.get('lock')
  if (typeof locked !== 'boolean') throw malformed('DescribePCR', 'lock is no boolean')
  return { locked, value: registerValue(fields, 'DescribePCR') }
}

/** @returns what the register holds now. @throws CountersignError ERR_QUOTE */
export function decodeExtendedPcr(response: Uint8Array): Uint8Array {
  return registerValue(fieldsOf(response, 'ExtendPCR'), 'ExtendPCR')
}

/** @throws CountersignError ERR_QUOTE unless the module says that it locked */
export function decodeLockedPcr(response: Uint8Array): void {
  const value = decodeResponse(response, 'LockPCR')
  if (value !== 'LockPCR') throw malformed('LockPCR', 'another word')
}

/** @returns COSE_Sign1 as the module made it. @throws CountersignError ERR_QUOTE */
export function decodeNsmDocument(response: Uint8Array): Uint8Array {
  return octets(fieldsOf(response, 'Attestation'), 'document', 'Attestation')
}

/** @throws CountersignError ERR_QUOTE */
export function decodeRandom(response: Uint8Array): Uint8Array {
  return octets(fieldsOf(response, 'GetRandom'), 'random', 'GetRandom')
}

const REMEDIES: Readonly<Record<string, string>> = {
  InvalidArgument: 'the request does not suit this module',
  InvalidIndex: 'the module has no such register',
  InvalidResponse: 'the module could not make its answer',
  ReadOnlyIndex: 'the register is locked: only a new enclave has it free',
  InvalidOperation: 'the module does not do this now',
  BufferTooSmall: 'the answer is larger than the driver takes',
  InputTooLarge: 'the request is larger than the module takes',
  InternalError: 'the module failed: start the enclave again',
}

function decodeResponse(response: Uint8Array, request: string): CborValue {
  if (response.length === 0) throw malformed(request, 'no octets')
  if (response.length > NSM_RESPONSE_MAX) throw malformed(request, `${response.length} octets`)
  try {
    const value = decodeCbor(response)
    if (!isCborMap(value) || !value.has('Error')) return value
    const error = String(value.get('Error')).slice(0, 40)
    const remedy = Object.hasOwn(REMEDIES, error) ? REMEDIES[error] : 'an error that is not known here'
    throw new CountersignError('ERR_QUOTE', `the Nitro security module refused ${request}: ${error}: ${remedy}`)
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw malformed(request, cause.message, cause)
  }
}

function fieldsOf(response: Uint8Array, request: string): CborMap {
  const value = decodeResponse(response, request)
  const fields = isCborMap(value) && value.size === 1 ? value.get(request) : undefined
  if (fields === undefined || !isCborMap(fields)) throw malformed(request, 'another answer than was asked for')
  return fields
}

function isU16(value: CborValue | undefined): value is number {
  return typeof value === 'number' && value >= 0 && value <= 0xffff
}

function integer(fields: CborMap, key: string): number {
  const value = fields.get(key)
  if (!isU16(value)) throw malformed('DescribeNSM', `${key} is no u16`)
  return value
}

function text(fields: CborMap, key: string): string {
  const value = fields.get(key)
  if (typeof value !== 'string') throw malformed('DescribeNSM', `${key} is no text`)
  return value
}

/** A list of integers is what naive writers make of octets: another type, and refused. */
function octets(fields: CborMap, key: string, request: string): Uint8Array {
  const value = fields.get(key)
  if (!(value instanceof Uint8Array)) throw malformed(request, `${key} is no byte string`)
  return value.slice()
}

/** Of SHA-384. One without octets would pass for one that nothing has extended. */
function registerValue(fields: CborMap, request: string): Uint8Array {
  const value = octets(fields, 'data', request)
  if (value.length !== REGISTER_SIZE) throw malformed(request, `data has ${value.length} octets, not ${REGISTER_SIZE}`)
  return value
}

function malformed(request: string, what: string, cause?: MalformedError): CountersignError {
  return new CountersignError(
    'ERR_QUOTE',
    `the Nitro security module answered ${request} out of form: ${what}`,
    cause && { cause },
  )
}
