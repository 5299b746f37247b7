/** Fixtures about the envelope: its shape, its headers, its signature, and CBOR in other than its one form. */
import { concatBytes, decodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  cborArray,
  cborBytes,
  cborHead,
  cborIndefiniteMap,
  cborInteger,
  cborMap,
  cborNull,
  cborTag,
  cborText,
} from '../../../src/simulator/nitro-cbor.ts'
import {
  accepts,
  adding,
  altered,
  type Changes,
  editing,
  flip,
  NONCE,
  newHead,
  type Recipe,
  rejects,
  replacing,
  resigned,
  signedOver,
} from './recipe.ts'
import { sequence, unsignedOctets } from './scalars.ts'

const HEADER = decodeHex('a1013822')
const WIDE_HEADER = decodeHex('a101390022')
const P384_ORDER = decodeHex(
  'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
)
const header = (hex: string): Changes => resigned(() => ({ protectedHeader: decodeHex(hex) }))
const unprotected = (cbor: Uint8Array): Changes => resigned(() => ({ unprotectedHeader: cbor }))
const signature = (change: (signature: Uint8Array) => Uint8Array): Changes =>
  altered((parts) => ({ signature: change(parts.signature) }))
const payload = (change: (payload: Uint8Array) => Uint8Array): Changes =>
  resigned((parts) => ({ payload: change(parts.payload) }))
const ZERO = new Uint8Array(48)

/** Another number of parts, or parts of another type: the array is put together anew around what stands there. */
const parts = (change: (items: readonly Uint8Array[]) => Uint8Array): Changes => ({
  tamper: (document) => change(itemsOf(document)),
})

/** The four items of a good envelope, each CBOR: 44 a1013822, a0, 59 llll …, 58 60 …. */
function itemsOf(document: Uint8Array): readonly Uint8Array[] {
  const end = document.length - 98
  return [document.slice(1, 6), document.slice(6, 7), document.slice(7, end), document.slice(end)]
}

const item = (items: readonly Uint8Array[], index: number): Uint8Array => items[index] ?? new Uint8Array()
const replaced = (index: number, value: Uint8Array): Changes =>
  parts((items) => cborArray(...items.map((old, at) => (at === index ? value : old))))
const nested = (depth: number): Uint8Array => concatBytes(new Uint8Array(depth).fill(0x81), cborNull)

