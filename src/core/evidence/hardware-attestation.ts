/** What a quote that passed proves, one form for each platform. Types only. @module */
import type { MeasuredEvents } from '../event-log/index.ts'
import type { NitroAttestation } from '../nitro/index.ts'
import type { SnpAttestation } from '../snp/index.ts'
import type { TdxAttestation } from '../tdx/index.ts'
import type { Verified } from '../verdict.ts'

/** What passed, told apart by `tee`. */
export type HardwareAttestation =
  | { readonly tee: 'snp'; readonly attested: SnpAttestation }
  | {
      readonly tee: 'tdx'
      readonly attested: TdxAttestation
      /** What the registers prove of the event log; `unchecked` where policy does not ask. */
      readonly events: Verified<MeasuredEvents> | 'unchecked'
    }
  | { readonly tee: 'nitro'; readonly attested: NitroAttestation }
