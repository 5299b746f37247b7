/** The event log that goes with a TDX quote, from a file in any of its formats, as the record that is judged. @module */
import { decodeDstackEvents, encodeEventLog } from '../../core/event-log/index.ts'
import { MalformedError } from '../../errors.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'
import { printable } from '../output.ts'
import { recognise } from './recognise.ts'

/** @throws UsageError when the file holds no event log */
export async function readEventLog(path: string): Promise<Uint8Array> {
  const bytes = await readInput(path)
  try {
    const { kind, octets, what } = await recognise(bytes)
    switch (kind) {
      case 'event-log-record':
        return octets
      case 'event-log-ccel':
        return encodeEventLog({ ccel: octets, events: [] })
      case 'event-log-dstack':
        return encodeEventLog({ events: decodeDstackEvents(octets) })
      default:
        throw new UsageError(
          `${path} is no event log, but ${what}`,
          'Give the record of an archive, the CCEL area, or the JSON array of a dstack guest.',
        )
    }
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new UsageError(
      `${path}: ${cause.failure}: ${printable(cause.message)}`,
      'Read the log again from the guest: it is cut or altered.',
    )
  }
}
