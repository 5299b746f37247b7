/** The published policy: what it accepts, and every demand that it makes. */
import { describe, expect, it } from 'vitest'
import {
  createNitroRoots,
  decodeNitroPolicy,
  type NitroPolicy,
  nitroPolicyOf,
  STRICT_NITRO_POLICY,
  verifyNitroDocument,
} from '../../../src/core/nitro/index.ts'
import { createSimulatedNitro, type SimulatedNitroOptions } from '../../../src/simulator/index.ts'

const AT = new Date('2026-11-21T12:00:00Z')
const DATA = new Uint8Array(64).fill(7)
const clock = (): Date => new Date(AT.getTime() - 3_600_000)

function judge(
  { madeAt = AT, pins = {} }: { madeAt?: Date; pins?: Partial<NitroPolicy> } = {},
  options: SimulatedNitroOptions = {},
) {
  const nitro = createSimulatedNitro({ clock, ...options })
  const document = nitro.document(DATA, { timestamp: madeAt.getTime() })
  return verifyNitroDocument({ document }, nitroPolicyOf(pins), {
    at: AT,
    userData: DATA,
    nonce: 'absent',
    publicKey: 'absent',
    measurements: [nitro.measurements],
    roots: createNitroRoots({ roots: 'built-in', simulated: [nitro.rootFingerprint] }),
  })
}

const seconds = (count: number): Date => new Date(AT.getTime() + count * 1000)

describe('the strict policy of Nitro', () => {
  it('is complete as a file would have to be', () => {
    expect(decodeNitroPolicy(JSON.parse(JSON.stringify(STRICT_NITRO_POLICY)))).toEqual(STRICT_NITRO_POLICY)
  })

  it('accepts a fresh document of an enclave', async () => {
    expect(await judge()).toMatchObject({ ok: true })
    expect(await judge({ madeAt: seconds(-300) })).toMatchObject({ ok: true })
    expect(await judge({ madeAt: seconds(60) })).toMatchObject({ ok: true })
  })

  it('rejects one that is older than five minutes, or more than one ahead', async () => {
    expect(await judge({ madeAt: seconds(-301) })).toMatchObject({ code: 'NITRO_TIMESTAMP' })
    expect(await judge({ madeAt: seconds(61) })).toMatchObject({ code: 'NITRO_TIMESTAMP' })
  })

  it('rejects the document of a NitroTPM', async () => {
    expect(await judge({}, { kind: 'nitrotpm' })).toMatchObject({ ok: false, code: 'NITRO_FIELDS' })
  })

  it('is narrowed by pins', async () => {
    const pins = { pcrs: { others: 'unchecked', '8': ['a'.repeat(96)] } } as const
    expect(await judge({ pins })).toMatchObject({ ok: false, code: 'MEASUREMENT_MISMATCH' })
  })
})
