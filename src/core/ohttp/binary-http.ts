/** Binary HTTP, RFC 9292: strict, without I/O. @module */

export {
  type BinaryRequest,
  decodeRequest,
  encodeIndeterminateRequest,
  encodeRequest,
  type RequestControl,
  type RequestParts,
} from './binary-request.ts'
export {
  encodeResponse,
  encodeResponseEnd,
  encodeResponseHead,
  ResponseDecoder,
  type ResponseHead,
  type ResponseParts,
} from './binary-response.ts'
export { encodeContentChunk } from './body.ts'
export { type Fields, isConnectionField } from './fields.ts'
