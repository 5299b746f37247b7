/** Which kind of platform a quote names: FMSPC and CA of its PCK certificate. Whoever made the quote chose both; they only select. @module */
import { decodePckChain, decodePckExtension, decodeTdxQuote } from '../core/tdx/index.ts'
import { decodeCertificate } from '../core/x509/index.ts'
import { MalformedError } from '../errors.ts'
import type { PckCa } from './addresses.ts'

/** What selects collateral: both stand in the PCK certificate of a quote. */
export interface TdxPlatform {
  /** 12 digits of lower-case hexadecimal. */
  readonly fmspc: string
  /** Which CA issued the PCK certificate. */
  readonly ca: PckCa
}

/** How the common names of both CAs end. */
export const PCK_CA_NAMES: Readonly<Record<PckCa, RegExp>> = {
  platform: /\bPCK Platform CA$/,
  processor: /\bPCK Processor CA$/,
}

/** @throws MalformedError what decoding the quote or its certificates throws; X509_CHAIN_BROKEN for another issuer */
export function platformOfQuote(quote: Uint8Array): TdxPlatform {
  const [leaf] = decodePckChain(decodeTdxQuote(quote).signatureData.pckChain)
  const certificate = decodeCertificate(leaf ?? new Uint8Array())
  const issuer = certificate.issuer.commonNames[0] ?? ''
  const ca = (['platform', 'processor'] as const).find((name) => PCK_CA_NAMES[name].test(issuer))
  if (ca === undefined)
    throw new MalformedError('X509_CHAIN_BROKEN', 'the PCK certificate is issued by neither of the two CAs')
  return { fmspc: decodePckExtension(certificate).fmspc, ca }
}
