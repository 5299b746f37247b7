/** `countersign measure model`: what it prints, and its exit codes. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Io, UsageError } from '../../src/cli/command.ts'
import { command } from '../../src/cli/commands/measure.ts'
import { decodeOmsManifest, omsRoot } from '../../src/core/resources/oms-manifest.ts'
import { createKey, createSigstore, IDENTITY, ISSUER } from '../kit/sigstore.ts'

let work: string
let folder: string
let manifest: string
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'countersign-cli-measure-'))
  folder = join(work, 'llama')
  manifest = join(work, 'llama.json')
  mkdirSync(join(folder, 'parts'), { recursive: true })
  writeFileSync(join(folder, 'config.json'), '{}', { mode: 0o644 })
  writeFileSync(join(folder, 'parts', 'a.bin'), new Uint8Array(1_234_567), { mode: 0o644 })
})
afterEach(() => rmSync(work, { recursive: true }))

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
  return { exit: await command.run(args, io), ...written }
}

const ROOT = /sha256:[0-9a-f]{64}/

describe('countersign measure model', () => {
  it('shows each file, and the digests that name the folder', async () => {
    const { exit, out, err } = await run(['model', folder])
    expect(exit).toBe(0)
    expect(err).toBe('')
    expect(out).toMatchInlineSnapshot(`
      "  config.json          2  44136fa355b3678a…
        parts/a.bin  1,234,567  bd00cfe84dd349c9…

        model     llama
        files     2, 1,234,569 octets
        left out  .git, model.sig
        subject   sha256:b461dd5e1e26c2cf14565fce9661f4e05c7a10db8bb5f892b5fa9b350aedc7ce
        root      sha256:a371e24fe354b0e4522f4b71e2fcfa8ef280ff33a41c28833672cd20286aab6a
      "
    `)
  })

  it('gives the same for machines, whole', async () => {
    chmodSync(join(folder, 'config.json'), 0o755)
    const { out } = await run(['model', folder, '--json'])
    expect(JSON.parse(out)).toEqual({
      root: expect.stringMatching(ROOT),
      subject: expect.stringMatching(ROOT),
      size: 1_234_569,
      ignored: ['.git', 'model.sig'],
      says: { format: 'unknown', purpose: 'unknown' },
      files: [
        { name: 'config.json', size: 2, digest: expect.stringMatching(ROOT), executable: true },
        { name: 'parts/a.bin', size: 1_234_567, digest: expect.stringMatching(ROOT), executable: false },
      ],
    })
  })

  it('shows what the kernel will call a file that fs-verity guards, where it is asked for', async () => {
    const { out } = await run(['model', folder, '--fs-verity'])
    expect(out).toMatch(/config\.json .*\n {4}fs-verity sha256:[0-9a-f]{64}\n {2}parts/)
    const json = JSON.parse((await run(['model', folder, '--fs-verity', '--json'])).out)
    expect(json.files[0]).toMatchObject({ name: 'config.json', fsVerity: expect.stringMatching(ROOT) })
  })

  it('draws a bar on a terminal and takes it away', async () => {
    const { err } = await run(['model', folder], true)
    expect(err).toContain('[########################] 100 %  measuring: 1 of 1 MiB')
    expect(err.endsWith('\r\u001b[2K')).toBe(true)
  })

  it('shows no control character that a file has in its name', async () => {
    writeFileSync(join(folder, 'a\u001b[31m\n'), '')
    expect((await run(['model', folder])).out).toContain('  a?[31m?  ')
  })

  it('writes a manifest that names the same root, and never over a file', async () => {
    const { out } = await run(['model', folder, '--manifest', manifest])
    const written = readFileSync(manifest)
    expect(out).toContain(omsRoot(decodeOmsManifest(written)))
    await expect(run(['model', folder, '--manifest', manifest])).rejects.toThrow(UsageError)
    expect(readFileSync(manifest)).toEqual(written)
  })

  it('refuses to write the manifest into the folder, at any depth', async () => {
    for (const inside of [join(folder, 'm.json'), join(folder, 'parts', 'm.json')])
      await expect(run(['model', folder, '--manifest', inside])).rejects.toThrow(/in the folder that is measured/)
    expect((await run(['model', folder, '--manifest', `${folder}.json`])).exit).toBe(0)
  })

  it.each([
    [['model']],
    [['model', 'a', 'b']],
    [['weights', 'a']],
    [[]],
    [['model', 'a', '--manifest', '/nowhere/at/all']],
    [['model', 'a', '--against', '/nowhere']],
  ])('says what is wrong with %j', async (args) => {
    await expect(run(args)).rejects.toThrow(UsageError)
  })
})

describe('countersign measure model --against', () => {
  beforeEach(async () => {
    await run(['model', folder, '--manifest', manifest])
  })
  const against = (more: readonly string[] = []) => run(['model', folder, '--against', manifest, ...more])

  it('passes the folder as it was', async () => {
    const { exit, out } = await against()
    expect(exit).toBe(0)
    expect(out).toContain('verified: the folder is the one of')
  })

  it.each<[string, () => void, string]>([
    [
      'renamed',
      () => renameSync(join(folder, 'config.json'), join(folder, 'c.json')),
      '  renamed  config.json -> c.json\n',
    ],
    [
      'moved',
      () => renameSync(join(folder, 'parts', 'a.bin'), join(folder, 'a.bin')),
      '  renamed  parts/a.bin -> a.bin\n',
    ],
    ['added empty', () => writeFileSync(join(folder, 'empty'), ''), '  added    empty\n'],
    ['given another mode', () => chmodSync(join(folder, 'config.json'), 0o755), '  mode     config.json\n'],
    ['changed', () => writeFileSync(join(folder, 'config.json'), '[]'), '  changed  config.json\n'],
    ['removed', () => rmSync(join(folder, 'config.json')), '  removed  config.json\n'],
  ])('[R10] fails, naming the file that was %s', async (_, change, line) => {
    change()
    const { exit, out } = await against()
    expect(exit).toBe(1)
    expect(out).toContain(line)
    expect(out).toContain('NOT VERIFIED: ARTIFACT_DIGEST_MISMATCH')
    const json = await against(['--json'])
    expect(json.exit).toBe(1)
    expect(JSON.parse(json.out)).toMatchObject({ verified: false, code: 'ARTIFACT_DIGEST_MISMATCH' })
  })

  it('shows the verdict below the files and the digests', async () => {
    writeFileSync(join(folder, 'config.json'), '[]')
    const { out } = await against()
    expect(out.replaceAll(work, '').replace(/root +sha256.*/, 'root')).toMatchInlineSnapshot(`
      "  config.json          2  4f53cda18c2baa0c…
        parts/a.bin  1,234,567  bd00cfe84dd349c9…

        model     llama
        files     2, 1,234,569 octets
        left out  .git, model.sig
        subject   sha256:893726bc6a2ae61991acbfc8858f0f7ffc353f0dce8c7da04b990f1ad7de53c2
        root

      Not as in /llama.json:
        changed  config.json

        ✗ no file changed  ARTIFACT_DIGEST_MISMATCH config.json [OpenSSF Model Signing v1, resources]
        – no file renamed  not reached
        – no file removed  not reached
        – no file added    not reached
        – no mode changed  not reached
        – same root        not reached

      NOT VERIFIED: ARTIFACT_DIGEST_MISMATCH
        A folder is not the one that was measured: a file was changed, added, removed, renamed or made executable.
        Compare the files that are named; get the right ones, or measure again and review what changed.
      "
    `)
  })

  it('refuses a manifest that was altered', async () => {
    const text = readFileSync(manifest, 'utf8').replace('parts/a.bin', '../../a.bin')
    writeFileSync(manifest, text)
    await expect(against()).rejects.toMatchObject({ failure: 'PARSE_INVALID' })
  })
})

