/** Images that the field's own builder wrote (scripts/differential/eif-freeze.mjs): the same files, octet by octet, and the same registers. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { eifContents } from '../../../../scripts/differential/eif-cases.mjs'
import { decodeBase64 } from '../../../../src/core/encoding/base64.ts'
import { decodeJson, type JsonValue } from '../../../../src/core/encoding/json.ts'
import { ObjectReader } from '../../../../src/core/encoding/shape.ts'
import { createEifReader } from '../../../../src/core/measurement/eif/index.ts'
import { VECTOR_CODES } from '../../../kit/vectors.ts'
import { section, writeEif } from './write-eif.ts'

const FILE = join('attestation-fixtures', 'measurement', 'nitro-built.json')

function readFrozen() {
  const frozen = new ObjectReader(decodeJson(readFileSync(FILE)), FILE, VECTOR_CODES)
  const builder = frozen.object('builder')
  const name = `${builder.string('name')} ${builder.string('version')}`
  return { builder: name, seed: frozen.integer('seed'), cases: frozen.array('cases') }
}

function readCase(value: JsonValue, seed: number) {
  const reader = new ObjectReader(value, 'case', VECTOR_CODES)
  const optional = (name: string): string | undefined => {
    const text = reader.string(name)
    return text === 'none' ? undefined : text
  }
  const { kernel, ramdisks } = eifContents(seed, reader.integer('index'))
  const [metadata, signature] = [optional('metadata'), optional('signature')]
  const cmdline = reader.value('cmdline')
  if (typeof cmdline !== 'string') throw new TypeError('cmdline is no text')
  const image = writeEif({
    version: reader.integer('version'),
    flags: reader.integer('flags'),
    sections: [
      section('kernel', kernel),
      section('cmdline', cmdline),
      ...(metadata === undefined ? [] : [section('metadata', metadata)]),
      ...ramdisks.map((content) => section('ramdisk', content)),
      ...(signature === undefined ? [] : [section('signature', decodeBase64(signature))]),
    ],
  })
  const pcrs = reader.object('pcrs')
  const register = (name: string): string => pcrs.string(name)
  const expected = { pcr0: register('pcr0'), pcr1: register('pcr1'), pcr2: register('pcr2'), pcr8: register('pcr8') }
  return {
    image,
    digest: reader.string('digest'),
    signed: signature !== undefined,
    ramdisks: ramdisks.length,
    expected,
  }
}

describe(FILE, () => {
  const { builder, seed, cases } = readFrozen()
  const all = cases.map((value) => readCase(value, seed))

  it(`holds images with and without a signature, of one ramdisk and of as many as there may be, by ${builder}`, () => {
    expect(all.length).toBeGreaterThanOrEqual(20)
    expect(all.filter(({ signed }) => signed).length).toBeGreaterThan(5)
    expect(new Set(all.map(({ ramdisks }) => ramdisks))).toEqual(new Set([1, 2, 3, 5, 28]))
  })

  it.each(all.map((one, index) => [index, one] as const))('measures image %i as its builder did', async (_, one) => {
    expect(`sha256:${createHash('sha256').update(one.image).digest('hex')}`).toBe(one.digest)
    const reader = createEifReader()
    reader.push(one.image)
    const { measurements, signature } = await reader.finish()
    const { pcr0, pcr1, pcr2 } = measurements
    expect({ pcr0, pcr1, pcr2, pcr8: signature === 'none' ? signature : signature.pcr8 }).toEqual(one.expected)
  })
})
