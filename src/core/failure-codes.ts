/** Every code that a failed check can carry, with its meaning and its remedy. docs/failure-codes.md is made from this table. @module */
import { BINDING_CODES } from './failure-codes/binding.ts'
import { CHANNEL_CODES } from './failure-codes/channel.ts'
import { EVENT_LOG_CODES } from './failure-codes/event-log.ts'
import { FRAMING_CODES } from './failure-codes/framing.ts'
import { IMAGE_CODES } from './failure-codes/image.ts'
import { LOG_CODES } from './failure-codes/log.ts'
import { NITRO_CODES } from './failure-codes/nitro.ts'
import { POLICY_CODES } from './failure-codes/policy.ts'
import { RECEIPT_CODES } from './failure-codes/receipt.ts'
import { RESOURCE_CODES } from './failure-codes/resources.ts'
import { SNP_CODES } from './failure-codes/snp.ts'
import { TDX_CODES } from './failure-codes/tdx.ts'
import { X509_CODES } from './failure-codes/x509.ts'

/** The stable code of a failed check. */
export type FailureCode =
  | keyof typeof FRAMING_CODES
  | keyof typeof X509_CODES
  | keyof typeof SNP_CODES
  | keyof typeof TDX_CODES
  | keyof typeof EVENT_LOG_CODES
  | keyof typeof NITRO_CODES
  | keyof typeof BINDING_CODES
  | keyof typeof CHANNEL_CODES
  | keyof typeof RECEIPT_CODES
  | keyof typeof RESOURCE_CODES
  | keyof typeof LOG_CODES
  | keyof typeof IMAGE_CODES
  | keyof typeof POLICY_CODES

/** Code -> [what it means, what to do about it]. */
export const FAILURE_CODES: Readonly<Record<FailureCode, readonly [string, string]>> = {
  ...FRAMING_CODES,
  ...X509_CODES,
  ...SNP_CODES,
  ...TDX_CODES,
  ...EVENT_LOG_CODES,
  ...NITRO_CODES,
  ...BINDING_CODES,
  ...CHANNEL_CODES,
  ...RECEIPT_CODES,
  ...RESOURCE_CODES,
  ...LOG_CODES,
  ...IMAGE_CODES,
  ...POLICY_CODES,
}
