/** The manifest of a model folder: its two digests, what changes them, and manifests that somebody else wrote. */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import {
  createOmsManifest,
  decodeOmsManifest,
  encodeOmsManifest,
  type OmsResource,
  omsRoot,
  omsSubject,
} from '../../../src/core/resources/oms-manifest.ts'
import { MalformedError } from '../../../src/errors.ts'

const hex = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')
const [A, B, EMPTY] = [hex('a'), hex('b'), hex('')]
const FILES: readonly OmsResource[] = [
  { name: 'config.json', digest: A },
  { name: 'parts/weights.bin', digest: B },
]
const IGNORED = ['.git', 'model.sig']
const make = (files: readonly OmsResource[]) => createOmsManifest('llama', files, IGNORED)
const rootOf = (files: readonly OmsResource[]): string => omsRoot(make(files))

/** The statement as JSON, with changes of whoever wrote it. */
function statement(change: (statement: ReturnType<typeof plain>) => object = (given) => given): Uint8Array {
  return encodeUtf8(JSON.stringify(change(plain())))
}

function plain() {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'llama', digest: { sha256: hex(Buffer.from(A + B, 'hex')) } }],
    predicateType: 'https://model_signing/signature/v1.0',
    predicate: {
      serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: false, ignore_paths: IGNORED },
      resources: [
        { name: 'config.json', algorithm: 'sha256', digest: A },
        { name: 'parts/weights.bin', algorithm: 'sha256', digest: B },
      ],
    },
  }
}

function refusal(octets: Uint8Array): string {
  try {
    decodeOmsManifest(octets)
  } catch (error) {
    if (error instanceof MalformedError) return `${error.failure}: ${error.message}`
    throw error
  }
  return 'accepted'
}

/** A statement of these files, with the subject that they have. */
function listing(resources: readonly object[], digests: readonly string[]): Uint8Array {
  return statement((given) => ({
    ...given,
    subject: [{ name: 'llama', digest: { sha256: hex(Buffer.from(digests.join(''), 'hex')) } }],
    predicate: { ...given.predicate, resources },
  }))
}

describe('the digests of a manifest', () => {
  it('are SHA-256 over the canonical predicate, and over the digests of the files', () => {
    const predicate =
      `{"resources":[{"algorithm":"sha256","digest":"${A}","name":"config.json"},` +
      `{"algorithm":"sha256","digest":"${B}","executable":true,"name":"parts/weights.bin"}],` +
      `"serialization":{"allow_symlinks":false,"hash_type":"sha256","ignore_paths":[".git","model.sig"],"method":"files"}}`
    const manifest = make([...FILES.slice(0, 1), { name: 'parts/weights.bin', digest: B, executable: true }])
    expect(omsRoot(manifest)).toBe(`sha256:${hex(predicate)}`)
    expect(omsSubject(manifest)).toBe(`sha256:${hex(Buffer.from(A + B, 'hex'))}`)
  })

  it('do not depend on the order in which files were found, nor on the name of the model', () => {
    expect(rootOf([...FILES].reverse())).toBe(rootOf(FILES))
    expect(omsRoot(createOmsManifest('other', FILES, IGNORED))).toBe(rootOf(FILES))
  })

  it('take files folder by folder, as the reference implementation does', () => {
    const files = ['a-b', 'a/b', 'a', 'B', 'a/a/c', 'é'].map((name) => ({ name, digest: A }))
    expect(make(files.slice(0, 2)).resources.map(({ name }) => name)).toEqual(['a/b', 'a-b'])
    expect(make(files).resources.map(({ name }) => name)).toEqual(['B', 'a', 'a/a/c', 'a/b', 'a-b', 'é'])
  })

  it.each<[string, readonly OmsResource[]]>([
    ['a file was renamed', [{ name: 'config2.json', digest: A }, ...FILES.slice(1)]],
    ['a file was moved', [...FILES.slice(0, 1), { name: 'weights.bin', digest: B }]],
    [
      'two files changed places',
      [
        { name: 'config.json', digest: B },
        { name: 'parts/weights.bin', digest: A },
      ],
    ],
    ['an empty file was added', [...FILES, { name: 'empty', digest: EMPTY }]],
    ['a mode changed', [...FILES.slice(0, 1), { name: 'parts/weights.bin', digest: B, executable: true }]],
    ['one bit changed', [...FILES.slice(0, 1), { name: 'parts/weights.bin', digest: hex('c') }]],
    ['a file was removed', FILES.slice(0, 1)],
  ])('[R10] the root is another one where %s', (_, files) => {
    expect(rootOf(files)).not.toBe(rootOf(FILES))
  })
})

