/**
 * Compares what nitro-cli build-enclave printed with what countersign measure nitro --json reads from the image.
 *   node enclave/nitro/compare-registers.mjs BUILD-ENCLAVE.json MEASURED.json
 */
import { readFileSync } from 'node:fs'
import '../plain-errors.mjs'

const [printed, measured] = process.argv.slice(2)
if (measured === undefined) throw new Error('usage: node compare-registers.mjs BUILD-ENCLAVE.json MEASURED.json')
const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
const { Measurements: theirs } = read(printed)
const { measurements: ours, signature } = read(measured)

// PCR8 stands in both where the image is signed, and in neither where it is not.
const rows = [
  ...['0', '1', '2'].map((index) => [`PCR${index}`, theirs[`PCR${index}`], ours[`pcr${index}`]]),
  ['PCR8', theirs.PCR8, signature?.pcr8],
]
for (const [name, theirs, ours] of rows) {
  const isSame = theirs === ours
  console.log(
    `${isSame ? 'same' : 'DIFFERS'}  ${name}  ${ours ?? 'none'}${isSame ? '' : `, printed: ${theirs ?? 'none'}`}`,
  )
  if (!isSame || (ours === undefined && name !== 'PCR8')) process.exitCode = 1
}
