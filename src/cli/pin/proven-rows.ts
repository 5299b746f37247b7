/** Who built what a row pins, filled in from a bundle that verifies, never from a claim. @module */
import type { LockRow } from '../../core/lock.ts'
import { verifyProvenance } from '../../provenance/index.ts'
import type { BuilderTrust } from '../ci/builder.ts'
import type { Io } from '../command.ts'
import { renderVerdict } from '../output.ts'
import { simulatedShape } from './live-row.ts'
import { shapeOf } from './measured-rows.ts'

export const PROVENANCE_OPTIONS = {
  provenance: { type: 'string' },
  measurements: { type: 'string' },
  'trusted-root': { type: 'string' },
  issuer: { type: 'string' },
  identity: { type: 'string' },
} as const

/** @returns undefined where one row's provenance does not verify: then none is pinned */
export async function proveRows(
  rows: readonly LockRow[],
  { bundle, published, trust }: BuilderTrust,
  io: Io,
): Promise<readonly LockRow[] | undefined> {
  const proven: LockRow[] = []
  for (const row of rows) {
    const verdict = await verifyProvenance({ bundle, published, seen: row }, trust)
    if (!verdict.ok) {
      io.out(renderVerdict(verdict, { colour: io.colour, result: '', explain: false }))
      io.err('nothing is pinned: the bundle does not vouch for each row\n')
      return undefined
    }
    const { provenance, images } = verdict.value
    const isSimulated = row.shape === simulatedShape('-', true)
    proven.push({ ...row, shape: simulatedShape(shapeOf(images), isSimulated), provenance })
  }
  return proven
}
