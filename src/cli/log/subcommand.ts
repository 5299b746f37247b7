/** What a verb of `countersign log` is. @module */
import type { Io } from '../command.ts'
import type { ExitCode } from '../exit-codes.ts'

export interface Subcommand {
  readonly summary: string
  /** Shown by `--help`; holds one real example. */
  readonly help: string
  /** @param args what stands behind the verb */
  run(args: readonly string[], io: Io): Promise<ExitCode>
}
