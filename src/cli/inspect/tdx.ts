/** Structure of TDX quotes: header, TD report, signature data with the quoting enclave's report and the PCK chain. @module */
import { encodeHex } from '../../core/encoding/bytes.ts'
import {
  decodePckChain,
  decodeQeReport,
  decodeTdAttributes,
  decodeTdxQuote,
  type TdxQuote,
  tdxMeasurements,
} from '../../core/tdx/index.ts'
import { MalformedError } from '../../errors.ts'
import { certificateItem, text } from './certificates.ts'
import { amended, drawDecoded, grouped, type Inspection, type Item, type Notes } from './item.ts'

const HEADS = [
  ['header', 'version'],
  ['body descriptor', 'body type'],
  ['TD report', 'teeTcbSvn'],
  ['quote signature', 'signature data length'],
  ['behind the quote', 'padding'],
] as const

const CERTIFICATION_DATA: Readonly<Record<number, string>> = { 5: 'PCK chain', 6: 'QE report' }

const NOTES: Notes = {
  'attestation key type': (own) => (own[0] === 2 ? '2 (ECDSA P-256)' : undefined),
  'tee type': (own) =>
    `0x${encodeHex(own.slice().reverse()).replace(/^0+(?=.)/, '')}${own[0] === 0x81 ? ' (TDX)' : ''}`,
  teeTcbSvn: (own) => own.join(' '),
  teeTcbSvn2: (own) => own.join(' '),
  tdAttributes: describeAttributes,
  'certification data type': (own) => `${own[0] ?? 0} (${CERTIFICATION_DATA[own[0] ?? 0] ?? 'not judged'})`,
  // Certificates are shown by what reads them: the PCK certificate's octets name the machine for life.
  'signature data': () => '',
  qeReport: () => '',
  pckChain: (own) => `PEM, ${own.length} bytes`,
  padding: (own) => `${own.length} bytes`,
}

function describeAttributes(own: Uint8Array): string | undefined {
  if (own.length < 8) return undefined
  const { untrusted, septVeDisable, names } = decodeTdAttributes(own)
  const set = [...(untrusted ? ['DEBUG or profiling'] : []), ...(septVeDisable ? ['SEPT_VE_DISABLE'] : []), ...names]
  return `${encodeHex(own)}${set.length === 0 ? '' : ` (${set.join(', ')})`}`
}

export function inspectTdxQuote(octets: Uint8Array): Inspection {
  const { items, value, fault } = drawDecoded(octets, () => decodeWhole(octets), NOTES)
  const chain = value === undefined ? [] : chainItems(value)
  return {
    title: value === undefined ? 'TDX quote, malformed' : `TDX quote, version ${value.version}`,
    items: amended(grouped(items, HEADS), 'pckChain', (item) => (chain.length > 0 ? { ...item, items: chain } : item)),
    more: {
      platform: 'tdx',
      ...(value && { version: value.version, measurements: tdxMeasurements(value) }),
      ...(value && { reportData: encodeHex(value.body.reportData) }),
    },
    ...(fault && { fault }),
  }
}

/** With the enclave's report, which the decoder of quotes leaves as octets: its signature is over them. */
function decodeWhole(octets: Uint8Array): TdxQuote {
  const quote = decodeTdxQuote(octets)
  decodeQeReport(quote.signatureData.qeReport)
  return quote
}

function chainItems({ signatureData }: TdxQuote): readonly Item[] {
  try {
    return decodePckChain(signatureData.pckChain).map((der, at) => certificateItem(`certificate ${at}`, der))
  } catch (error) {
    if (error instanceof MalformedError) return [text('malformed', `${error.failure}: ${error.message}`)]
    throw error
  }
}
