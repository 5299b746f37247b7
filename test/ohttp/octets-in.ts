/** Octets as they might arrive: in portions of a size. */
export async function* octetsIn(octets: Uint8Array, portion: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += portion) yield octets.slice(at, at + portion)
}
