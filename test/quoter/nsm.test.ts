/** The Nitro security module: every request and error over a module in software, and the real ioctl on a harmless device. */
import { randomBytes } from 'node:crypto'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { encodeHex } from '../../src/core/encoding/bytes.ts'
import type { CborValue } from '../../src/core/encoding/cbor.ts'
import { encodeCbor } from '../../src/core/encoding/cbor-encode.ts'
import { endorseFromQuote } from '../../src/core/evidence/endorse.ts'
import { verifyHardware } from '../../src/core/evidence/hardware.ts'
import { nitroConfigurationRegister } from '../../src/core/nitro/index.ts'
import {
  createNitroQuoter,
  createNsmDevice,
  findLibrary,
  LIBRARY_MISSING,
  systemTimers,
} from '../../src/quoter/index.ts'
import { createIoctl, type Library } from '../../src/quoter/nsm/ioctl.ts'
import { encodeNsmRequest } from '../../src/quoter/nsm/messages.ts'
import { SecurityModule } from '../../src/quoter/nsm/module.ts'
import { selfTrust } from '../../src/server/session/self-policy.ts'
import { ManualTime } from '../server/gateway/manual-time.ts'
import { FakeNsm, nsmError } from './fake-nsm.ts'

const DATA = new Uint8Array(randomBytes(64))
const CONFIGURATION = new Uint8Array(randomBytes(32))
const SESSION = { octets: new Uint8Array(), configuration: CONFIGURATION, epoch: 0 }

function moduleOf(nsm: FakeNsm): SecurityModule {
  return new SecurityModule(nsm, systemTimers)
}

describe('requests', () => {
  it.each([
    [{ name: 'DescribeNSM' } as const, '6b44657363726962654e534d'],
    [{ name: 'GetRandom' } as const, '6947657452616e646f6d'],
    [{ name: 'DescribePCR', index: 16 } as const, 'a16b4465736372696265504352a165696e64657810'],
    [{ name: 'LockPCR', index: 16 } as const, 'a1674c6f636b504352a165696e64657810'],
    // 0x42 is a byte string of two octets, major type 2; an array of integers would be 0x82.
    [
      { name: 'ExtendPCR', index: 16, octets: Uint8Array.of(1, 2) } as const,
      'a169457874656e64504352a265696e64657810646461746142 0102',
    ],
    [
      { name: 'Attestation', userData: Uint8Array.of(0xaa) } as const,
      'a16b4174746573746174696f6ea369757365725f6461746141aa656e6f6e6365f66a7075626c69635f6b6579f6',
    ],
  ])('%o has its octets', (request, hex) => {
    expect(encodeHex(encodeNsmRequest(request))).toBe(hex.replaceAll(' ', ''))
  })

  it('that the driver would not take are not made', () => {
    expect(() => encodeNsmRequest({ name: 'Attestation', userData: new Uint8Array(0x1000) })).toThrow('takes 4096')
  })
})