describe('countersign measure model on what the files say', () => {
  it('shows the metadata of the weights, as their word', async () => {
    const weights = encodeSafetensors()
    writeFileSync(join(folder, 'config.json'), '{"architectures":["LlamaForCausalLM"]}')
    writeFileSync(join(folder, 'model.safetensors'), weights)
    const { exit, out } = await run(['model', folder])
    expect(exit).toBe(0)
    expect(out).toContain('  says      safetensors, model, LlamaForCausalLM, F32\n')
  })

  it('measures weights that cannot be read all the same, and says so', async () => {
    writeFileSync(join(folder, 'model.gguf'), 'no weights\u001b[2J')
    const { exit, out } = await run(['model', folder])
    expect(exit).toBe(0)
    expect(out).toMatch(/says +nothing that can be read: .*model\.gguf/)
    expect(out).toMatch(/root +sha256:/)
    const json = JSON.parse((await run(['model', folder, '--json'])).out)
    expect(json.says).toEqual({ unreadable: expect.stringContaining('model.gguf') })
  })
})

/** One tensor of four floats: header length, header, octets. */
function encodeSafetensors(): Uint8Array {
  const header = Buffer.from('{"model.embed_tokens.weight":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}')
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(header.length))
  return Buffer.concat([length, header, Buffer.alloc(16)])
}

