/** TDX launches against the answers of the field's calculators, which were frozen with the parameters of each launch. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type LaunchParameters, launchOf } from '../../../../scripts/differential/tdx-launches.mjs'
import { measureTdx, tdxMeasurements } from '../../../../src/core/measurement/tdx/index.ts'
import type { TdxMeasurements } from '../../../../src/core/tdx/index.ts'

interface Vectors {
  readonly vectors: readonly { readonly launch: LaunchParameters; readonly expected: TdxMeasurements }[]
}

const { vectors }: Vectors = JSON.parse(readFileSync('attestation-fixtures/measurement/tdx/launches.json', 'utf8'))

describe('a TDX launch measures as the field says', () => {
  it.each(vectors)('$launch.name', ({ launch, expected }) => {
    expect(tdxMeasurements(launchOf(launch))).toEqual(expected)
    expect(measureTdx(launchOf(launch)).measurements).toEqual(expected)
  })
})
