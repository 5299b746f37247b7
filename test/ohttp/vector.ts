/** Reads attestation-fixtures/ohttp: examples of the specifications, and what differs from them in one thing. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../src/core/encoding/json.ts'
import { ObjectReader } from '../../src/core/encoding/shape.ts'
import type { OhttpForm } from '../../src/ohttp/index.ts'
import { VECTOR_CODES, vectorNames } from '../kit/vectors.ts'

export const FOLDER = 'attestation-fixtures/ohttp'

export function openVectors(): readonly ObjectReader[] {
  return vectorNames(FOLDER).map((name) => {
    const octets = new Uint8Array(readFileSync(join(FOLDER, name, 'vector.json')))
    const vector = new ObjectReader(decodeJson(octets), name, VECTOR_CODES)
    if (vector.string('name') !== name) throw new Error(`${name}/vector.json names another vector`)
    return vector
  })
}

/** An exchange of requests and answers, with its keys. */
export interface ExchangeVector {
  readonly form: OhttpForm
  readonly keyConfig: Uint8Array
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly ephemeral: { readonly privateKey: Uint8Array; readonly publicKey: Uint8Array }
  /** Content of the chunks, the last the final one. */
  readonly request: readonly Uint8Array[]
  readonly encapsulatedRequest: Uint8Array
  readonly secret: Uint8Array
  readonly responseNonce: Uint8Array
  readonly response: readonly Uint8Array[]
  readonly encapsulatedResponse: Uint8Array
}

export function readExchange(vector: ObjectReader): ExchangeVector {
  const hex = (key: string, reader = vector): Uint8Array => decodeHex(reader.string(key))
  const ephemeral = vector.object('ephemeral')
  return {
    form: vector.oneOf('form', ['chunked', 'whole']),
    keyConfig: hex('keyConfig'),
    privateKey: hex('privateKey'),
    publicKey: hex('publicKey'),
    ephemeral: { privateKey: hex('privateKey', ephemeral), publicKey: hex('publicKey', ephemeral) },
    request: vector.strings('request').map(decodeHex),
    encapsulatedRequest: hex('encapsulatedRequest'),
    secret: hex('secret'),
    responseNonce: hex('responseNonce'),
    response: vector.strings('response').map(decodeHex),
    encapsulatedResponse: hex('encapsulatedResponse'),
  }
}