describe('the module', () => {
  it('describes itself and its registers, extends, locks, and gives random octets', async () => {
    const nsm = new FakeNsm()
    const module = moduleOf(nsm)
    expect(await module.describe()).toEqual({
      version: '1.0.0',
      moduleId: 'i-0123456789abcdef0-enc0123456789abcdef',
      maxPcrs: 32,
      lockedPcrs: [],
      digest: 'SHA384',
    })
    const extended = await module.extendPcr(17, new Uint8Array(48))
    expect(await module.describePcr(17)).toEqual({ locked: false, value: extended })
    await module.lockPcr(17)
    expect(await module.describePcr(17)).toEqual({ locked: true, value: extended })
    await expect(module.extendPcr(17, new Uint8Array(48))).rejects.toThrow('ReadOnlyIndex')
    expect(await module.random()).toHaveLength(256)
  })

  it.each([
    'InvalidArgument',
    'InvalidIndex',
    'InvalidResponse',
    'ReadOnlyIndex',
    'InvalidOperation',
    'BufferTooSmall',
    'InputTooLarge',
    'InternalError',
    'Success',
    'Unheard',
  ])('refuses with %s', async (error) => {
    const nsm = new FakeNsm()
    nsm.scripted.push(nsmError(error))
    await expect(moduleOf(nsm).attest(DATA)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining(`refused Attestation: ${error}`),
    })
  })

  it.each([
    [
      'a document as a list of integers',
      encodeCbor(new Map([['Attestation', new Map([['document', [1, 2, 3]]])]])),
      'byte string',
    ],
    ['another answer', encodeCbor(new Map([['GetRandom', new Map([['random', DATA]])]])), 'another answer'],
    [
      'two answers',
      encodeCbor(
        new Map([
          ['Attestation', new Map()],
          ['GetRandom', new Map()],
        ]),
      ),
      'another answer',
    ],
    ['no octets', new Uint8Array(), 'no octets'],
    ['octets that are no CBOR', Uint8Array.of(0xff), 'out of form'],
    ['octets behind the answer', Uint8Array.of(0xf6, 0x00), 'out of form'],
    ['more than the driver gives', new Uint8Array(0x3001), '12289 octets'],
  ])('is not believed when it answers %s', async (_, response, words) => {
    const nsm = new FakeNsm()
    nsm.scripted.push(response)
    await expect(moduleOf(nsm).attest(DATA)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining(words),
    })
  })

  const DESCRIPTION: readonly (readonly [string, CborValue])[] = [
    ['version_major', 1],
    ['version_minor', 0],
    ['version_patch', 0],
    ['module_id', 'i-1-enc1'],
    ['max_pcrs', 32],
    ['locked_pcrs', [0, 1]],
    ['digest', 'SHA384'],
  ]
  const described = (key: string, value: CborValue): Uint8Array =>
    encodeCbor(new Map([['DescribeNSM', new Map([...DESCRIPTION, [key, value]])]]))
  const fields = (name: string, ...entries: readonly (readonly [string, CborValue])[]): Uint8Array =>
    encodeCbor(new Map([[name, new Map(entries)]]))

  it.each<[string, Uint8Array, string]>([
    ['a version that is text', described('version_minor', '0'), 'version_minor is no u16'],
    ['a version below zero', described('version_patch', -1), 'version_patch is no u16'],
    ['more registers than 16 bits count', described('max_pcrs', 65_536), 'max_pcrs is no u16'],
    ['an identity of octets', described('module_id', DATA), 'module_id is no text'],
    ['no digest', described('digest', null), 'digest is no text'],
    ['locked registers as octets', described('locked_pcrs', DATA), 'locked_pcrs is no list'],
    ['a locked register that is text', described('locked_pcrs', [0, '1']), 'locked_pcrs is no list'],
    ['a word', encodeCbor('DescribeNSM'), 'another answer'],
    ['a list', encodeCbor(new Map([['DescribeNSM', [1]]])), 'another answer'],
    [
      'an error and an answer',
      encodeCbor(
        new Map<string, CborValue>([
          ['DescribeNSM', 1],
          ['Error', 'X'],
        ]),
      ),
      'X',
    ],
    ['a key twice', Uint8Array.of(0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x01), 'a key appears twice'],
    ['a length beyond the end', Uint8Array.of(0xbb, 0, 0, 0, 1, 0, 0, 0, 0), 'beyond the end'],
    ['maps in maps', new Uint8Array(0x3000).fill(0x81), 'nested deeper'],
  ])('does not describe itself by %s', async (_, response, words) => {
    const nsm = new FakeNsm()
    nsm.scripted.push(response)
    await expect(moduleOf(nsm).describe()).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining(words),
    })
  })

  it.each<[string, Uint8Array, string]>([
    ['a lock that is a number', fields('DescribePCR', ['lock', 1], ['data', new Uint8Array(48)]), 'lock is no boolean'],
    ['no octets', fields('DescribePCR', ['lock', false], ['data', new Uint8Array()]), 'data has 0 octets, not 48'],
    ['SHA-512', fields('DescribePCR', ['lock', false], ['data', DATA]), 'data has 64 octets, not 48'],
  ])('does not describe a register by %s', async (_, response, words) => {
    const nsm = new FakeNsm()
    nsm.scripted.push(response)
    await expect(moduleOf(nsm).describePcr(16)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining(words),
    })
  })

  it.each<[string, Uint8Array]>([
    ['the word for several registers', encodeCbor('LockPCRs')],
    ['a map', fields('LockPCR', ['index', 16])],
    ['null', encodeCbor(null)],
  ])('has locked nothing when it answers %s', async (_, response) => {
    const nsm = new FakeNsm()
    nsm.scripted.push(response)
    await expect(moduleOf(nsm).lockPcr(16)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringContaining('another word'),
    })
  })

  it('may answer with as much as the driver takes', async () => {
    const head = fields('Attestation', ['document', new Uint8Array(300)]).length - 300
    const nsm = new FakeNsm()
    nsm.scripted.push(fields('Attestation', ['document', new Uint8Array(0x3000 - head)]))
    await expect(moduleOf(nsm).attest(DATA)).resolves.toHaveLength(0x3000 - head)
  })

  it('is let go of when it does not answer, and asked again', async () => {
    const time = new ManualTime()
    const nsm = new FakeNsm()
    nsm.hangs = true
    const module = new SecurityModule(nsm, time)
    const refused = expect(module.describe()).rejects.toThrow('did not answer within 20 s')
    await new Promise((resolve) => setImmediate(resolve))
    time.advance(20_000)
    await refused
    expect(nsm.abandoned).toBe(1)
    await expect(module.describe()).resolves.toMatchObject({ maxPcrs: 32 })
  })
})

