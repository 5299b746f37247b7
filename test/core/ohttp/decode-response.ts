/** A response decoded to its end, from portions of a size. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { ResponseDecoder, type ResponseParts } from '../../../src/core/ohttp/binary-http.ts'

export function decodeResponse(octets: Uint8Array, portion: number): Required<ResponseParts> {
  const decoder = new ResponseDecoder()
  const content: Uint8Array[] = []
  for (let at = 0; at < octets.length; at += portion) content.push(...decoder.push(octets.slice(at, at + portion)))
  content.push(...decoder.finish())
  const { head, trailers } = decoder
  if (head === undefined) throw new Error('a response that was read has a head')
  return { ...head, content: concatBytes(...content), trailers }
}
