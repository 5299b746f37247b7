// Makes a bad input of a good one: by what hostile senders and broken wires do, and with what parsers trip over.

const MAX_INPUT = 1 << 17

/** Lengths and counts that overflow, wrap, or are just beside a limit. */
const LENGTHS = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffn,
  0x100n,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_ffffn,
]
const WIDTHS = [1, 2, 4, 8]

/** Heads of CBOR, DER and JSON that claim much or nest, and text that other parsers read otherwise. */
const TOKENS = [
  ...['9bffffffffffffffff', '9b0000000fffffffff', '5b0000000fffffffff', 'bb00000001ffffffff', 'bf', '9f', 'ff', 'fb'],
  ...['7f', 'd2', 'c2', 'f6', 'f97e00', '308002', '3084ffffffff', '30847fffffff', '3080', '0000', '0500', '020100'],
  ...['0102030405060708', 'ffffffff', '1f8b08', 'c0af', 'eda080', 'f4908080', 'efbbbf'],
].map((hex) => Buffer.from(hex, 'hex'))
const TEXTS = [
  ...[
    '"',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '\\',
    '\\u0000',
    '\\ud800',
    '\\/',
    'null',
    'true',
    '1e999',
    '-0',
    '0.5',
    '01',
    '1E2',
  ],
  ...[
    '9007199254740993',
    '"__proto__":{}',
    '"constructor":1,',
    '{"a":',
    '[[[[[[[[',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '~',
    '.',
    '=',
    '-',
    '_',
    '+',
  ],
  ...[
    '/',
    '\u2014 ',
    '\u00e9',
    'A',
    '-----BEGIN CERTIFICATE-----\n',
    '-----END CERTIFICATE-----\n',
    'sha256:',
    'data: ',
    '\n\n',
  ],
].map((text) => Buffer.from(text))

const OPERATIONS = [flipBit, flipBit, setByte, setByte, editLength, editLength, insertToken, insertText, truncate]
OPERATIONS.push(duplicate, remove, swap, splice, fill)

/**
 * One to four operations on one of the samples.
 * @param samples good inputs of one decoder
 */
export function mutate(samples, random) {
  let bytes = Uint8Array.from(random.pick(samples))
  const count = 1 + Math.min(random.below(6), random.below(4))
  for (let at = 0; at < count; at++) bytes = random.pick(OPERATIONS)(bytes, random, samples)
  return bytes.length > MAX_INPUT ? bytes.slice(0, MAX_INPUT) : bytes
}

function flipBit(bytes, random) {
  if (bytes.length > 0) bytes[random.below(bytes.length)] ^= 1 << random.below(8)
  return bytes
}

function setByte(bytes, random) {
  // Every other one printable: text that is no text is refused before it is parsed.
  const octet = random.below(2) === 0 ? random.below(256) : 0x20 + random.below(0x5f)
  if (bytes.length > 0) bytes[random.below(bytes.length)] = octet
  return bytes
}

/** Numbers and lengths lie anywhere: every offset is one in turn. */
function editLength(bytes, random) {
  return putLength(bytes, {
    at: random.below(bytes.length),
    width: random.pick(WIDTHS),
    value: random.below(4) === 0 ? BigInt(bytes.length + random.below(5) - 2) : random.pick(LENGTHS),
    little: random.below(2) === 0,
  })
}

/** Writes a number in place, as far as it fits. */
export function putLength(bytes, { at, width, value, little }) {
  for (let octet = 0; octet < width; octet++) {
    const index = at + (little ? octet : width - 1 - octet)
    if (index < bytes.length) bytes[index] = Number((value >> BigInt(8 * octet)) & 0xffn)
  }
  return bytes
}

function insert(bytes, at, part) {
  const made = new Uint8Array(bytes.length + part.length)
  made.set(bytes.subarray(0, at))
  made.set(part, at)
  made.set(bytes.subarray(at), at + part.length)
  return made
}

function insertToken(bytes, random) {
  return insert(bytes, random.below(bytes.length + 1), random.pick(TOKENS))
}

function insertText(bytes, random) {
  return insert(bytes, random.below(bytes.length + 1), random.pick(TEXTS))
}

function truncate(bytes, random) {
  return bytes.slice(0, random.below(bytes.length + 1))
}

function rangeOf(bytes, random) {
  const start = random.below(bytes.length + 1)
  const size = random.below(Math.min(bytes.length - start, random.pick([4, 32, 4096])) + 1)
  return bytes.slice(start, start + size)
}

/** A slice over again, up to a few hundred times: depth, counts and keys that come twice. */
function duplicate(bytes, random) {
  const part = rangeOf(bytes, random)
  const times = random.below(16) === 0 ? 1 + random.below(300) : 1
  const most = Math.max(1, Math.min(times, Math.floor(MAX_INPUT / Math.max(part.length, 1))))
  const row = new Uint8Array(part.length * most)
  for (let at = 0; at < most; at++) row.set(part, at * part.length)
  return insert(bytes, random.below(bytes.length + 1), row)
}

function remove(bytes, random) {
  const start = random.below(bytes.length + 1)
  const end = start + 1 + random.below(random.pick([1, 16, 1024]))
  return insert(bytes.slice(0, start), start, bytes.subarray(end))
}

function swap(bytes, random) {
  const size = 1 + random.below(16)
  const [one, other] = [random.below(bytes.length + 1), random.below(bytes.length + 1)]
  const [first, second] = [bytes.slice(one, one + size), bytes.slice(other, other + size)]
  bytes.set(second.subarray(0, bytes.length - one), one)
  bytes.set(first.subarray(0, bytes.length - other), other)
  return bytes
}

/** The head of one sample and the tail of another. */
function splice(bytes, random, samples) {
  const other = random.pick(samples)
  const cut = random.below(bytes.length + 1)
  const from = random.below(2) === 0 ? Math.min(cut, other.length) : random.below(other.length + 1)
  return insert(bytes.slice(0, cut), cut, other.subarray(from))
}

function fill(bytes, random) {
  const start = random.below(bytes.length + 1)
  return bytes.fill(random.pick([0, 0xff, 0x20, 0x41]), start, start + 1 + random.below(64))
}
