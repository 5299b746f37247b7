/** What a rule about images has against one. No finding at all is the only good answer; a rule given nothing to look at has one. @module */
import type { FailureCode } from '../../failure-codes.ts'

export type ImageCode = Extract<
  FailureCode,
  'IMAGE_PROFILE_WEAK' | 'IMAGE_NOT_DIGEST' | 'IMAGE_FORBIDDEN_FILE' | 'BUILD_NOT_REPRODUCIBLE'
>

export interface ImageFinding {
  readonly code: ImageCode
  /** The file, the section or the word that it is about. */
  readonly where: string
  readonly detail: string
}
