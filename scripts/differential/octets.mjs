// Changes of octets that know no format: flips, cuts, insertions, runs.

export const flipBit = (bytes, bit) => {
  const out = Uint8Array.from(bytes)
  out[bit >> 3] ^= 1 << (bit & 7)
  return out
}

export const put = (bytes, at, ...octets) => {
  const out = Uint8Array.from(bytes)
  out.set(octets, at)
  return out
}

export const join = (...parts) => new Uint8Array(Buffer.concat(parts))

/** [name, change of octets by chance]. Empty octets stay as they are. */
export const OCTET_CHANGES = [
  ['flip', (bytes, r) => flipBit(bytes, r.below(bytes.length * 8))],
  ['flip-two', (bytes, r) => flipBit(flipBit(bytes, r.below(bytes.length * 8)), r.below(bytes.length * 8))],
  ['octet', (bytes, r) => put(bytes, r.below(bytes.length), r.below(256))],
  ['cut', (bytes, r) => bytes.slice(0, r.below(bytes.length))],
  ['cut-one', (bytes) => bytes.slice(0, -1)],
  ['remove', (bytes, r) => without(bytes, r.below(bytes.length), 1)],
  ['remove-run', (bytes, r) => without(bytes, r.below(bytes.length), r.between(2, 64))],
  ['insert', (bytes, r) => inserted(bytes, r.below(bytes.length), r.octets(1))],
  ['insert-run', (bytes, r) => inserted(bytes, r.below(bytes.length), r.octets(r.between(2, 64)))],
  ['zeros', (bytes, r) => overwritten(bytes, r.below(bytes.length), new Uint8Array(r.between(1, 64)))],
  ['ones', (bytes, r) => overwritten(bytes, r.below(bytes.length), new Uint8Array(r.between(1, 64)).fill(255))],
  ['noise', (bytes, r) => overwritten(bytes, r.below(bytes.length), r.octets(r.between(1, 64)))],
  ['append', (bytes, r) => join(bytes, r.octets(r.between(1, 32)))],
  ['empty', () => new Uint8Array()],
]

const without = (bytes, at, count) => join(bytes.slice(0, at), bytes.slice(at + count))
const inserted = (bytes, at, more) => join(bytes.slice(0, at), more, bytes.slice(at))

function overwritten(bytes, at, run) {
  const out = Uint8Array.from(bytes)
  out.set(run.subarray(0, bytes.length - at), at)
  return out
}
