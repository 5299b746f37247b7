// Measures enclave images with the reader here and with the field's own, which also builds them.
import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eifCase, eifContents } from './eif-cases.mjs'
import { inVersion, mutated } from './eif-layout.mjs'
import { askEifPeer, EIF_PEER, makeEifPeer } from './eif-peer.mjs'
import { randomOfCase } from './random.mjs'

const SCHEMES = { 'P-384': 'ES384', 'P-256': 'ES256' }
/** The field's reader stops at metadata that is not as it writes it; here they decide nothing, and need not be JSON. */
const METADATA_ONLY = /deserializing metadata/

/** Key and certificate of each curve, as files. */
export function writeSigners(folder, { issueCertificate, spkiOf, encodePem }) {
  const signers = {}
  for (const [curve, scheme] of Object.entries(SCHEMES)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve })
    const name = [['2.5.4.3', `made for comparison ${curve}`]]
    const certificate = issueCertificate(
      {
        version: 3,
        serial: Uint8Array.of(1),
        issuer: name,
        subject: name,
        notBefore: new Date('2026-01-01T00:00:00Z'),
        notAfter: new Date('2046-01-01T00:00:00Z'),
        spki: spkiOf(createPublicKey(privateKey)),
        extensions: [],
        scheme,
      },
      privateKey,
    )
    signers[curve] = [join(folder, `${curve}.crt`), join(folder, `${curve}.key`)]
    writeFileSync(signers[curve][0], encodePem(certificate, 'CERTIFICATE'))
    writeFileSync(signers[curve][1], privateKey.export({ type: 'pkcs8', format: 'pem' }))
  }
  return signers
}

/** What the field's builder is told of a case; its files are written. */
function buildRequest(folder, { seed, index, signers }) {
  const { cmdline, flags, signer } = eifCase(seed, index)
  const { kernel, ramdisks } = eifContents(seed, index)
  const write = (name, octets) => {
    writeFileSync(join(folder, `${index}.${name}`), octets)
    return join(folder, `${index}.${name}`)
  }
  return {
    build: join(folder, `${index}.eif`),
    kernel: write('kernel', kernel),
    cmdline,
    ramdisks: ramdisks.map((octets, i) => write(`ramdisk${i}`, octets)),
    flags,
    metadata: { case: index },
    sign: signers[signer] ?? null,
  }
}

/** Images of the cases, built by the field's builder, and what it says that they measure. */
export function buildEifImages(program, { folder, seed, count, signers }) {
  const cases = Array.from({ length: count }, (_, index) => index)
  const built = askEifPeer(
    program,
    cases.map((index) => buildRequest(folder, { seed, index, signers })),
  )
  return cases.map((index) => {
    const file = join(folder, `${index}.eif`)
    const { version } = eifCase(seed, index)
    const image = readFileSync(file)
    const octets = version === 4 ? image : inVersion(image, version)
    writeFileSync(file, octets)
    return { index, version, file, octets, built: built[index] }
  })
}

/** @returns `{ pcrs }`, or `{ refused }` with the code */
async function measure({ createEifReader }, octets) {
  const reader = createEifReader()
  try {
    reader.push(octets)
    const { measurements, signature } = await reader.finish()
    const { pcr0, pcr1, pcr2 } = measurements
    return { pcrs: [pcr0, pcr1, pcr2, signature === 'none' ? 'none' : signature.pcr8] }
  } catch (error) {
    if (error.failure === undefined) throw error
    return { refused: `${error.failure}: ${error.message}` }
  }
}

const pcrsOf = ({ PCR0, PCR1, PCR2, PCR8 = 'none' }) => [PCR0, PCR1, PCR2, PCR8]

/** What the field's reader makes of an image: registers, or why it is not one that it takes. */
function peerSays({ pcrs, crc, signature, error }) {
  if (error !== undefined) return { refused: error }
  if (!crc) return { refused: 'checksum' }
  return signature === false ? { refused: 'signature' } : { pcrs: pcrsOf(pcrs) }
}

function differ(ours, theirs) {
  if (ours.refused !== undefined) return false
  if (theirs.refused !== undefined) return !METADATA_ONLY.test(theirs.refused)
  return ours.pcrs.join() !== theirs.pcrs.join()
}

async function compareAll(eif, program, { folder, seed, count, progress, signers }) {
  const images = buildEifImages(program, { folder, seed, count, signers })
  const changed = images.map(({ index, octets }) => ({ index, ...mutated(octets, randomOfCase(seed + 2, index)) }))
  const files = changed.map(({ index, octets }) => {
    writeFileSync(join(folder, `${index}.changed`), octets)
    return join(folder, `${index}.changed`)
  })
  const said = askEifPeer(
    program,
    [...images.map(({ file }) => file), ...files].map((describe) => ({ describe })),
  ).map(peerSays)
  const differences = []
  const counts = { same: 0, stricter: 0 }
  for (const [index, { octets, version, built }] of images.entries()) {
    progress(`enclave images: ${index} of ${count}`)
    const [ours, theirs] = [await measure(eif, octets), said[index]]
    const [pcr0, pcr1, pcr2] = pcrsOf(built.pcrs)
    const registersAtBuild = [pcr0, pcr1, pcr2].join() === theirs.pcrs?.slice(0, 3).join()
    if (ours.refused !== undefined || !registersAtBuild || differ(ours, theirs))
      differences.push(`case ${index}, version ${version}: ${JSON.stringify({ ours, theirs })}`)
    else counts.same++
    const [again, theirsAgain] = [await measure(eif, changed[index].octets), said[count + index]]
    if (differ(again, theirsAgain))
      differences.push(`case ${index}, changed at ${changed[index].at}: ${JSON.stringify({ again, theirsAgain })}`)
    else counts[again.refused !== undefined && theirsAgain.refused === undefined ? 'stricter' : 'same']++
  }
  progress('')
  return { differences, counts }
}

/**
 * Each case is an image that the field's builder wrote, and once more with one number changed under a right checksum: what is accepted here
 * must be accepted there, with the same registers.
 * @returns `{ title, cases, differences }`, or undefined where the field's tool cannot be had
 */
export async function compareEifImages({ eif, simulator }, { count, seed, progress = () => {} }) {
  const program = makeEifPeer()
  if (program === undefined) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'countersign-eif-'))
  try {
    const signers = writeSigners(folder, simulator)
    const { differences, counts } = await compareAll(eif, program, { folder, seed, count, progress, signers })
    const title = `enclave images: ${count} built and ${count} changed, seed ${seed}, beside ${EIF_PEER.name} ${EIF_PEER.version}; ${counts.stricter} refused here alone`
    return { title, cases: 2 * count, differences }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
