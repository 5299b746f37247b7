/** The first record of a log, as far as an archive shows it: what came before this boot. formats.md, Archive. @module */
import { decodeJson, isJsonObject } from '../encoding/json.ts'
import { createEntry, verifyInclusion } from '../log/index.ts'
import { judge, type Verdict } from '../verdict.ts'

export interface GenesisEvidence {
  /** JCS octets of the record. */
  readonly genesis: Uint8Array
  /** C2SP tlog-proof of the first leaf. */
  readonly genesisProof: string
}

export interface GenesisView {
  /** `none`, or the log before this one and who said so: the word of the gateway, which no host can change. */
  readonly previous: string
}

const CHECKS = ['record', 'first', 'checkpoint-quoted'] as const
const MAX_GENESIS_SIZE = 64 * 1024

function readPrevious(genesis: Uint8Array): string {
  const record = decodeJson(genesis, { maxSize: MAX_GENESIS_SIZE })
  const previous = isJsonObject(record) ? record['previous'] : undefined
  if (!isJsonObject(previous)) return 'none'
  const { origin, source } = previous
  return `${typeof origin === 'string' ? origin : 'none'} (${typeof source === 'string' ? source : 'unsaid'})`
}

/** @param bodies texts of the checkpoints that are proven: the quoted one, and a later one that witnesses cosigned */
export function judgeGenesis(
  { genesis, genesisProof }: GenesisEvidence,
  log: { readonly vkey: string; readonly origin: string },
  bodies: readonly string[],
): Promise<Verdict<GenesisView>> {
  return judge(CHECKS, async (check) => {
    const previous = check.decode('record', () => readPrevious(genesis))
    const entry = createEntry('genesis', genesis)
    const { index, body } = check.include('proof', await verifyInclusion({ proof: genesisProof, entry, ...log }))
    check.that('first', index === 0, 'LOG_INCLUSION', { fail: `the record is leaf ${index}, not the first` })
    check.that('checkpoint-quoted', bodies.includes(body), 'CHECKPOINT_NOT_QUOTED', {
      fail: 'the first record is proven in another checkpoint than the quoted one',
    })
    return { previous }
  })
}
