/** What is shown while certificates come, do not come, run out, or are not ours. */
import { X509Certificate } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { createSecureContext } from 'node:tls'
import { beforeEach, describe, expect, it } from 'vitest'
import { encodePem } from '../../../src/core/encoding/pem.ts'
import { createSelfSignedCertificate } from '../../../src/issuing/index.ts'
import { createChannelKeys, type TlsKey } from '../../../src/server/session/channel-keys.ts'
import type { TelemetryLine } from '../../../src/server/telemetry/types.ts'
import type { Obtain, Wanted } from '../../../src/server/tls/acme.ts'
import { openAcme } from '../../../src/server/tls/acme-source.ts'
import type { CertificateSource } from '../../../src/server/tls/types.ts'
import { ManualTime } from '../gateway/manual-time.ts'

const DAY_MS = 86_400_000
const HOST = 'gw.example.com'

let time: ManualTime
let key: TlsKey
let lines: TelemetryLine[]
let asked: Wanted[]
beforeEach(async () => {
  time = new ManualTime(new Date('2026-01-01T00:00:00Z'))
  key = await createTlsKey()
  lines = []
  asked = []
})

async function createTlsKey(): Promise<TlsKey> {
  const { tls } = await createChannelKeys({ tls: true })
  if (tls === 'none') throw new Error('there is one')
  return tls
}

interface Terms {
  readonly host?: string
  readonly days?: number
  readonly over?: TlsKey
}

async function issue({ host = HOST, days = 90, over = key }: Terms = {}): Promise<string> {
  const notBefore = time.now()
  const notAfter = new Date(notBefore.getTime() + days * DAY_MS)
  return encodePem(await createSelfSignedCertificate(over, { host, notBefore, notAfter }), 'CERTIFICATE')
}

async function open(obtain: Obtain, listening = Promise.resolve()): Promise<CertificateSource> {
  return openAcme(
    { key, host: HOST },
    {
      obtain: (wanted) => {
        asked.push(wanted)
        return obtain(wanted)
      },
      listening,
      clock: time,
      timers: time,
      telemetry: { write: (line) => lines.push(line) },
    },
  )
}

const details = (): readonly string[] => lines.map((line) => ('detail' in line ? line.detail : ''))

/** Until so many lines were written. */
async function written(count: number): Promise<void> {
  while (lines.length < count) await setImmediate()
}

const spkiOf = (pem: string): Buffer => new X509Certificate(pem).publicKey.export({ format: 'der', type: 'spki' })

describe('a source of public certificates', () => {
  it('shows the self-signed one until there is another, and tells of the change', async () => {
    let changes = 0
    const chain = await issue()
    const source = await open(async () => chain)
    source.onChange(() => changes++)
    expect(new X509Certificate(source.current().certChainPem).subject).toBe('CN=countersign')
    const first = source.current().certChainPem
    await written(1)
    expect([source.current().certChainPem, changes]).toEqual([chain, 1])
    expect(spkiOf(first)).toEqual(spkiOf(chain))
    expect(details()).toEqual(['issued, valid until 2026-04-01T00:00:00.000Z'])
  })

  it('asks when the challenge can be answered, not before', async () => {
    let listen: () => void = () => {}
    const listening = new Promise<void>((resolve) => {
      listen = resolve
    })
    await open(() => issue(), listening)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    expect(asked).toHaveLength(0)
    listen()
    await written(1)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.request).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----/)
  })

  it.each([
    ['of another key', async () => issue({ over: await createTlsKey() })],
    ['of another host', () => issue({ host: 'other.example.com' })],
    ['has run out', () => issue({ days: 0 })],
    ['no CERTIFICATE', async () => 'canary'],
  ])('never shows what is no certificate of ours (%s)', async (reason, obtain) => {
    const source = await open(obtain)
    let changes = 0
    source.onChange(() => changes++)
    const before = source.current()
    await written(1)
    expect([source.current(), changes]).toEqual([before, 0])
    expect(details()[0]).toContain(reason)
    expect(details()[0]).not.toContain('canary')
  })

  it('goes on with the one before where the listener does not take the new one', async () => {
    const source = await open(() => issue())
    const before = source.current()
    source.onChange(() => {
      throw new Error('not taken')
    })
    await written(1)
    expect(source.current()).toEqual(before)
  })

  it('renews at two thirds of the life, with the same key', async () => {
    const source = await open(() => issue())
    await written(1)
    const first = source.current().certChainPem
    time.advance(60 * DAY_MS - 1)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    expect(asked).toHaveLength(1)
    time.advance(1)
    await written(2)
    expect(asked).toHaveLength(2)
    expect(source.current().certChainPem).not.toBe(first)
    expect(spkiOf(source.current().certChainPem)).toEqual(spkiOf(first))
  })

  it('waits longer after each failure, an hour at most, and tells of each', async () => {
    await open(async () => {
      throw new Error('refused\u0007by the server')
    })
    const waits: number[] = []
    for (let tries = 1; tries <= 6; tries++) {
      await written(tries)
      const before = time.now().getTime()
      while (asked.length === tries) time.advance(1_000)
      waits.push((time.now().getTime() - before) / 1_000)
    }
    expect(waits).toEqual([30, 120, 480, 1_920, 3_600, 3_600])
    expect(details()[0]).toBe('not issued (refused by the server); again in 30 s')
  })

  it('answers a challenge while it is open, for its name alone', async () => {
    const context = createSecureContext()
    let end: () => void = () => {}
    const source = await open(async ({ show }) => {
      show(context)
      await new Promise<void>((resolve) => {
        end = resolve
      })
      return issue()
    })
    while (source.challenge(HOST) === undefined) await setImmediate()
    expect(source.challenge(HOST.toUpperCase())).toBe(context)
    expect(source.challenge('other.example.com')).toBeUndefined()
    end()
    await written(1)
    expect(source.challenge(HOST)).toBeUndefined()
  })

  it('gives up when it is closed: nothing is told, and nothing asked again', async () => {
    let given: unknown
    const source = await open(async ({ pause }) => {
      try {
        await pause(1_000)
      } catch (error) {
        given = error
        throw error
      }
      return issue()
    })
    while (asked.length === 0) await setImmediate()
    source.close()
    while (given === undefined) await setImmediate()
    time.advance(DAY_MS)
    for (let turn = 0; turn < 20; turn++) await setImmediate()
    expect([lines, asked.length]).toEqual([[], 1])
  })
})
