/** Runs a command as a function, and keeps what it wrote. */
import type { Command, Io } from '../../src/cli/command.ts'

export interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

export async function runCommand(
  command: Command,
  args: readonly string[],
  now: Date | undefined = undefined,
): Promise<Ran> {
  const written = { out: '', err: '' }
  const io: Io = {
    out: (text) => {
      written.out += text
    },
    err: (text) => {
      written.err += text
    },
    colour: false,
    progress: false,
    env: {},
    now: () => now ?? new Date(),
  }
  return { exit: await command.run(args, io), ...written }
}
