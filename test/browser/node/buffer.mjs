/** The part of Buffer that judges of stored vectors use: octets to and from text. @module */
class Octets extends Uint8Array {
  toString(encoding) {
    const text = (octet) => (encoding === 'hex' ? octet.toString(16).padStart(2, '0') : String.fromCharCode(octet))
    return Array.from(this, text).join('')
  }
}

export const Buffer = {
  from(source, encoding) {
    if (encoding !== 'hex') return new Octets(source)
    return Octets.from(source.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  },
}
