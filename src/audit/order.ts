/** The logs of a host, oldest first: by what each genesis names, not by the order in which the host lists them. @module */

import { decodeCheckpoint, decodeNote } from '../core/log/index.ts'
import { MalformedError } from '../errors.ts'
import type { ListedLog } from './context.ts'
import { decodeGenesis, type Genesis } from './genesis.ts'
import { idOf } from './identity.ts'
import type { LogReader } from './log-reader.ts'

/** Octets of all genesis records together: tens of thousands of genuine boots. The host says how many logs there are. */
const MAX_GENESES = 33_554_432

interface Read {
  readonly id: string
  readonly genesisOctets: Uint8Array | undefined
  readonly genesis: Genesis | undefined
  readonly refusal: MalformedError | undefined
  /** What it names of the log before; without a size where its checkpoint cannot be read: the check of the link says why. */
  readonly before: { readonly id: string; readonly size: number | undefined } | undefined
}

function beforeOf({ previous }: Genesis): Read['before'] {
  if (previous.source === 'none') return undefined
  const id = idOf(previous.origin)
  try {
    return { id, size: decodeCheckpoint(decodeNote(previous.checkpoint).text).size }
  } catch (error) {
    if (error instanceof MalformedError) return { id, size: undefined }
    throw error
  }
}

async function readGenesis(reader: LogReader, id: string): Promise<Read> {
  const genesisOctets = await reader.read(id, 'genesis')
  const empty = { id, genesisOctets, genesis: undefined, refusal: undefined, before: undefined }
  if (genesisOctets === undefined) return empty
  try {
    const genesis = decodeGenesis(genesisOctets)
    return { ...empty, genesis, before: beforeOf(genesis) }
  } catch (error) {
    if (error instanceof MalformedError) return { ...empty, refusal: error }
    throw error
  }
}

/**
 * Each log behind the one that its genesis names; what is left is in the order of the host, oldest first.
 * @throws MalformedError EVIDENCE_TOO_LARGE for more than an audit keeps in memory
 */
export async function orderLogs(reader: LogReader, ids: readonly string[]): Promise<readonly ListedLog[]> {
  const logs = new Map<string, Read>()
  let octets = 0
  for (const id of [...ids].reverse()) {
    const read = await readGenesis(reader, id)
    octets += read.genesisOctets?.length ?? 0
    if (octets > MAX_GENESES)
      throw new MalformedError('EVIDENCE_TOO_LARGE', `the genesis records of ${ids.length} logs are too large to audit`)
    logs.set(id, read)
  }
  const ordered = new Set<Read>()
  for (const log of logs.values()) {
    // Upwards by a list and not by recursion: the host chooses how long the chain is, and whether it is a ring.
    const chain = new Set<Read>()
    for (let at: Read | undefined = log; at !== undefined && !ordered.has(at) && !chain.has(at); )
      at = chain.add(at) && at.before && logs.get(at.before.id)
    for (const link of [...chain].reverse()) ordered.add(link)
  }
  const named = new Map<string, number[]>()
  for (const { before } of ordered) {
    if (before?.size === undefined) continue
    const sizes = named.get(before.id)
    if (sizes === undefined) named.set(before.id, [before.size])
    else sizes.push(before.size)
  }
  return [...ordered].map(({ id, genesisOctets, genesis, refusal }) => ({
    id,
    genesisOctets,
    genesis,
    refusal,
    named: named.get(id) ?? [],
  }))
}
