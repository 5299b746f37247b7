// Freezes what the field's builder writes and measures as vectors, signatures included: node scripts/differential/eif-freeze.mjs
// after npm run build. The keys are thrown away; run it only to add or change cases.
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodePem } from '../../dist/core/encoding/pem.js'
import * as simulator from '../../dist/simulator/index.js'
import { eifCase } from './eif-cases.mjs'
import { buildEifImages, writeSigners } from './eif-images.mjs'
import { sectionsOf } from './eif-layout.mjs'
import { askEifPeer, EIF_PEER, makeEifPeer } from './eif-peer.mjs'

const SEED = 7
const COUNT = 30
const TYPES = { signature: 4, metadata: 5 }

const program = makeEifPeer()
if (program === undefined) process.exit(1)
const target = join(dirname(fileURLToPath(import.meta.url)), '../../attestation-fixtures/measurement/nitro-built.json')
const folder = mkdtempSync(join(tmpdir(), 'countersign-eif-'))
const signers = writeSigners(folder, { ...simulator, encodePem })
const images = buildEifImages(program, { folder, seed: SEED, count: COUNT, signers })
const said = askEifPeer(
  program,
  images.map(({ file }) => ({ describe: file })),
)
const cases = images.map(({ index, octets }) => {
  const { pcrs, crc, signature } = said[index]
  if (!crc || signature === false) throw new Error(`case ${index} is refused`)
  const contentOf = (type) =>
    sectionsOf(octets)
      .find((section) => section.type === type)
      ?.octets.subarray(12)
  const { PCR0: pcr0, PCR1: pcr1, PCR2: pcr2, PCR8: pcr8 = 'none' } = pcrs
  return {
    ...eifCase(SEED, index),
    index,
    metadata: contentOf(TYPES.metadata)?.toString() ?? 'none',
    signature: contentOf(TYPES.signature)?.toString('base64') ?? 'none',
    digest: `sha256:${createHash('sha256').update(octets).digest('hex')}`,
    pcrs: { pcr0, pcr1, pcr2, pcr8 },
  }
})
rmSync(folder, { recursive: true })
writeFileSync(target, `${JSON.stringify({ builder: EIF_PEER, seed: SEED, cases }, undefined, 1)}\n`)
console.log(`${cases.length} cases`)
