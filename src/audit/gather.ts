/** The one walk over a log's leaves, with everything that names a size of it held against the tree of that size on the way. @module */
import { encodeHex } from '../core/encoding/bytes.ts'
import type { SignedCheckpoint } from '../core/log/index.ts'
import type { LogCheck } from './checks.ts'
import type { AuditContext, ListedLog } from './context.ts'
import { EvidenceWalk } from './evidence.ts'
import type { Findings } from './findings.ts'
import { identityOf } from './identity.ts'
import { LeafWalk, type Standing } from './walk.ts'
import { WitnessWalk } from './witnessed.ts'

/** All that the walk gathers: a few words for each size that something names. */
export interface Gathered {
  readonly origin: string
  /** At the newest checkpoint; undefined when leaves are missing. */
  readonly end: Standing | undefined
  readonly evidence: EvidenceWalk
  readonly witnesses: WitnessWalk
  /** At the sizes that later logs name. */
  readonly roots: ReadonlyMap<number, Uint8Array>
  /** Index of each 0x05 leaf by its digest, hex. */
  readonly recovered: ReadonlyMap<string, number>
  /** At the newest quoted checkpoint. */
  readonly quoted: Standing | undefined
}

export interface Named {
  readonly listed: ListedLog
  readonly checkpoint: SignedCheckpoint
  /** Sizes that the host lists. */
  readonly sizes: { readonly evidence: readonly number[]; readonly witnessed: readonly number[] }
}

/** A size that the host lists and that lies beyond its own newest checkpoint: the log was larger once. */
function refuseBeyond({ checkpoint, sizes }: Named, findings: Findings<LogCheck>): void {
  const beyond = (of: readonly number[]): number | undefined => of.find((size) => size > checkpoint.size)
  for (const [check, index] of [
    ['quoted-roots', beyond(sizes.evidence)],
    ['witnessed-roots', beyond(sizes.witnessed)],
  ] as const)
    if (index !== undefined)
      findings.fail(check, 'LOG_ROLLBACK', {
        detail: `a checkpoint of ${index} leaves is kept, and the newest one has ${checkpoint.size}`,
        index,
      })
}

export async function gather(context: AuditContext, named: Named, findings: Findings<LogCheck>): Promise<Gathered> {
  const { listed, checkpoint, sizes } = named
  const { reader, witnesses: policy, onProgress } = context
  const { id, genesis, genesisOctets } = listed
  const log = identityOf(checkpoint.origin)
  const evidence = new EvidenceWalk({ reader, id }, log, findings)
  const witnesses = new WitnessWalk({ reader, id }, { log, policy }, findings)
  const roots = new Map<number, Uint8Array>()
  const recovered = new Map<string, number>()
  let quoted: Standing | undefined
  refuseBeyond(named, findings)
  const records = new Set(sizes.evidence)
  const cosigned = new Set(sizes.witnessed)
  const wanted = new Set([...records, ...cosigned, ...listed.named])
  const walk = new LeafWalk(
    {
      reader,
      id,
      head: checkpoint,
      genesis,
      genesisOctets,
      sizes: [...wanted].sort((a, b) => a - b),
      onSize: async (standing) => {
        const { size, root } = standing
        roots.set(size, root)
        if (records.has(size)) {
          await evidence.reach(standing)
          quoted = standing
        }
        if (cosigned.has(size)) await witnesses.reach(standing)
      },
      onQuote: (digest, index) => evidence.onQuote(digest, index),
      onRecovered: (digest, index) => rememberRecovered(recovered, { digest, index }, findings),
      onProgress: (leaves) => onProgress(id, leaves, checkpoint.size),
    },
    findings,
  )
  const end = await walk.run()
  if (end !== undefined) close({ evidence, witnesses, end, listed: sizes }, findings)
  return { origin: checkpoint.origin, end, evidence, witnesses, roots, recovered, quoted }
}

function rememberRecovered(
  recovered: Map<string, number>,
  { digest, index }: { readonly digest: Uint8Array; readonly index: number },
  findings: Findings<LogCheck>,
): void {
  const key = encodeHex(digest)
  const before = recovered.get(key)
  if (before === undefined) recovered.set(key, index)
  else
    findings.fail('recovered', 'EVIDENCE_REPLAY', {
      detail: `leaves ${before} and ${index} recover one receipt`,
      index,
    })
}

interface Walked {
  readonly evidence: EvidenceWalk
  readonly witnesses: WitnessWalk
  readonly end: Standing
  readonly listed: Named['sizes']
}

/** A gateway keeps the last record of each session: a log without any holds nothing that hardware vouches for. */
function close({ evidence, witnesses, end, listed }: Walked, findings: Findings<LogCheck>): void {
  witnesses.close(listed.witnessed.length)
  const count = evidence.places.length
  if (count > 0) findings.pass('evidence', `${count} records`)
  else
    for (const name of ['evidence', 'evidence-log', 'quoted-roots', 'sessions', 'counts', 'statement-order'] as const)
      findings.missing(name, `no record of evidence vouches for ${end.leaves.receipt} receipts`)
}
