/** What asking again comes to. @module */

/** One thing that was asked again. Names are of the record: the model or a document's author chose them. */
export interface LiveRow {
  readonly kind: 'tool' | 'index' | 'chunk'
  readonly name: string
  /** `not-asked`: it is not in the configuration, or what it was asked is not at hand. */
  readonly status: 'same' | 'other' | 'not-asked'
  readonly detail: string
}
