/** The octets of a file that a command is given. @module */
import { readFile, stat } from 'node:fs/promises'
import { UsageError } from './command.ts'

const MAX_FILE = 64 * 1024 * 1024

/** @throws UsageError when the file cannot be read or is too large */
export async function readInput(file: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size > MAX_FILE)
      throw new UsageError(`${file} is larger than 64 MiB`, 'Give the file itself, not a container of it.')
    return new Uint8Array(await readFile(file))
  } catch (cause) {
    if (cause instanceof UsageError) throw cause
    throw new UsageError(`${file} cannot be read`, 'Check the path.')
  }
}