describe('a stored manifest', () => {
  it('comes back as it was written, and its octets are canonical', () => {
    const manifest = make([...FILES, { name: 'run.sh', digest: EMPTY, executable: true }])
    const octets = encodeOmsManifest(manifest)
    expect(decodeOmsManifest(octets)).toEqual(manifest)
    expect(encodeOmsManifest(decodeOmsManifest(octets))).toEqual(octets)
  })

  it('may be one that others wrote: blanks, links allowed, nothing said of paths left out', () => {
    const octets = statement((given) => ({
      ...given,
      predicate: {
        ...given.predicate,
        serialization: { method: 'files', hash_type: 'sha256', allow_symlinks: true },
      },
    }))
    expect(decodeOmsManifest(octets)).toEqual({ name: 'llama', allowSymlinks: true, resources: FILES })
  })

  it.each(['../config.json', '/etc/passwd', 'a/../b', './a', 'a//b', 'a/', '', '.', 'a\\b', 'a\0b', 'a'.repeat(4_097)])(
    'is refused where a name leads elsewhere or has two spellings: %j',
    (name) => {
      const octets = listing([{ name, algorithm: 'sha256', digest: A }], [A])
      expect(refusal(octets)).toMatch(/^PARSE_INVALID: .* is not a relative path of a file$/)
    },
  )

  it.each([
    ['twice', ['a', 'a']],
    ['out of order', ['b', 'a']],
    ['in the order of whole names', ['a-b', 'a/b']],
  ])('is refused where names stand %s', (_, names) => {
    const resources = names.map((name) => ({ name, algorithm: 'sha256', digest: A }))
    expect(refusal(listing(resources, [A, A]))).toMatch(/^PARSE_INVALID: .* is twice or out of order$/)
  })

  it.each<[string, Uint8Array]>([
    ['lists no file', listing([], [])],
    ['has a digest in capitals', listing([{ name: 'a', algorithm: 'sha256', digest: A.toUpperCase() }], [A])],
    ['uses another hash', listing([{ name: 'a', algorithm: 'blake2b', digest: A }], [A])],
    [
      'spells a mode that is the default',
      listing([{ name: 'a', algorithm: 'sha256', digest: A, executable: false }], [A]),
    ],
    ['has an unknown field in a file', listing([{ name: 'a', algorithm: 'sha256', digest: A, size: 1 }], [A])],
    ['is of another type', statement((given) => ({ ...given, predicateType: 'https://slsa.dev/provenance/v1' }))],
    ['is of another statement', statement((given) => ({ ...given, _type: 'https://in-toto.io/Statement/v0.1' }))],
    ['has two subjects', statement((given) => ({ ...given, subject: [...given.subject, ...given.subject] }))],
    ['has no subject', statement((given) => ({ ...given, subject: [] }))],
    [
      'has a subject of other files',
      statement((given) => ({ ...given, subject: [{ name: 'llama', digest: { sha256: A } }] })),
    ],
    ['has an unknown field', statement((given) => ({ ...given, more: 1 }))],
    [
      'has an unknown field in the predicate',
      statement((given) => ({ ...given, predicate: { ...given.predicate, more: 1 } })),
    ],
    [
      'measures shards',
      statement((given) => ({
        ...given,
        predicate: { ...given.predicate, serialization: { ...given.predicate.serialization, method: 'shards' } },
      })),
    ],
  ])('is refused where it %s', (_, octets) => {
    expect(refusal(octets)).toMatch(/^PARSE_INVALID: /)
  })

  it('is refused where a key stands twice', () => {
    expect(refusal(encodeUtf8('{"_type":"a","_type":"b"}'))).toMatch(/^JSON_DUPLICATE_KEY/)
  })

  it('is not made of names that lead elsewhere', () => {
    expect(() => make([{ name: '../a', digest: A }])).toThrow(MalformedError)
    expect(() => make([...FILES, ...FILES])).toThrow(/twice/)
    expect(() => make([])).toThrow(/at least one file/)
  })
})
