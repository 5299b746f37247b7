/** Structure of Nitro attestation documents: COSE_Sign1, the payload's map, registers and certificates. @module */
import { decodeHex } from '../../core/encoding/bytes.ts'
import { recordReads } from '../../core/encoding/recording.ts'
import { decodeNitroDocument, nitroMeasurements } from '../../core/nitro/index.ts'
import { drawCbor } from './cbor-tree.ts'
import { inspectCertificate } from './certificates.ts'
import { amended, faultText, type Inspection, type Item } from './item.ts'

const PARTS = ['protected header', 'unprotected header', 'payload', 'signature'] as const

export function inspectNitroDocument(octets: Uint8Array): Inspection {
  const { reads, result } = recordReads(octets, () => decodeNitroDocument(octets))
  const last = reads.at(-1)
  const outer = drawCbor(octets, reads, 'COSE_Sign1')
  const payload = outer && drawCbor(octets, outer.rest, 'payload')
  const parts = (outer?.item.items ?? []).map((item, at) => ({ ...item, name: PARTS[at] ?? item.name }))
  const items = parts.map((item) =>
    item.name === 'payload' && payload
      ? { ...item, value: payload.item.value ?? '', items: describePayload(payload.item.items ?? []) }
      : item,
  )
  return {
    title: result.ok
      ? `Nitro attestation document of ${result.value.moduleId}`
      : 'Nitro attestation document, malformed',
    items: outer === undefined ? [] : [{ ...outer.item, items }],
    more: { platform: 'nitro', ...(result.ok && { measurements: nitroMeasurements(result.value) }) },
    ...(!result.ok && {
      fault: { ...faultText(result.fault), ...(last && { field: last.field, offset: last.offset }) },
    }),
  }
}

function describePayload(entries: readonly Item[]): readonly Item[] {
  const registers = (item: Item): Item => ({
    ...item,
    items: (item.items ?? []).map((register) => ({ ...register, name: `PCR${register.name}` })),
  })
  let items = amended(entries, 'pcrs', registers)
  items = amended(items, 'nitrotpm_pcrs', registers)
  items = amended(items, 'timestamp', (item) => ({ ...item, value: withTime(item.value ?? '') }))
  items = amended(items, 'certificate', summarised)
  return amended(items, 'cabundle', (item) => ({ ...item, items: (item.items ?? []).map(summarised) }))
}

/** The last millisecond that has a date. */
const LAST = 8.64e15

function withTime(milliseconds: string): string {
  const time = Number(milliseconds)
  return time <= LAST ? `${milliseconds} (${new Date(time).toISOString()})` : milliseconds
}

function summarised(item: Item): Item {
  const { value = '' } = item
  if (!/^(?:[0-9a-f]{2})+$/.test(value)) return item
  const { title, items, fault } = inspectCertificate(decodeHex(value))
  return fault ? { ...item, value: fault.message } : { ...item, value: title, items }
}
