/** What a witness works with. All of it is given: it opens no file, reads no clock and draws no random number itself. @module */
import type { Trust } from '../core/evidence/attestation.ts'
import type { WitnessSigner } from './key-file.ts'
import type { WitnessStore } from './origins.ts'
import type { EnrolmentTokens } from './tokens.ts'

/** For the operator. Neither secrets nor text of strangers but origins of enrolled logs. */
export type WitnessNotice =
  | { readonly event: 'enrolled'; readonly origin: string; readonly by: 'archive' | 'token' }
  | { readonly event: 'refused-checkpoint'; readonly origin: string; readonly kept: string }
  /** The witness itself failed: its store, most likely. */
  | { readonly event: 'failed'; readonly error: unknown }

export interface WitnessDeps {
  readonly store: WitnessStore
  readonly key: WitnessSigner
  /**
   * Under which attested gateways may open logs: its `origins` are the hosts. Undefined: none may.
   * The clock of the witness proves the time, whatever the policy asks for in `audit`.
   */
  readonly trust?: Trust
  /** Who may open logs without evidence. */
  readonly tokens?: EnrolmentTokens
  readonly now: () => Date
  readonly report?: (notice: WitnessNotice) => void
  /** Logs of one host that attested gateways may open in a day; holders of its token may open as many more. */
  readonly newOriginsPerDay?: number
  /** Seconds: how old the statement of an archive may be. */
  readonly maxStatementAge?: number
}

/** The same with nothing left out. */
export interface ResolvedDeps extends Required<Omit<WitnessDeps, 'trust'>> {
  readonly trust: Trust | undefined
}

export function resolveDeps({ trust, ...deps }: WitnessDeps): ResolvedDeps {
  return {
    tokens: new Map(),
    report: () => {},
    newOriginsPerDay: 100,
    maxStatementAge: 3600,
    ...deps,
    trust,
  }
}
