/** The two files of `countersign diff`: archives or receipt tokens. @module */
import { decodeArchive } from '../../core/archive/index.ts'
import { archiveSide, type DiffSide, receiptSide } from '../../core/diff/index.ts'
import { decodeAscii } from '../../core/encoding/utf8.ts'
import { UsageError } from '../command.ts'
import { recognise } from '../evidence/recognise.ts'
import { readInput } from '../files.ts'

export type SideName = 'A' | 'B'

export interface ReadSide {
  readonly name: SideName
  readonly file: string
  readonly side: DiffSide
  /** Of an archive: what can be verified. */
  readonly archive?: Uint8Array
}

/** @throws UsageError for anything else; MalformedError for what does not decode */
export async function readSide(name: SideName, file: string): Promise<ReadSide> {
  const { kind, what, octets } = await recognise(await readInput(file))
  if (kind === 'archive') return { name, file, side: archiveSide(decodeArchive(octets)), archive: octets }
  if (kind === 'receipt') return { name, file, side: receiptSide(decodeAscii(octets).trim()) }
  throw new UsageError(`${file} is ${what}`, 'Compared are archives (*.cmw.json) and receipts (<JWS>~<disclosure>~…~).')
}

/** @throws UsageError when one is an answer and the other a gateway's evidence */
export function refuseUnlike(a: ReadSide, b: ReadSide): void {
  const without = [a, b].filter(({ side }) => side.receipt === undefined)
  if (without.length === 1)
    throw new UsageError(
      `${without[0]?.file} holds no receipt, and the other side does`,
      'Give two answers, or the evidence of two gateways.',
    )
}
