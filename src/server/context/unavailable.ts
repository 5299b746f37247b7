/** A request whose context cannot be had now, though it asks for it rightly: what it needs did not answer. @module */

export class ContextUnavailable extends Error {
  /** @param message for the client: holds nothing that was asked, found or answered */
  constructor(message: string, options?: { readonly cause: unknown }) {
    super(message, options)
    this.name = 'ContextUnavailable'
  }
}
