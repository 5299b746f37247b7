/** What a model server is given. Only the transform engine makes it, so that no octet leaves that no receipt accounts for. wire.md section 2. @module */
import { applySplices, type Splice } from './splice.ts'

export class ForwardedOctets {
  // Private, so that no object of the same shape passes for one.
  readonly #octets: Uint8Array
  readonly #splices: readonly Splice[]

  private constructor(octets: Uint8Array, splices: readonly Splice[]) {
    this.#octets = octets
    this.#splices = splices
  }

  /** Exactly what is digested and sent. */
  get octets(): Uint8Array {
    return this.#octets
  }

  /** The changes that lead there from the client's request. */
  get splices(): readonly Splice[] {
    return this.#splices
  }

  /**
   * @param request exactly what the client sent
   * @throws MalformedError TRANSFORM_MISMATCH when splices descend, overlap or leave the request
   */
  static make(request: Uint8Array, splices: readonly Splice[]): ForwardedOctets {
    return new ForwardedOctets(splices.length === 0 ? request : applySplices(request, splices), splices)
  }
}
