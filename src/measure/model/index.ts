/** What the weights in a measured folder are, by their own metadata, and whether that is what they are about to be used for. @module */
export { checkPurpose } from './check-purpose.ts'
export { describeModel } from './describe-model.ts'
export type { DescribedPart, ModelDescription, ModelPurpose } from './types.ts'
