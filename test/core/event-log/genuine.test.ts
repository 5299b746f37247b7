/**
 * What a genuine dstack guest measured leads to the RTMR3 that its genuine quote holds, where the folder with the quote is at hand.
 * The events are those of nearai/vllm-proxy, tests/app/sample_dstack_data.py (Apache-2.0), in a certificate of the same guest.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeHex, encodeHex } from '../../../src/core/encoding/bytes.ts'
import { decodeJson } from '../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../src/core/encoding/shape.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { decodeEventLogPolicy, verifyEventLog } from '../../../src/core/event-log/index.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { encodeDstack, runtime } from './build.ts'

const VECTOR = join('..', 'shared', 'vectors', 'tdx', 'v4-vllm-proxy-bb1ffa', 'vector.json')
const here = existsSync(VECTOR)
if (!here)
  process.stdout.write(`genuine TDX vectors are not at hand (${VECTOR}): event logs are not tested against them\n`)

const CODES = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const
const KMS_KEY =
  '3059301306072a8648ce3d020106082a8648ce3d030107034200048844eb42ccdf8c52fd4f174f362fcb9bbd19c45fd48f1edec2d8f1ca23536ec1a74021b4cee610c074f8294d431b2b7fee2c39e5333fdaf0a4522d43fb159d9f'
const COMPOSE_HASH = '62dd36d22b7d704aaa4d598226801ed4e6a3bfd17dde762b2efd9876768be800'
const EVENTS = [
  runtime('system-preparing'),
  runtime('app-id', decodeHex('ab84a54bdaf082be00ea40e8e37bdeb5c15c58de')),
  runtime('compose-hash', decodeHex(COMPOSE_HASH)),
  runtime('instance-id', decodeHex('eb6b019edd1f076327ed9466d0fc5df5a96e80b0')),
  runtime('boot-mr-done'),
  runtime('mr-kms', decodeHex('c658b8d8b701b1ae17ddd64a6a9c2ac8d66cc41021629062c25d3be41b89afed')),
  runtime('os-image-hash', decodeHex('6809f73ca56b2dfba9918bdb9709608f30284af4fbb50e707e3270a0436f1657')),
  runtime('key-provider', encodeUtf8(`{"name":"kms","id":"${KMS_KEY}"}`)),
  runtime('system-ready'),
]

function quotedRegisters() {
  const vector = new ObjectReader(decodeJson(readFileSync(VECTOR), { numbers: 'any' }), 'vector', CODES)
  const measurements = vector.object('expected').object('measurements')
  const register = (name: string): Uint8Array => decodeHex(measurements.string(name))
  return { rtMr0: register('rtmr0'), rtMr1: register('rtmr1'), rtMr2: register('rtmr2'), rtMr3: register('rtmr3') }
}

const policy = decodeEventLogPolicy({
  replay: [3],
  required: [
    {
      ...{ register: 3, kind: 'runtime', name: 'compose-hash', payloads: [COMPOSE_HASH] },
      ...{ after: 'unchecked', before: 'system-ready' },
    },
  ],
})

describe('the genuine log of a dstack guest', () => {
  it('has the digest that the guest logged for app-id', () => {
    expect(encodeHex(EVENTS[1]?.digest ?? new Uint8Array())).toBe(
      '4634ac19f31bb81ad5e19b2dd9fd0b71d7a9b3dfc8f292f2b82f58761f3d194d6db34c10f77939398d55cde65d1b4236',
    )
  })

  it.skipIf(!here)('[E1] leads to the RTMR3 of the genuine quote', async () => {
    const log = { format: 'dstack', octets: encodeDstack(EVENTS) } as const
    const verdict = await verifyEventLog(log, { registers: quotedRegisters(), policy })
    expect(failedCheck(verdict.checks)).toBeUndefined()
  })

  it.skipIf(!here)('[E1] leads elsewhere without one of its events', async () => {
    for (const left of EVENTS) {
      const log = { format: 'dstack', octets: encodeDstack(EVENTS.filter((event) => event !== left)) } as const
      const verdict = await verifyEventLog(log, { registers: quotedRegisters(), policy })
      expect(verdict).toMatchObject({ ok: false, code: 'RTMR_REPLAY_MISMATCH' })
    }
  })
})
