/** What measurements are, and their registers by name. It stands alone so that whoever only prints some loads no verifier. @module */
import type { NitroMeasurements } from '../nitro/index.ts'
import type { TdxMeasurements } from '../tdx/index.ts'

/** SEV-SNP: the launch digest, 96 hex digits. */
export interface SnpMeasurements {
  readonly measurement: string
}

/** All registers lower-case hex of 48 octets. Each form matches as a whole. */
export type Measurements =
  | { readonly platform: 'snp'; readonly measurements: SnpMeasurements }
  | { readonly platform: 'tdx'; readonly measurements: TdxMeasurements }
  | { readonly platform: 'nitro'; readonly measurements: NitroMeasurements }

/** Every register by its name, sorted. */
export function registersOf({ measurements }: Measurements): readonly (readonly [string, string])[] {
  return Object.entries(measurements).sort(([a], [b]) => (a < b ? -1 : 1))
}
