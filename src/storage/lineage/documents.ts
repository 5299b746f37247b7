/** The documents of a lineage: names and octets. Whoever can write the store can write these: they keep mistakes out, not an attacker. @module */
import { decodeJson } from '../../core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../../core/encoding/shape.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { isSegment } from '../names.ts'
import type { ObjectStore } from '../types.ts'

/** That a lineage began, here. */
export interface Inception {
  /** The gateway's name. */
  readonly host: string
  /** Seconds since 1970. */
  readonly created: number
  /** Of the object that holds this, see `ObjectStore.createMarked`. */
  readonly mark: string
  /** When it was made of a copy. */
  readonly restored?: number
}

/** The process that writes. */
export interface LeaseHolder {
  readonly machine: string
  readonly pid: number
  readonly start: string
  readonly bootId: string
  readonly pidNamespace: string
  readonly nonce: string
  /** Seconds since 1970, by its clock. */
  readonly since: number
}

/** `released`: nobody writes, and the next one need not look for anybody. */
export type Lease = { readonly state: 'held'; readonly holder: LeaseHolder } | { readonly state: 'released' }

/** The newest log. */
export interface Head {
  readonly log: string
  readonly token: number
}

const CODES: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }
const LINEAGE_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
const TOKEN = /^[1-9][0-9]{0,14}$/
/** Octets of the largest of them. */
const MAX_DOCUMENT = 64 * 1024

/** @throws CountersignError ERR_USAGE for a name that is none */
export function requireLineageName(name: string): string {
  if (!LINEAGE_NAME.test(name))
    throw new CountersignError('ERR_USAGE', `${JSON.stringify(name.slice(0, 80))} is not a short lower-case name`)
  return name
}

export function inceptionName(lineage: string): string {
  return `lineage/${requireLineageName(lineage)}/inception`
}

export function headName(lineage: string): string {
  return `lineage/${requireLineageName(lineage)}/head`
}

export function writerFolder(lineage: string): string {
  return `lineage/${requireLineageName(lineage)}/writer`
}

export function leaseName(lineage: string, token: number): string {
  return `${writerFolder(lineage)}/${token}`
}

export function heartbeatFolder(lineage: string): string {
  return `lineage/${requireLineageName(lineage)}/heartbeat`
}

export function heartbeatName(lineage: string, token: number): string {
  return `${heartbeatFolder(lineage)}/${token}`
}

/** Tokens among the names in a folder, ascending. What is none was not put there by us. */
export function decodeTokens(names: readonly string[]): readonly number[] {
  return names
    .filter((name) => TOKEN.test(name))
    .map(Number)
    .sort((a, b) => a - b)
}

export function encodeInception({ host, created, mark, restored }: Inception): Uint8Array {
  return encodeDocument({ version: 1, host, created, mark, ...(restored === undefined ? {} : { restored }) })
}

export function decodeInception(octets: Uint8Array): Inception {
  const reader = readDocument(octets, 'inception')
  const inception = {
    host: reader.string('host'),
    created: reader.seconds('created'),
    mark: reader.string('mark'),
    ...(reader.has('restored') ? { restored: reader.seconds('restored') } : {}),
  }
  reader.end()
  return inception
}

export function encodeLease(lease: Lease): Uint8Array {
  return encodeDocument({ version: 1, ...(lease.state === 'held' ? { holder: lease.holder } : { holder: null }) })
}

export function decodeLease(octets: Uint8Array): Lease {
  const reader = readDocument(octets, 'lease')
  if (reader.value('holder') === null) {
    reader.end()
    return { state: 'released' }
  }
  const fields = reader.object('holder')
  reader.end()
  const holder = {
    machine: fields.string('machine'),
    pid: fields.integer('pid', { min: 1 }),
    start: fields.string('start'),
    bootId: fields.string('bootId'),
    pidNamespace: fields.string('pidNamespace'),
    nonce: fields.string('nonce'),
    since: fields.seconds('since'),
  }
  fields.end()
  return { state: 'held', holder }
}

export function encodeHead({ log, token }: Head): Uint8Array {
  return encodeDocument({ version: 1, log, token })
}

export function decodeHead(octets: Uint8Array): Head {
  const reader = readDocument(octets, 'head')
  const head = { log: reader.string('log'), token: reader.integer('token', { min: 1 }) }
  reader.end()
  if (!isSegment(head.log)) throw new MalformedError('PARSE_INVALID', 'head.log names no log')
  return head
}

/** A document of one JSON object, and a line feed for whoever looks at it. */
export function encodeDocument(value: Readonly<Record<string, unknown>>): Uint8Array {
  return encodeUtf8(`${JSON.stringify(value)}\n`)
}

/** @throws MalformedError unless it is of version 1 */
export function readDocument(octets: Uint8Array, path: string): ObjectReader {
  const reader = new ObjectReader(decodeJson(octets), path, CODES)
  if (reader.integer('version') !== 1) throw new MalformedError('PARSE_INVALID', `${path}.version must be 1`)
  return reader
}

/**
 * Reads a document of the store; undefined when there is none.
 * @throws CountersignError ERR_STATE for octets that are none
 */
export async function fetchDocument<T>(
  store: ObjectStore,
  name: string,
  decode: (octets: Uint8Array) => T,
): Promise<{ readonly document: T; readonly octets: Uint8Array } | undefined> {
  const octets = await store.read(name, MAX_DOCUMENT)
  if (octets === undefined) return undefined
  try {
    return { document: decode(octets), octets }
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_STATE', `${name} is damaged (${cause.message}): restore the store from a backup`, {
      cause,
    })
  }
}