describe('countersign measure model on a publisher', () => {
  let key: string
  let signer: ReturnType<typeof createKey>
  beforeEach(async () => {
    signer = createKey()
    key = join(work, 'key.pem')
    writeFileSync(key, signer.pem)
    await run(['model', folder, '--manifest', manifest])
    writeFileSync(join(folder, 'model.sig'), JSON.stringify(signer.sign(readFileSync(manifest))))
  })

  it('names who signed, by the signature beside the weights or elsewhere', async () => {
    const { exit, out } = await run(['model', folder, '--key', key])
    expect(exit).toBe(0)
    expect(out).toMatch(/\nverified: signed by sha256:[0-9a-f]{64}\n/)
    const elsewhere = join(work, 'elsewhere.sig')
    renameSync(join(folder, 'model.sig'), elsewhere)
    expect((await run(['model', folder, '--key', key, '--signature', elsewhere])).exit).toBe(0)
    await expect(run(['model', folder, '--key', key])).rejects.toThrow(/there is no model\.sig/)
  })

  it('fails where the key is another one, and where a file differs', async () => {
    const other = join(work, 'other.pem')
    writeFileSync(other, createKey().pem)
    const wrongKey = await run(['model', folder, '--key', other])
    expect(wrongKey.exit).toBe(1)
    expect(wrongKey.out).toContain('NOT VERIFIED: PUBLISHER_SIGNATURE')
    writeFileSync(join(folder, 'config.json'), '[]')
    const changed = await run(['model', folder, '--key', key, '--json'])
    expect(changed.exit).toBe(1)
    expect(JSON.parse(changed.out)).toMatchObject({
      verified: false,
      code: 'ARTIFACT_DIGEST_MISMATCH',
      publisher: { verified: false, code: 'ARTIFACT_DIGEST_MISMATCH' },
    })
  })

  it('knows identities of a Sigstore, and another identity from the one that is trusted', async () => {
    const sigstore = await createSigstore()
    const root = join(work, 'trusted_root.json')
    writeFileSync(root, sigstore.trustedRoot)
    writeFileSync(join(folder, 'model.sig'), JSON.stringify(await sigstore.sign({ payload: readFileSync(manifest) })))
    const judge = (identity: string) =>
      run(['model', folder, '--identity', identity, '--issuer', ISSUER, '--trusted-root', root, '--json'])
    const signed = await judge(IDENTITY)
    expect(signed.exit).toBe(0)
    expect(JSON.parse(signed.out)).toMatchObject({
      verified: true,
      publisher: { verified: true, signer: { kind: 'sigstore', identity: IDENTITY, issuer: ISSUER } },
    })
    const other = await judge('https://github.com/somebody/else')
    expect(other.exit).toBe(1)
    expect(JSON.parse(other.out)).toMatchObject({ verified: false, code: 'PUBLISHER_IDENTITY' })
  })

  it('does not let a manifest that fits make up for a signature that does not, nor the other way round', async () => {
    const other = join(work, 'other.pem')
    writeFileSync(other, createKey().pem)
    const { exit, out } = await run(['model', folder, '--against', manifest, '--key', other])
    expect(exit).toBe(1)
    expect(out).toContain('verified: the folder is the one of')
    expect(out).toContain('NOT VERIFIED: PUBLISHER_SIGNATURE')
    chmodSync(join(folder, 'config.json'), 0o755)
    const mode = await run(['model', folder, '--against', manifest, '--key', key, '--json'])
    expect(mode.exit).toBe(1)
    expect(JSON.parse(mode.out)).toMatchObject({ against: { verified: false }, publisher: { verified: true } })
  })

  it.each([
    [['--signature', 'model.sig']],
    [['--identity', 'a', '--issuer', 'b']],
    [['--trusted-root', 'a']],
    [['--key', 'a', '--identity', 'b']],
    [['--key', '/nowhere']],
  ])('refuses %j: a signature needs one publisher whom the caller trusts', async (more) => {
    await expect(run(['model', folder, ...more])).rejects.toThrow(UsageError)
  })
})
