/**
 * Examples from the pages of C2SP and of the libraries behind them, read by ours. No page of C2SP names a key for its examples, so that only
 * their form is judged, but for one: the log signature of the checkpoint in tlog-checkpoint.md, tlog-cosignature.md and tlog-witness.md is a
 * genuine one of the Go checksum database, whose key is public, under another origin.
 * @module
 */
import { describe, expect, test } from 'vitest'
import { encodeBase64 } from '../../src/core/encoding/base64.ts'
import {
  decodeAddCheckpoint,
  decodeCheckpoint,
  decodeNote,
  decodeTilePath,
  decodeTlogProof,
  decodeVkey,
  encodeAddCheckpoint,
  encodeCheckpoint,
  encodeNote,
  encodeTilePath,
  encodeVkey,
  tilesOf,
  verifyNoteSignature,
} from '../../src/core/log/index.ts'

// cmd/go, the key of sum.golang.org; its origin holds spaces, which our checkpoints refuse and notes do not.
const GO_SUM_KEY = 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8'
const SOFA_TREE = '20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n'
const SOFA_SIGNATURE = 'Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8='
const SOFA = `example.com/behind-the-sofa\n${SOFA_TREE}\n\u2014 example.com/behind-the-sofa ${SOFA_SIGNATURE}\n`
const COSIGNED = `${SOFA}\u2014 witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n`

const ADD_CHECKPOINT = `old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

${SOFA}\u2014 example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
`

/** signed-note.md */
const QUASIMODO = `Ognuno sta solo sul cuor della terra
trafitto da un raggio di sole:

ed \u00e8 subito sera.

\u2014 quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=
`

describe('examples without a key', () => {
  test('signed-note.md: a note whose text holds an empty line', () => {
    const note = decodeNote(QUASIMODO)
    expect(encodeNote(note)).toBe(QUASIMODO)
    expect(note.text.split('\n\n')).toHaveLength(2)
    expect(note.signatures.map(({ name }) => name)).toEqual(['quasimodo.example/salvatore'])
  })

  test('tlog-checkpoint.md: a checkpoint', () => {
    const { text } = decodeNote(SOFA)
    expect(encodeCheckpoint(decodeCheckpoint(text))).toBe(text)
    expect(decodeCheckpoint(text)).toMatchObject({ origin: 'example.com/behind-the-sofa', size: 20_852_163 })
  })

  test('tlog-cosignature.md: a checkpoint with the cosignature of its signed message, made at 1679315147', () => {
    const note = decodeNote(COSIGNED)
    expect(encodeNote(note)).toBe(COSIGNED)
    const [, cosignature] = note.signatures
    expect(cosignature?.signature).toHaveLength(8 + 64)
    expect(Buffer.from(cosignature?.signature ?? []).readBigUInt64BE()).toBe(1_679_315_147n)
  })

  test('tlog-witness.md: a request with two signatures of the log', () => {
    const request = decodeAddCheckpoint(ADD_CHECKPOINT)
    expect(encodeAddCheckpoint(request)).toBe(ADD_CHECKPOINT)
    expect([request.oldSize, request.proof.length]).toEqual([20_852_014, 4])
    expect(decodeNote(request.checkpoint).signatures).toHaveLength(2)
  })

  test('tlog-proof.md: the head of a proof, whose checkpoint the page abridges', () => {
    const hashes = [
      'gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=',
      'B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=',
      'EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=',
      'RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=',
      'AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=',
    ]
    const body = 'example.com/fancylog\n109482\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n'
    const extra = 'YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ'
    const text = ['c2sp.org/tlog-proof@v1', `extra ${extra}`, 'index 73894', ...hashes, '', body].join('\n')
    const proof = decodeTlogProof(text)
    expect([proof.index, proof.hashes.map(encodeBase64), proof.checkpoint]).toEqual([73_894, hashes, body])
    expect(encodeBase64(proof.extra ?? new Uint8Array())).toBe(extra)
    expect(decodeCheckpoint(body).size).toBe(109_482)
  })

  test('tlog-tiles.md: the path of tile 1234067, and the tiles of trees of 70,000 and of 256 leaves', () => {
    expect(decodeTilePath('tile/0/x001/x234/067')).toEqual({ level: 0, index: 1_234_067, width: 256 })
    const hashTiles = (size: number): readonly string[] =>
      tilesOf(size)
        .filter(({ level }) => level !== 'entries')
        .map(encodeTilePath)
    const tiles = hashTiles(70_000)
    const full = (level: number): number =>
      tiles.filter((path) => path.startsWith(`tile/${level}/`) && !path.includes('.p/')).length
    expect([full(0), full(1), full(2)]).toEqual([273, 1, 0])
    expect(tiles.filter((path) => path.includes('.p/'))).toEqual([
      'tile/0/273.p/112',
      'tile/1/001.p/17',
      'tile/2/000.p/1',
    ])
    expect(hashTiles(256)).toEqual(['tile/0/000', 'tile/1/000.p/1'])
  })
})

describe('genuine signatures', () => {
  test('the log signature of the C2SP examples is that of the Go checksum database over its own origin', async () => {
    const key = decodeVkey(GO_SUM_KEY)
    expect(encodeVkey(key)).toBe(GO_SUM_KEY)
    const genuine = `go.sum database tree\n${SOFA_TREE}\n\u2014 sum.golang.org ${SOFA_SIGNATURE}\n`
    await expect(verifyNoteSignature(decodeNote(genuine), key)).resolves.toBeUndefined()
    const underExample = SOFA.replace('\u2014 example.com/behind-the-sofa', '\u2014 sum.golang.org')
    await expect(verifyNoteSignature(decodeNote(underExample), key)).rejects.toMatchObject({
      failure: 'CHECKPOINT_SIGNATURE',
    })
  })

  // golang.org/x/mod/sumdb/note, ExampleOpen and ExampleSign.
  test('the example of the Go note package verifies, also beside the line of an unknown key', async () => {
    const key = decodeVkey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
    const note = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
\u2014 EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=
`
    await expect(verifyNoteSignature(decodeNote(note), key)).resolves.toBeUndefined()
    const changed = note.replace('answer', 'question')
    await expect(verifyNoteSignature(decodeNote(changed), key)).rejects.toMatchObject({
      failure: 'CHECKPOINT_SIGNATURE',
    })
  })
})
