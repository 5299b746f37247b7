// Genuine evidence, where a checkout of the vectors lies beside this one.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findVectors, readOctets, readVector } from '../vectors/find.mjs'
import { readCollateral } from '../vectors/tdx.mjs'

/** Each genuine quote with each collateral set that is named for it. */
export function readGenuineTdx(folder) {
  return vectorsIn(join(folder, 'tdx')).flatMap(({ at: path, expected: { evaluations = [] }, name }) =>
    evaluations
      .filter(({ collateral }) => collateral !== undefined)
      .map(({ collateral, at }) => ({
        name: `${name}, ${collateral.split('/').at(-1)}`,
        quote: readOctets(path, 'quote.bin'),
        collateral: readCollateral(path, collateral),
        at: new Date(at),
      })),
  )
}

/** Genuine documents with the time that they are judged at. */
export function readGenuineNitro(folder) {
  return vectorsIn(join(folder, 'nitro')).map(({ at: path, expected, name }) => ({
    name,
    document: readOctets(path, 'document.cbor'),
    at: new Date(expected.at),
  }))
}

function vectorsIn(folder) {
  if (!existsSync(folder)) return []
  return findVectors(folder)
    .map((at) => ({ at, ...readVector(at) }))
    .filter(({ derived }) => !derived)
}
