/** The key of a witness: one line, one spelling, for its owner alone, and never replaced. */
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cosignCheckpoint, decodeNote, decodeWitnessVkey, verifyCosignatures } from '../../src/core/log/index.ts'
import { createKeyFile, decodeKeyFile, encodeKeyFile, readKeyFile } from '../../src/witness/index.ts'
import { TestLog } from './test-log.ts'

const NAME = 'witness.example/w1'
const TEXT = encodeKeyFile(NAME, new Uint8Array(32).fill(7))

describe('a key file', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-witness-key-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is for its owner alone, and what it signs verifies under the key that it shows', async () => {
    const path = join(folder, 'witness.key')
    const made = await createKeyFile(path, NAME)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    const key = await readKeyFile(path)
    expect(key.vkey).toBe(made.vkey)
    const { body, note } = new TestLog().checkpoint(3)
    const cosigned = decodeNote(note + cosignCheckpoint(body, key, 1_800_000_000))
    expect(await verifyCosignatures(cosigned, [decodeWitnessVkey(made.vkey)])).toHaveLength(1)
    await expect(createKeyFile(path, NAME)).rejects.toThrow(/never replaced/)
    expect((await readKeyFile(path)).vkey).toBe(made.vkey)
  })

  it('is refused when others may read it', async () => {
    const path = join(folder, 'witness.key')
    await writeFile(path, TEXT, { mode: 0o600 })
    await chmod(path, 0o640)
    await expect(readKeyFile(path)).rejects.toThrow(/chmod 600/)
    expect(await readFile(path, 'utf8')).toBe(TEXT)
  })

  it('is refused when it is not there, with a word on what makes it', async () => {
    await expect(readKeyFile(join(folder, 'witness.key'))).rejects.toThrow(/witness init/)
  })

  it.each([
    ['another name', TEXT.replace('/w1', '/w2'), /altered/],
    ['another seed', TEXT.replace(/BwcH/, 'BwcI'), /altered/],
    ['another type', TEXT.replace(/\+BAcH/, '+AQcH'), /not an Ed25519 key/],
    ['no line feed', TEXT.trimEnd(), /not the key/],
    ['two lines', TEXT + TEXT, /not the key/],
    ['a verifier key', `${decodeKeyFile(TEXT).vkey}\n`, /not the key/],
  ])('is refused with %s, and its text is in no message', (_, text, message) => {
    expect(() => decodeKeyFile(text)).toThrow(message)
    expect(() => decodeKeyFile(text)).not.toThrow(/BwcHBwcH/)
  })
})