describe('a quote of Nitro', () => {
  it('verifies through the core, with its configuration in PCR16', async () => {
    const nsm = new FakeNsm()
    const quoter = createNitroQuoter(moduleOf(nsm))
    expect(await quoter.measureSession?.(SESSION)).toMatchObject({ measured: true })
    const quote = endorseFromQuote(await quoter.quote(DATA))
    const verdict = await verifyHardware(quote, selfTrust(quote, true), {
      at: new Date(),
      reportData: DATA,
      besideReportData: 'absent',
    })
    if (!verdict.ok || verdict.value.tee !== 'nitro') throw new Error('not verified')
    expect(verdict.value.attested.document.pcrs.get(16)).toEqual(nitroConfigurationRegister(CONFIGURATION))
  })

  it('takes no other number of octets than 64', async () => {
    await expect(createNitroQuoter(moduleOf(new FakeNsm())).quote(new Uint8Array(32))).rejects.toThrow('32 bytes')
  })
})

describe('PCR16', () => {
  it('is extended once and locked; for the next session nothing is left to do', async () => {
    const nsm = new FakeNsm()
    const quoter = createNitroQuoter(moduleOf(nsm))
    await quoter.measureSession?.(SESSION)
    expect(await quoter.measureSession?.({ ...SESSION, epoch: 1 })).toMatchObject({ measured: true })
    expect(nsm.pcrs.get(16)).toEqual(nitroConfigurationRegister(CONFIGURATION))
    expect([...nsm.locked]).toEqual([16])
  })

  it('that was extended and not locked, by a process that ended in between, is locked', async () => {
    const nsm = new FakeNsm()
    nsm.pcrs.set(16, nitroConfigurationRegister(CONFIGURATION))
    expect(await createNitroQuoter(moduleOf(nsm)).measureSession?.(SESSION)).toMatchObject({ measured: true })
    expect([...nsm.locked]).toEqual([16])
  })

  it('that is locked over another configuration says so', async () => {
    const nsm = new FakeNsm()
    nsm.pcrs.set(16, new Uint8Array(48).fill(1))
    nsm.locked.add(16)
    const quoter = createNitroQuoter(moduleOf(nsm))
    expect(await quoter.measureSession?.(SESSION)).toMatchObject({
      measured: false,
      detail: expect.stringContaining('locked'),
    })
  })

  it('that something else extended is left alone', async () => {
    const nsm = new FakeNsm()
    nsm.pcrs.set(16, new Uint8Array(48).fill(1))
    const quoter = createNitroQuoter(moduleOf(nsm))
    expect(await quoter.measureSession?.(SESSION)).toMatchObject({ measured: false })
    expect(nsm.locked.size).toBe(0)
  })

  it('that comes to another value than due is no measurement', async () => {
    const nsm = new FakeNsm()
    nsm.scripted.push(
      encodeCbor(
        new Map([
          [
            'DescribePCR',
            new Map<string, boolean | Uint8Array>([
              ['lock', false],
              ['data', new Uint8Array(48)],
            ]),
          ],
        ]),
      ),
      encodeCbor(new Map([['ExtendPCR', new Map([['data', new Uint8Array(48)]])]])),
    )
    await expect(createNitroQuoter(moduleOf(nsm)).measureSession?.(SESSION)).rejects.toMatchObject({
      code: 'ERR_QUOTE',
    })
  })
})

