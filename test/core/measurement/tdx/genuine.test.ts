/**
 * What a guest on hardware logged, beside what is computed for it. Firmware: dstack 0.6.0 on QEMU 8.2.2 with 2 GiB; from the fixture
 * dstack/verifier/fixtures/tdx-lite-getquote.json of Dstack-TEE/dstack (Apache-2.0), whose quote is among the genuine vectors.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { buildTdvf, usualSections } from '../../../../scripts/differential/tdx-images.mjs'
import { sha384 } from '../../../../src/core/crypto/index.ts'
import { decodeHex, encodeHex } from '../../../../src/core/encoding/bytes.ts'
import { configurationEvents, kernelEvents } from '../../../../src/core/measurement/tdx/boot-events.ts'
import { layOutMemory } from '../../../../src/core/measurement/tdx/guest-memory.ts'
import { extendAll } from '../../../../src/core/measurement/tdx/rtmr.ts'
import { encodeTdHob } from '../../../../src/core/measurement/tdx/td-hob.ts'
import { readTdvf } from '../../../../src/core/measurement/tdx/tdvf.ts'
import { decodeTdxQuote } from '../../../../src/core/tdx/quote.ts'

const QUOTE = join('..', 'shared', 'vectors', 'tdx', 'v4-dstack-lite', 'quote.bin')
const here = existsSync(QUOTE)
if (!here) process.stdout.write(`genuine vectors are not at hand (${QUOTE}): not tested\n`)

const LOGGED = {
  tdHob: '0b8772e5b0b41b83e6044a68397e02f49fb47066b4fbe4917ea2c45c64f323fdacbb37948f821ebaf8bc9c938ba8a749',
  cfv: '344bc51c980ba621aaa00da3ed7436f7d6e549197dfe699515dfa2c6583d95e6412af21c097d473155875ffd561d6790',
  loader: '095d04cf26fe03aef6e3561fa24c1aa1cea93f4aeaf563b1f9f7616184c53454875925759434769cec2490acb563a337',
  rsdp: '8d9a4d4777a1bc77ecd9d8d37a4628129a80052a510320159a20a923bd07a0e90d8d1f2e1ebf088992b25f0d0fa672ef',
  tables: '3070721e169bc41884724cb0e6b3082e1baf249083d8b389181ba50b9afa951057876c380b8870e8c2facf2eff67a2b6',
  kernel: 'ac7e632dcf5cd2a1fe5c1f41f4d9b8219570e64ed3c61038fdbf25404e6f542ffd57f276bc5076307efaf882e6d64177',
  commandLine: '786280842b7364287a3a70d96f7e309252857beb45fb1f91314a2ea863db0adc04c8431ecbf29a966405604631a5aab8',
  initrd: '4fe4f7710134a61d7def357add6ac50bdbfeee5032a4c100375e207216ffe42a3bd5822b24e679f91501fff795b81521',
} as const
const MEMORY = 2 ** 31
/** First event of CCEL_unpadded.data.bin among the tests of google/go-eventlog 0.0.2 (Apache-2.0), a direct boot; its CFV is that of LOGGED. */
const INTEL_TD_HOB = '2e070cda358b5aa00f27cca25c47381bb564f4be3a84d059805a73cbbde764ed8341f7e09915b5e7b370f9c08a743fbd'
const INTEL_MEMORY = 2 ** 33

/** The measurement document of that image names the same pieces of memory as Debian's OVMF has: those of the builder. */
const tdHob = (memory = MEMORY): Uint8Array =>
  encodeTdHob(readTdvf(buildTdvf({ sections: usualSections() })), layOutMemory(memory))

describe('what hardware measured', () => {
  it('is the hand-off block that is computed for the memory', () => {
    expect(encodeHex(sha384(tdHob()))).toBe(LOGGED.tdHob)
    expect(encodeHex(sha384(tdHob(INTEL_MEMORY)))).toBe(INTEL_TD_HOB)
  })

  it.skipIf(!here)('leads to RTMR0, RTMR1 and RTMR2 of the quote', () => {
    const { body } = decodeTdxQuote(new Uint8Array(readFileSync(QUOTE)))
    const digest = (name: keyof typeof LOGGED) => decodeHex(LOGGED[name])
    const own = [
      { name: 'TD HOB', digest: sha384(tdHob()) },
      { name: 'CFV', digest: digest('cfv') },
    ]
    const acpi = { loader: digest('loader'), rsdp: digest('rsdp'), tables: digest('tables') }
    expect(encodeHex(extendAll([...own, ...configurationEvents(acpi)]))).toBe(encodeHex(body.rtMr0))
    expect(encodeHex(extendAll(kernelEvents(digest('kernel'))))).toBe(encodeHex(body.rtMr1))
    const command = [digest('commandLine'), digest('initrd')].map((value) => ({ name: '', digest: value }))
    expect(encodeHex(extendAll(command))).toBe(encodeHex(body.rtMr2))
  })
})
