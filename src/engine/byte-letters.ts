/**
 * The letters that stand for bytes in a byte-level vocabulary: printable Latin-1 for itself, the rest from U+0100 upwards.
 * The same table as in every byte-level tokenizer.json. @module
 */

const LETTERS: readonly string[] = bytesToLetters()
const BYTES: ReadonlyMap<string, number> = new Map(LETTERS.map((letter, byte) => [letter, byte]))

function bytesToLetters(): readonly string[] {
  let next = 256
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad)
    return String.fromCharCode(printable ? byte : next++)
  })
}

/** The letter of a byte, 0 to 255. */
export function letterOfByte(byte: number): string {
  return LETTERS[byte] ?? ''
}

/** The bytes that a vocabulary entry spells, or undefined when a letter stands for none. */
export function bytesOfLetters(entry: string): Uint8Array | undefined {
  const bytes = new Uint8Array(entry.length)
  for (let i = 0; i < entry.length; i++) {
    const byte = BYTES.get(entry.charAt(i))
    if (byte === undefined) return undefined
    bytes[i] = byte
  }
  return bytes
}