export const ENVELOPE_RECIPES: readonly Recipe[] = [
  accepts('P4', 'enclave', 'a document of an enclave under its named simulated root'),
  accepts('N1', 'tagged', 'a document with tag 18', { shapes: { tagged: true } }),
  accepts('F6', 'definite', 'a payload map of definite length, as older hypervisors write it', {
    shapes: { payloadMap: 'definite' },
  }),
  ...rejects(
    'N1',
    'COSE_SHAPE',
    ['array-3', 'an array of three', parts((items) => cborArray(...items.slice(0, 3)))],
    ['array-5', 'an array of five', parts((items) => cborArray(...items, cborNull))],
    ['array-map', 'a map in place of the array', { tamper: () => cborMap([[cborInteger(1), cborNull]]) }],
    ['array-bytes', 'a byte string in place of the array', { tamper: cborBytes }],
    ['tag-17', 'tag 17, COSE_Mac0', { tamper: (document) => cborTag(17, document) }],
    ['tag-98', 'tag 98, COSE_Sign', { tamper: (document) => cborTag(98, document) }],
    [
      'tag-wide',
      'tag 18 in another than its shortest form',
      { tamper: (document) => concatBytes(cborHead('tag', 18, 1), document) },
    ],
    ['tag-twice', 'tag 18 twice', { tamper: (document) => cborTag(18, cborTag(18, document)) }],
    ['protected-map', 'a protected header that is a map itself', replaced(0, HEADER)],
    ['unprotected-array', 'an unprotected header that is no map', replaced(1, cborArray())],
    ['payload-text', 'a payload that is text', replaced(2, cborText('payload'))],
    ['signature-text', 'a signature that is text', replaced(3, cborText('signature'))],
  ),
  ...rejects(
    'N2',
    'COSE_ALG',
    ['alg-es256', 'the algorithm ES256', header('a10126')],
    ['alg-eddsa', 'the algorithm EdDSA', header('a10127')],
    ['alg-es512', 'the algorithm ES512', header('a1013823')],
    ['alg-positive', 'the algorithm 35', header('a1011823')],
    ['alg-none', 'the algorithm "none"', header('a101646e6f6e65')],
    ['alg-text', 'the algorithm by its name', header('a101654553333834')],
    ['alg-null', 'a null algorithm', header('a101f6')],
    ['alg-empty-header', 'an empty protected header', header('')],
    ['alg-empty-map', 'a protected header without parameters', header('a0')],
    ['alg-not-map', 'a protected header that holds no map', header('3822')],
    [
      'alg-unprotected',
      'an algorithm that only the unprotected header names',
      resigned(() => ({ protectedHeader: new Uint8Array(), unprotectedHeader: HEADER })),
    ],
    ['alg-overridden', 'another algorithm in the unprotected header', unprotected(decodeHex('a10126'))],
    ['alg-repeated', 'the right algorithm in the unprotected header too', unprotected(HEADER)],
    ['unprotected-kid', 'a key id in the unprotected header', unprotected(decodeHex('a1044101'))],
    ['crit', 'a crit parameter', header('a2013822028101')],
    ['crit-alone', 'a crit parameter in place of the algorithm', header('a1028101')],
    ['protected-kid', 'an unknown protected parameter', header('a2013822044101')],
    ['label-other', 'the algorithm under another label', header('a1043822')],
    ['label-negative', 'the algorithm under a negative label', header('a1203822')],
    ['alg-twice', 'two algorithms in the protected header', header('a20138220126')],
  ),
  ...rejects(
    'N3',
    'SIG_MALFORMED',
    ['signature-95', 'a signature one byte short', signature((bytes) => bytes.slice(0, 95))],
    ['signature-97', 'a signature one byte long', signature((bytes) => concatBytes(bytes, new Uint8Array(1)))],
    ['signature-empty', 'an empty signature', signature(() => new Uint8Array())],
    [
      'signature-der',
      'a signature in DER',
      signature((bytes) => sequence(unsignedOctets(bytes.slice(0, 48)), unsignedOctets(bytes.slice(48)))),
    ],
  ),
  ...rejects(
    'N3',
    'COSE_PAYLOAD',
    ['payload-nil', 'a detached payload', replaced(2, cborNull)],
    ['payload-empty', 'an empty payload', payload(() => new Uint8Array())],
    [
      'payload-16385',
      'a payload one byte beyond its limit',
      payload((bytes) => concatBytes(bytes, new Uint8Array(16_385 - bytes.length))),
    ],
  ),
  ...rejects(
    'N4',
    'COSE_BAD_SIGNATURE',
    [
      'header-reencoded',
      'a header that is signed only in its canonical form',
      { shapes: { ...header('a101390022').shapes, ...signedOver(() => ({ protectedHeader: HEADER })) } },
    ],
    [
      'header-signed-wide',
      'a header that is signed only in another form',
      { shapes: signedOver(() => ({ protectedHeader: WIDE_HEADER })) },
    ],
    [
      'payload-reencoded',
      'a payload that is signed only with a definite length',
      // bf … ff as a9 …: what a reader would make of it that decodes and encodes again.
      { shapes: signedOver((sent) => ({ payload: newHead(sent.payload.slice(0, -1), 1, 0xa9) })) },
    ],
    [
      'payload-altered',
      'a payload that was changed after signing',
      altered((sent) => ({ payload: flip(sent.payload, 120) })),
    ],
    ['signature-r', 'a changed r', signature((bytes) => flip(bytes, 10))],
    ['signature-s', 'a changed s', signature((bytes) => flip(bytes, 90))],
    ['signature-swapped', 's before r', signature((bytes) => concatBytes(bytes.slice(48), bytes.slice(0, 48)))],
    [
      'signature-little-endian',
      'scalars with their last byte first',
      signature((bytes) => concatBytes(bytes.slice(0, 48).reverse(), bytes.slice(48).reverse())),
    ],
  ),
  ...rejects(
    'X20',
    'SIG_MALFORMED',
    ['signature-r-zero', 'r of zero', signature((bytes) => concatBytes(ZERO, bytes.slice(48)))],
    ['signature-s-zero', 's of zero', signature((bytes) => concatBytes(bytes.slice(0, 48), ZERO))],
    [
      'signature-r-order',
      'r of the order of the curve',
      signature((bytes) => concatBytes(P384_ORDER, bytes.slice(48))),
    ],
    [
      'signature-s-order',
      's of the order of the curve',
      signature((bytes) => concatBytes(bytes.slice(0, 48), P384_ORDER)),
    ],
  ),
  ...rejects('F1', 'EVIDENCE_TOO_LARGE', [
    'size-24577',
    'a document one byte beyond 24 KiB',
    { tamper: (document) => concatBytes(document, new Uint8Array(24 * 1024 + 1 - document.length)) },
  ]),
  ...rejects(
    'F3',
    'PARSE_DEPTH',
    ['depth-envelope', 'an envelope nested beyond the limit', { tamper: () => nested(20_000) }],
    ['depth-payload', 'a payload nested beyond the limit', replacing('cabundle', nested(16))],
  ),
  ...rejects(
    'F4',
    'PARSE_TRAILING',
    [
      'trailing-envelope',
      'bytes behind the envelope',
      { tamper: (document) => concatBytes(document, new Uint8Array(1)) },
    ],
    ['trailing-payload', 'bytes behind the payload map', payload((bytes) => concatBytes(bytes, new Uint8Array(1)))],
    ['trailing-header', 'bytes behind the map of the protected header', header('a101382200')],
  ),
  ...rejects(
    'F5',
    'CBOR_DUPLICATE_KEY',
    ['duplicate-payload', 'a payload key that is there twice', adding('nonce', cborBytes(NONCE))],
    [
      'duplicate-register',
      'a register that is there twice',
      replacing(
        'pcrs',
        cborMap([0, 1, 2, 0].map((index) => [cborInteger(index), cborBytes(new Uint8Array(48).fill(index + 1))])),
      ),
    ],
    ['duplicate-header', 'an unprotected parameter that is there twice', unprotected(decodeHex('a2044101044102'))],
  ),
  ...rejects(
    'F6',
    'CBOR_NOT_CANONICAL',
    ['wide-integer', 'an integer that is not minimal', replacing('timestamp', cborHead('unsigned', 1000, 8))],
    [
      'wide-text',
      'a text length that is not minimal',
      replacing('digest', concatBytes(cborHead('text', 6, 1), encodeUtf8('SHA384'))),
    ],
    [
      'wide-bytes',
      'a byte length that is not minimal',
      editing('certificate', (value) => newHead(value, 3, 0x5a, 0, 0, ...value.subarray(1, 3))),
    ],
    ['wide-map', 'a map length that is not minimal', editing('pcrs', (value) => newHead(value, 1, 0xb8, 16))],
    ['wide-array', 'an array length that is not minimal', editing('cabundle', (value) => newHead(value, 1, 0x98, 4))],
    ['wide-key', 'a key that is not minimal', editing('pcrs', (value) => newHead(value, 2, 0xb0, 0x18, 0x00))],
    [
      'wide-envelope',
      'an envelope whose length is not minimal',
      { tamper: (document) => newHead(document, 1, 0x98, 0x04) },
    ],
    [
      'wide-payload',
      'a payload whose length is not minimal',
      parts((items) =>
        cborArray(
          item(items, 0),
          item(items, 1),
          newHead(item(items, 2), 3, 0x5a, 0, 0, ...item(items, 2).subarray(1, 3)),
          item(items, 3),
        ),
      ),
    ],
    ['wide-header', 'an algorithm that is not minimal', header('a101390022')],
    ['indefinite-header', 'a protected header of indefinite length', header('bf013822ff')],
    [
      'indefinite-envelope',
      'an envelope of indefinite length',
      { tamper: (document) => concatBytes(newHead(document, 1, 0x9f), Uint8Array.of(0xff)) },
    ],
    [
      'indefinite-text',
      'text of indefinite length',
      replacing('digest', concatBytes(decodeHex('7f'), cborText('SHA384'), decodeHex('ff'))),
    ],
    [
      'indefinite-bytes',
      'bytes of indefinite length',
      editing('certificate', (value) => concatBytes(decodeHex('5f'), value, decodeHex('ff'))),
    ],
    [
      'indefinite-array',
      'an array of indefinite length',
      editing('cabundle', (value) => concatBytes(newHead(value, 1, 0x9f), decodeHex('ff'))),
    ],
    [
      'indefinite-inner-map',
      'an inner map of indefinite length',
      editing('pcrs', (value) => concatBytes(newHead(value, 1, 0xbf), decodeHex('ff'))),
    ],
    ['indefinite-unprotected', 'an unprotected header of indefinite length', unprotected(cborIndefiniteMap([]))],
    ['break-as-value', 'a break in place of a value', replacing('nonce', decodeHex('ff'))],
    ['reserved-length', 'a reserved length', replacing('timestamp', decodeHex('1c'))],
    [
      'tag-bignum',
      'a big number',
      replacing('timestamp', concatBytes(decodeHex('c2'), cborBytes(decodeHex('019aa61b2a00')))),
    ],
    ['tag-date', 'a date', replacing('timestamp', cborTag(1, cborInteger(1_795_262_400)))],
    ['tag-payload', 'a tag around the payload map', payload((bytes) => cborTag(24, bytes))],
    ['float', 'a floating-point number', replacing('timestamp', decodeHex('fb427a1fbd88000000'))],
    ['undefined', 'undefined in place of null', replacing('nonce', decodeHex('f7'))],
    ['text-not-utf8', 'text that is not UTF-8', replacing('module_id', decodeHex('62c328'))],
    ['text-surrogate', 'text that holds a surrogate', replacing('module_id', decodeHex('63eda080'))],
    ['key-bytes', 'a key that is a byte string', adding('digest', cborNull, cborBytes(encodeUtf8('digest')))],
  ),
  ...rejects(
    'F7',
    'PARSE_LENGTH',
    ['length-array', 'an array longer than the document', replacing('cabundle', decodeHex('9b0000000fffffffff'))],
    ['length-map', 'a map longer than the document', replacing('pcrs', decodeHex('bb0000000fffffffff'))],
    ['length-bytes', 'bytes longer than the document', replacing('certificate', decodeHex('5a7fffffff'))],
    [
      'length-envelope',
      'an envelope longer than the document',
      { tamper: (document) => newHead(document, 1, 0x9b, 0, 0, 0, 0x0f, 0xff, 0xff, 0xff, 0xff) },
    ],
    ['length-payload', 'a payload longer than the document', replaced(2, decodeHex('5b7fffffffffffffff'))],
  ),
]
