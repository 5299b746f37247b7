/** `countersign measure nitro`: what it prints, its rows, and what it refuses. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type Io, UsageError } from '../../../src/cli/command.ts'
import { command } from '../../../src/cli/commands/measure.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { section, writeEif } from '../../core/measurement/eif/write-eif.ts'

const work = mkdtempSync(join(tmpdir(), 'countersign-cli-nitro-'))
afterAll(() => rmSync(work, { recursive: true }))

const FOLDER = join('attestation-fixtures', 'measurement', 'nitro')
const SIGNED = join(FOLDER, 'signed', 'image.eif')
const CONFIG = `sha256:${'ab'.repeat(32)}`
const image = join(work, 'gateway.eif')
writeFileSync(
  image,
  writeEif({
    sections: [
      section('kernel', 'kernel'),
      section('cmdline', 'console=ttyS0 \u001b[31mred'),
      section('metadata', '{"PCR0":"00"}'),
      section('ramdisk', 'first'),
      section('ramdisk', new Uint8Array(3 << 20)),
    ],
  }),
)

async function run(args: readonly string[], progress = false) {
  const written = { out: '', err: '' }
  const io: Io = {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    colour: false,
    progress,
    env: {},
    now: () => new Date(0),
  }
  return { exit: await command.run(['nitro', ...args], io), ...written }
}

describe('countersign measure nitro', () => {
  it('shows each part, and the registers; control characters of the builder do not reach the terminal', async () => {
    const { exit, out, err } = await run([image])
    expect([exit, err]).toEqual([0, ''])
    expect(out).toMatchInlineSnapshot(`
      "  part       offset     octets  digest                    in
        kernel        560          6  sha256:6923dd1bc0460082…  PCR0 PCR1
        cmdline       578         22  sha256:22be3598629721d1…  PCR0 PCR1
        metadata      612         13  sha256:4245af7e06c990b6…  not measured
        ramdisk 0     637          5  sha256:a7937b64b8caa58f…  PCR0 PCR1
        ramdisk 1     654  3,145,728  sha256:bbd05cf6097ac9b1…  PCR0 PCR2

        image         enclave image version 4 for x86_64, 3,146,382 octets
        digest        sha256:238bf4d8ae4ec61906130ffeddee16391c94c9049c56d4db9c2353c4bcf4d1db
        command line  console=ttyS0 ?[31mred
        defaults      1,024 MiB, 2 CPUs; not measured
        PCR0          f2dbbad926bff914e6c2e8407acefb3a1300d6a71ca7f0452bc676859f5545c75fa98da39e008eeb8c2bb7721a7d2641
        PCR1          eb5a3b4ae01b0d2e148691fe0d918fe91d72a2aa7c74d99983c8e9d6636410078ed02638a244fbdcf264ff8d8a3eb22f
        PCR2          a77ee93d59b69d72215d58ffdc2992ed9f781f3e9707d4663801efc7963b6f2dea82fd17df5fb02af53768fefe2f991c
        PCR8          zero: the image is not signed
      "
    `)
  })

  it('shows who signed the image', async () => {
    const { out } = await run([SIGNED])
    const { expect: due } = JSON.parse(readFileSync(join(FOLDER, 'signed', 'vector.json'), 'utf8'))
    expect(out).toContain(`PCR8          ${due.pcr8}`)
    expect(out).toContain('ES384 over PCR0; the certificate runs from 2026-01-01')
  })

  it('prints the same for machines, whole', async () => {
    const { out } = await run([SIGNED, '--json'])
    const { expect: due } = JSON.parse(readFileSync(join(FOLDER, 'signed', 'vector.json'), 'utf8'))
    const { platform, measurements, parts, signature, inputs } = JSON.parse(out)
    expect({ platform, measurements }).toEqual({
      platform: 'nitro',
      measurements: { document: 'enclave', pcr0: due.pcr0, pcr1: due.pcr1, pcr2: due.pcr2 },
    })
    expect(parts.map(({ name, registers }: { name: string; registers: string[] }) => [name, registers])).toEqual([
      ['kernel', ['pcr0', 'pcr1']],
      ['cmdline', ['pcr0', 'pcr1']],
      ['metadata', []],
      ['ramdisk 0', ['pcr0', 'pcr1']],
      ['ramdisk 1', ['pcr0', 'pcr2']],
      ['signature', ['pcr8']],
    ])
    expect(signature).toMatchObject({ pcr8: due.pcr8, algorithm: 'ES384', notAfter: '2027-01-01T00:00:00.000Z' })
    expect(inputs).toMatchObject({ architecture: 'x86_64', version: 4, commandLine: due.commandLine })
  })

  it('prints a row that a lock file takes', async () => {
    const { out } = await run([image, '--lock-row', '--config', CONFIG, '--model', `llama=${CONFIG}`])
    const lock = decodeLock(`{"version":1,"revision":0,"minimumPolicyRevision":0,"rows":[${out}]}`)
    expect(lock.rows).toMatchObject([
      {
        platform: 'nitro',
        shape: 'nitro-enclaves, x86_64',
        status: 'next',
        notAfter: 'none',
        config: CONFIG,
        models: [{ name: 'llama', digest: CONFIG }],
        provenance: 'none',
      },
    ])
    const { out: json } = await run([image, '--json'])
    expect(lock.rows[0]?.measurements).toEqual(JSON.parse(json).measurements)
  })

  it('shows how far it is on a terminal, and takes the bar away', async () => {
    const { err } = await run([image], true)
    expect(err).toContain('measuring')
    expect(err.endsWith('\r\u001b[2K')).toBe(true)
  })

  it.each([
    ['two-cmdlines-fail', 'EIF_FORMAT'],
    ['cut-ramdisk-fail', 'EIF_FORMAT'],
    ['crc-fail', 'EIF_CRC'],
    ['signature-other-key-fail', 'COSE_BAD_SIGNATURE'],
  ])('refuses %s with %s, and names the file and the offset', async (name, failure) => {
    const file = join(FOLDER, name, 'image.eif')
    await expect(run([file])).rejects.toMatchObject({
      failure,
      message: expect.stringMatching(/image\.eif: .*at \d+: /),
    })
  })

  it.each([
    ['no image', []],
    ['two images', [image, image]],
    ['a file that is not there', [join(work, 'none.eif')]],
    ['a folder', [work]],
    ['a row without a configuration', [image, '--lock-row']],
    ['a configuration without a row', [image, '--config', CONFIG]],
    ['a row that is no JSON of its own', [image, '--lock-row', '--json', '--config', CONFIG]],
    ['a model without a digest', [image, '--lock-row', '--config', CONFIG, '--model', 'llama']],
    ['a digest that is none', [image, '--lock-row', '--config', 'sha256:12']],
  ])('refuses %s as wrong use', async (_, args) => {
    await expect(run(args)).rejects.toBeInstanceOf(UsageError)
  })
})
