// Numbers that look random and follow from a seed, so that every input can be made again.

/** FNV-1a over the text: one stream for each name. */
function hashText(text) {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** sfc32. `text` names the stream: seed, decoder and part. */
export function createRandom(text) {
  let [a, b, c, counter] = [hashText(text), hashText(`${text}b`), hashText(`${text}c`), 1]
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let round = 0; round < 12; round++) next()
  /** From 0 to below `limit`. */
  const below = (limit) => Math.floor((next() / 0x1_0000_0000) * limit)
  return { next, below, pick: (list) => list[below(list.length)] }
}
