/** Fixtures about the payload: its fields, their limits, and the binding to what was asked for. */
import { concatBytes, decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import type { NitroMeasurements } from '../../../src/core/nitro/index.ts'
import { SIMULATED_NITRO_MEASUREMENTS } from '../../../src/simulator/index.ts'
import { cborArray, cborBytes, cborInteger, cborMap, cborNull, cborText } from '../../../src/simulator/nitro-cbor.ts'
import {
  AT,
  accepts,
  adding,
  type Changes,
  editing,
  flip,
  NONCE,
  PUBLIC_KEY,
  REGISTER,
  type Recipe,
  rejects,
  replacing,
  seconds,
  USER_DATA,
  without,
} from './recipe.ts'

const { enclave, nitrotpm } = SIMULATED_NITRO_MEASUREMENTS
const ZERO = new Uint8Array(48)
const octets = (size: number): Uint8Array => new Uint8Array(size).fill(0x61)
const pinned = (register: number, ...values: readonly Uint8Array[]) => ({
  pcrs: { others: 'unchecked', [register]: values.map(encodeHex) },
})
const registers = (...entries: readonly (readonly [number, Uint8Array])[]): Changes => ({ registers: new Map(entries) })
const onlyRegisters = (...entries: readonly (readonly [number, Uint8Array])[]): Changes => ({
  fields: { pcrs: new Map(entries) },
})
const tpm: Changes = { kind: 'nitrotpm', policy: { document: 'nitrotpm' } }
const madeAt = (timestamp: number): Changes => ({ fields: { timestamp } })
const other = (hex: string): string => encodeHex(flip(decodeHex(hex), 47))
const otherRow = (register: 'pcr0' | 'pcr1' | 'pcr2'): readonly NitroMeasurements[] =>
  enclave.document === 'enclave' ? [{ ...enclave, [register]: other(enclave[register]) }] : []
const otherTpmRow = (register: 'pcr4' | 'pcr7' | 'pcr12'): readonly NitroMeasurements[] =>
  nitrotpm.document === 'nitrotpm' ? [{ ...nitrotpm, [register]: other(nitrotpm[register]) }] : []
const debug = [0, 1, 2, 3, 8].map((index) => [index, ZERO] as const)
const zeroRow: NitroMeasurements = {
  document: 'enclave',
  pcr0: encodeHex(ZERO),
  pcr1: encodeHex(ZERO),
  pcr2: encodeHex(ZERO),
}

function hexAt(index: number): string {
  return Object.values(enclave)[index] ?? ''
}

export const PAYLOAD_RECIPES: readonly Recipe[] = [
  accepts('N13', 'registers', 'registers 3, 4, 8 and 16 as pinned', {
    registers: new Map([3, 4, 8, 16].map((index) => [index, REGISTER] as const)),
    policy: {
      pcrs: {
        others: 'unchecked',
        3: [encodeHex(REGISTER)],
        4: [encodeHex(REGISTER)],
        8: [encodeHex(ZERO), encodeHex(REGISTER)],
        16: [encodeHex(REGISTER)],
      },
    },
  }),
  accepts(
    'N7',
    'registers-32',
    'all 32 registers',
    registers(...Array.from({ length: 16 }, (_, i) => [16 + i, REGISTER] as const)),
  ),
  accepts('N13', 'rows', 'one of several rows', {
    measurements: [...otherRow('pcr0'), ...otherRow('pcr2'), nitrotpm, enclave],
  }),
  accepts('N13', 'nitrotpm', 'a document of a NitroTPM where policy names that kind', tpm),
  accepts('N13', 'nitrotpm-registers', 'a register of a NitroTPM as pinned', {
    ...tpm,
    registers: new Map([[14, REGISTER]]),
    policy: { ...tpm.policy, ...pinned(14, REGISTER) },
  }),
  accepts('N14', 'optionals-left-out', 'a document without the fields that were not asked for', {
    fields: { publicKey: 'left-out', nonce: 'left-out' },
  }),
  accepts('N14', 'optionals-null', 'user data of null where none is due', {
    fields: { userData: 'null' },
    userData: 'absent',
  }),
  accepts('N14', 'user-data-empty', 'user data of no octets where that is due', {
    fields: { userData: new Uint8Array() },
    userData: new Uint8Array(),
  }),
  accepts('N14', 'nonce-and-key', 'nonce and public key as they are due', {
    fields: { nonce: NONCE, publicKey: PUBLIC_KEY },
    nonce: NONCE,
    publicKey: PUBLIC_KEY,
  }),
  accepts('N14', 'fields-unchecked', 'any field where the caller leaves it out', {
    fields: { nonce: NONCE, publicKey: PUBLIC_KEY },
    userData: 'unchecked',
    nonce: 'unchecked',
    publicKey: 'unchecked',
    measurements: 'unchecked',
  }),
  accepts('N10', 'fields-largest', 'fields of the largest size', {
    fields: { userData: octets(512), nonce: octets(512), publicKey: octets(1024) },
    userData: octets(512),
    nonce: octets(512),
    publicKey: octets(1024),
  }),
  accepts('N6', 'time-oldest', 'a document of the last moment that policy allows', { at: seconds(300) }),
  accepts('N6', 'time-ahead', 'a document from five minutes ahead', madeAt(AT.getTime() + 300_000)),
  accepts('N6', 'age-unchecked', 'an old document where policy leaves its age out', {
    at: seconds(7200),
    policy: { time: { maxAgeSeconds: 'unchecked', futureSkewSeconds: 0 } },
  }),
  ...rejects(
    'N5',
    'NITRO_DIGEST',
    ['digest-missing', 'a document without digest', without('digest')],
    ['digest-sha256', 'the digest SHA256', { fields: { digest: 'SHA256' } }],
    ['digest-sha512', 'the digest SHA512', { fields: { digest: 'SHA512' } }],
    ['digest-lower-case', 'the digest in other letters', { fields: { digest: 'sha384' } }],
    ['digest-null', 'a digest of null', replacing('digest', cborNull)],
    ['digest-bytes', 'a digest that is a byte string', replacing('digest', cborBytes(new Uint8Array(6)))],
  ),
  ...rejects(
    'N6',
    'NITRO_TIMESTAMP',
    ['timestamp-zero', 'a timestamp of zero', madeAt(0)],
    ['timestamp-negative', 'a timestamp before 1970', replacing('timestamp', cborInteger(-1))],
    ['timestamp-text', 'a timestamp that is text', replacing('timestamp', cborText(AT.toISOString()))],
    [
      'timestamp-beyond',
      'a timestamp that no date can hold',
      replacing('timestamp', cborInteger(8_640_000_000_000_001)),
    ],
    ['timestamp-64-bits', 'a timestamp of 64 bits', replacing('timestamp', cborInteger(2n ** 64n - 1n))],
    ['timestamp-future', 'a document from more than five minutes ahead', madeAt(AT.getTime() + 300_001)],
    [
      'timestamp-future-policy',
      'a document from ahead where policy allows none',
      {
        ...madeAt(AT.getTime() + 1),
        policy: { time: { maxAgeSeconds: 'unchecked', futureSkewSeconds: 0 } },
      },
    ],
    ['timestamp-old', 'a document older than policy allows', { at: seconds(301) }],
  ),
  ...rejects(
    'N7',
    'NITRO_PCR_SHAPE',
    ['registers-none', 'no registers', onlyRegisters()],
    [
      'registers-33',
      '33 registers',
      onlyRegisters(...Array.from({ length: 33 }, (_, index) => [index, REGISTER] as const)),
    ],
    ['register-32', 'a register 32', registers([32, REGISTER])],
    ['register-negative', 'a register -1', registers([-1, REGISTER])],
    ['register-name', 'a register with a name', replacing('pcrs', cborMap([[cborText('0'), cborBytes(REGISTER)]]))],
    ['register-47', 'a register of 47 bytes', registers([0, octets(47)])],
    ['register-49', 'a register of 49 bytes', registers([0, octets(49)])],
    ['register-32-bytes', 'a register of SHA-256', registers([15, octets(32)])],
    ['register-64-bytes', 'a register of SHA-512', registers([15, octets(64)])],
    ['register-null', 'a register of null', replacing('pcrs', cborMap([[cborInteger(0), cborNull]]))],
    [
      'register-text',
      'a register that is text',
      replacing('pcrs', cborMap([[cborInteger(0), cborText('a'.repeat(48))]])),
    ],
    ['registers-array', 'registers in an array', replacing('pcrs', cborArray(cborBytes(REGISTER)))],
    ['registers-null', 'registers of null', replacing('pcrs', cborNull)],
  ),
  ...rejects(
    'N8',
    'NITRO_DEBUG',
    ['debug', 'a debug enclave, whose PCR4 is set', registers(...debug)],
    [
      'debug-unchecked',
      'a debug enclave where nothing is pinned',
      { ...registers(...debug), measurements: 'unchecked' },
    ],
    ['debug-pinned', 'a debug enclave whose zeros are pinned', { ...registers(...debug), measurements: [zeroRow] }],
    [
      'debug-absent',
      'a document without PCR0, PCR1 and PCR2',
      { ...onlyRegisters([4, REGISTER]), measurements: 'unchecked' },
    ],
    [
      'debug-nitrotpm',
      'a NitroTPM that measured no firmware',
      { ...tpm, ...registers([0, ZERO], [1, ZERO], [2, ZERO]) },
    ],
  ),
  ...rejects(
    'N10',
    'NITRO_FIELD_SIZE',
    [
      'certificate-1025',
      'a certificate of 1025 bytes',
      { chain: (nitro) => ({ ...nitro.chain(), certificate: octets(1025) }) },
    ],
    [
      'certificate-empty',
      'an empty certificate',
      { chain: (nitro) => ({ ...nitro.chain(), certificate: new Uint8Array() }) },
    ],
    ['certificate-null', 'a certificate of null', replacing('certificate', cborNull)],
    ['public-key-1025', 'a public key of 1025 bytes', { fields: { publicKey: octets(1025) }, publicKey: 'unchecked' }],
    ['public-key-empty', 'an empty public key', { fields: { publicKey: new Uint8Array() }, publicKey: 'unchecked' }],
    [
      'public-key-text',
      'a public key that is text',
      { ...replacing('public_key', cborText('key')), publicKey: 'unchecked' },
    ],
    ['user-data-513', 'user data of 513 bytes', { fields: { userData: octets(513) }, userData: 'unchecked' }],
    ['nonce-513', 'a nonce of 513 bytes', { fields: { nonce: octets(513) }, nonce: 'unchecked' }],
    [
      'nonce-array',
      'a nonce that is an array of integers',
      { ...replacing('nonce', cborArray(cborInteger(1))), nonce: 'unchecked' },
    ],
  ),
  ...rejects(
    'N12',
    'NITRO_FIELDS',
    ['key-unknown', 'a key that no check reads', adding('extra', cborNull)],
    ['key-integer', 'a key that is a number', adding('1', cborNull, cborInteger(1))],
    ['key-case', 'a key in other letters', adding('Nonce', cborBytes(NONCE))],
    ['module-id-missing', 'a document without module_id', without('module_id')],
    ['timestamp-missing', 'a document without timestamp', without('timestamp')],
    ['certificate-missing', 'a document without certificate', without('certificate')],
    ['cabundle-missing', 'a document without cabundle', without('cabundle')],
    ['registers-missing', 'a document without registers', without('pcrs')],
    [
      'registers-both',
      'a document with registers of both kinds',
      adding('nitrotpm_pcrs', cborMap([[cborInteger(4), cborBytes(REGISTER)]])),
    ],
    [
      'kind-nitrotpm',
      'a document of a NitroTPM where an enclave is due',
      { kind: 'nitrotpm', measurements: 'unchecked' },
    ],
    [
      'kind-enclave',
      'a document of an enclave where a NitroTPM is due',
      { policy: { document: 'nitrotpm' }, measurements: 'unchecked' },
    ],
    [
      'payload-array',
      'a payload that is no map',
      { shapes: { unsigned: (parts) => ({ ...parts, payload: cborArray() }) } },
    ],
  ),
  ...rejects(
    'N13',
    'MEASUREMENT_MISMATCH',
    ['pcr0', 'another PCR0', { measurements: otherRow('pcr0') }],
    ['pcr1', 'another PCR1', { measurements: otherRow('pcr1') }],
    ['pcr2', 'another PCR2', { measurements: otherRow('pcr2') }],
    [
      'pcr-rows-mixed',
      'PCR0 of one row with PCR1 of another',
      { measurements: [...otherRow('pcr0'), ...otherRow('pcr1')] },
    ],
    [
      'pcr-missing',
      'a document without PCR2',
      {
        ...editing('pcrs', () =>
          cborMap([0, 1].map((index) => [cborInteger(index), cborBytes(decodeHex(hexAt(index + 1)))])),
        ),
      },
    ],
    ['pcr-no-rows', 'any code where no row is in force', { measurements: [] }],
    ['pcr-row-of-tpm', 'an enclave where only a NitroTPM is pinned', { measurements: [nitrotpm] }],
    [
      'pcr-row-same-values',
      'an enclave where a NitroTPM is pinned with the same values',
      { measurements: [{ document: 'nitrotpm', pcr4: hexAt(1), pcr7: hexAt(2), pcr12: hexAt(3) }] },
    ],
    ['pcr3', 'another PCR3', { ...registers([3, REGISTER]), policy: pinned(3, ZERO) }],
    ['pcr4', 'another PCR4', { policy: pinned(4, REGISTER) }],
    ['pcr8', 'another PCR8', { policy: pinned(8, REGISTER) }],
    ['pcr16', 'another PCR16', { ...registers([16, REGISTER]), policy: pinned(16, flip(REGISTER, 0)) }],
    ['pcr16-missing', 'a pinned PCR16 that was never locked', { policy: pinned(16, ZERO) }],
    ['pcr31', 'another PCR31', { ...registers([31, REGISTER]), policy: pinned(31, ZERO) }],
    ['tpm-pcr4', 'another PCR4 of a NitroTPM', { ...tpm, measurements: otherTpmRow('pcr4') }],
    ['tpm-pcr7', 'another PCR7 of a NitroTPM', { ...tpm, measurements: otherTpmRow('pcr7') }],
    ['tpm-pcr12', 'another PCR12 of a NitroTPM', { ...tpm, measurements: otherTpmRow('pcr12') }],
  ),
  ...rejects(
    'N14',
    'NONCE_MISMATCH',
    ['nonce-other', 'another nonce', { fields: { nonce: NONCE }, nonce: flip(NONCE, 31) }],
    ['nonce-null', 'a nonce of null where one is due', { nonce: NONCE }],
    ['nonce-left-out', 'no nonce where one is due', { fields: { nonce: 'left-out' }, nonce: NONCE }],
    [
      'nonce-prefix',
      'a nonce that only begins as it is due',
      { fields: { nonce: concatBytes(NONCE, NONCE) }, nonce: NONCE },
    ],
  ),
  ...rejects(
    'N14',
    'USER_DATA_MISMATCH',
    ['user-data-first', 'other user data in the first byte', { userData: flip(USER_DATA, 0) }],
    ['user-data-last', 'other user data in the last byte', { userData: flip(USER_DATA, 63) }],
    ['user-data-prefix', 'user data that only begins as it is due', { userData: USER_DATA.slice(0, 32) }],
    ['user-data-longer', 'user data that ends too early', { fields: { userData: USER_DATA.slice(0, 32) } }],
    ['user-data-null', 'user data of null where some is due', { fields: { userData: 'null' } }],
    ['user-data-zero-octets', 'user data of no octets where some is due', { fields: { userData: new Uint8Array() } }],
    [
      'user-data-as-nonce',
      'the user data in the place of the nonce',
      { fields: { userData: 'null', nonce: USER_DATA }, nonce: 'unchecked' },
    ],
    ['public-key-other', 'another public key', { fields: { publicKey: PUBLIC_KEY }, publicKey: flip(PUBLIC_KEY, 0) }],
    ['public-key-null', 'a public key of null where one is due', { publicKey: PUBLIC_KEY }],
  ),
  ...rejects(
    'N14',
    'NITRO_UNEXPECTED_FIELD',
    ['nonce-unexpected', 'a nonce where none is due', { fields: { nonce: NONCE } }],
    ['nonce-unexpected-empty', 'a nonce of no octets where none is due', { fields: { nonce: new Uint8Array() } }],
    ['public-key-unexpected', 'a public key where none is due', { fields: { publicKey: PUBLIC_KEY } }],
    ['user-data-unexpected', 'user data where none is due', { userData: 'absent' }],
  ),
]
