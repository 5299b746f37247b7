/** What a backup says of the lineages that it was taken of: enough to continue them where an operator says so, not enough to boot. @module */
import { ObjectReader } from '../../core/encoding/shape.ts'
import { MalformedError } from '../../errors.ts'
import { isSegment } from '../names.ts'
import { encodeDocument, readDocument, requireLineageName } from './documents.ts'

export interface BackedUpLineage {
  readonly name: string
  readonly host: string
  /** Seconds since 1970. */
  readonly created: number
  /** The highest token that was given; 0 for none. */
  readonly token: number
  /** Id of the newest log; null before the first. */
  readonly head: string | null
}

export interface Backup {
  /** Seconds since 1970. */
  readonly taken: number
  readonly lineages: readonly BackedUpLineage[]
}

/** Its place in a copy. */
export const BACKUP_NAME = 'backup'
const INVALID = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' } as const

export function encodeBackup({ taken, lineages }: Backup): Uint8Array {
  return encodeDocument({
    version: 1,
    taken,
    lineages: lineages.map(({ name, host, created, token, head }) => ({ name, host, created, token, head })),
  })
}

/** @throws MalformedError PARSE_INVALID, JSON_* */
export function decodeBackup(octets: Uint8Array): Backup {
  const reader = readDocument(octets, 'backup')
  const taken = reader.seconds('taken')
  const lineages = reader.array('lineages').map((value, i) => {
    const fields = new ObjectReader(value, `backup.lineages[${i}]`, INVALID)
    const head = fields.value('head') === null ? null : fields.string('head')
    if (head !== null && !isSegment(head)) throw fields.invalid('head', 'must name a log')
    const lineage = {
      name: decodeName(fields.string('name')),
      host: fields.string('host'),
      created: fields.seconds('created'),
      token: fields.integer('token'),
      head,
    }
    fields.end()
    return lineage
  })
  reader.end()
  return { taken, lineages }
}

function decodeName(name: string): string {
  try {
    return requireLineageName(name)
  } catch (cause) {
    throw new MalformedError('PARSE_INVALID', 'backup.lineages names no lineage', { cause })
  }
}