it.runIf(findLibrary() !== undefined)(
  'does not believe a driver that says it wrote more than there was room for',
  () => {
    const library: Library = {
      ...createRequire(import.meta.url)('koffi'),
      address: () => 4096n,
      load: () => ({
        func: () => (_file: number, _number: number, _type: string, vectors: BigUint64Array) => {
          vectors[3] = 6n
          return 0
        },
      }),
    }
    const fs = { openSync: () => 3, closeSync: () => {}, constants: { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 } }
    const task = { path: '/dev/nsm', number: 0, request: Uint8Array.of(1, 2), responseSize: 5 }
    expect(createIoctl({ library, fs })(task)).toEqual({ kind: 'failed', code: 'EMSGSIZE' })
  },
)

it.runIf(findLibrary() !== undefined)(
  'hands the kernel one array for question and answer, which is read after the call: nothing collects it meanwhile',
  () => {
    const asked: Uint8Array[] = []
    const library: Library = {
      ...createRequire(import.meta.url)('koffi'),
      address: (octets: Uint8Array) => {
        asked.push(octets)
        return 4096n
      },
      load: () => ({
        func: () => (_file: number, _number: number, _type: string, vectors: BigUint64Array) => {
          const [request = 0n, size = 0n, response = 0n] = vectors
          expect([request, size, response, vectors[3]]).toEqual([4096n, 2n, 4098n, 5n])
          asked[0]?.set([7, 8, 9], 2)
          vectors[3] = 3n
          return 0
        },
      }),
    }
    const fs = { openSync: () => 3, closeSync: () => {}, constants: { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2 } }
    const task = { path: '/dev/nsm', number: 0, request: Uint8Array.of(1, 2), responseSize: 5 }
    expect(createIoctl({ library, fs })(task)).toEqual({ kind: 'octets', octets: Uint8Array.of(7, 8, 9) })
    expect(asked).toHaveLength(1)
  },
)

describe.runIf(process.platform === 'linux' && findLibrary() !== undefined)('the real ioctl', () => {
  it.each([
    ['/dev/null', 'ENOTTY', 'no Nitro security module'],
    ['/dev/no-such-device', 'ENOENT', 'no security module'],
  ])('on %s gives %s', async (path, errno, words) => {
    const device = createNsmDevice({ path })
    await expect(device.exchange(Uint8Array.of(0x60))).rejects.toMatchObject({
      code: 'ERR_QUOTE',
      message: expect.stringMatching(`${errno}.*${words}`),
    })
    device.abandon()
  })

  it('rests on what the library does: arrays are handed over in place, and addresses are where the kernel writes', () => {
    const require = createRequire(import.meta.url)
    const library: Library = require('koffi')
    const readv = library.load(null).func('int64_t readv(int fd, void *vectors, int count)')
    const file = openSync('/proc/self/comm', 'r')
    const octets = new Uint8Array(64)
    const vectors = BigUint64Array.of(BigInt(library.address(octets)), 64n)
    const count = Number(readv(file, vectors, 1))
    const read = Buffer.from(octets.subarray(0, count)).toString()
    closeSync(file)
    expect(read).toBe(readFileSync('/proc/self/comm', 'utf8'))
    const ioctl = library.load(null).func('int ioctl(int fd, unsigned long request, ...)')
    const regular = openSync('package.json', 'r')
    const answer = new BigUint64Array(4).fill(0xffffffffn)
    // FIONREAD: how much of a file is left, an int at the address.
    expect(ioctl(regular, 0x541b, 'void *', answer)).toBe(0)
    closeSync(regular)
    expect(answer[0]).toBe(BigInt(statSync('package.json').size))
  })

  it('says so where the library has no build for the machine', async () => {
    const device = createNsmDevice({ library: '/no/such/library.js' })
    await expect(device.exchange(Uint8Array.of(0x60))).rejects.toThrow('koffi has no build')
    device.abandon()
  })
})

it('says what to install where the library is missing', () => {
  expect(() => createNsmDevice({ library: 'missing' })).toThrow(LIBRARY_MISSING)
})
