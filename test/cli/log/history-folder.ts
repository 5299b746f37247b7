/** Histories as they lie in a data folder, and as a gateway serves them. @module */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogReader } from '../../../src/audit/index.ts'
import type { Io } from '../../../src/cli/command.ts'
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { EvidenceStore } from '../../../src/server/evidence-store/index.ts'
import { createFileStore } from '../../../src/storage/index.ts'
import type { TwoBoots } from '../../audit/history.ts'

/** Runs with a folder that is gone afterwards. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-log-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const RECORD = /^log\/([A-Za-z0-9_-]{43})\/evidence\/([0-9]+)$/

/** Writes published files as a gateway keeps them: records of evidence with what they refer to beside them. */
export async function writeHistory(folder: string, { files, first, second }: TwoBoots): Promise<void> {
  const store = createFileStore(folder)
  for (const [name, bytes] of files) {
    const [, id, size] = RECORD.exec(name) ?? []
    const boot = [first, second].find((candidate) => candidate.id === id)
    if (boot === undefined) await store.write([{ name, bytes }])
    else {
      const evidence = EvidenceStore.begin(store, boot.id)
      const { note } = boot.sign(Number(size))
      await evidence.add({ ...decodeArchive(bytes), checkpoint: { size: Number(size), note } })
      await evidence.close()
    }
  }
}

/** Serves what a reader reads under the paths of a gateway. */
export async function serveLogs(reader: LogReader): Promise<{ readonly url: string; close(): Promise<void> }> {
  const answer = async (path: string): Promise<string | Uint8Array | undefined> => {
    const [, log, id, ...rest] = path.split('/')
    if (log !== 'log') return undefined
    if (id === undefined) {
      const { host, ids } = await reader.logs()
      return JSON.stringify({ host, logs: ids })
    }
    const below = rest.join('/')
    if (below === 'evidence') return JSON.stringify(await reader.evidenceSizes(id))
    if (below === 'witnessed') return JSON.stringify(await reader.witnessedSizes(id))
    return reader.read(id, below)
  }
  const server = createServer((request, response) => {
    answer(request.url ?? '').then(
      (body) => response.writeHead(body === undefined ? 404 : 200).end(body),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${isAddress(address) ? address.port : 0}`,
    close: () => new Promise((done) => server.close(() => done())),
  }
}

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null
}

export interface Recorded {
  readonly io: Io
  out(): string
  err(): string
}

/** A terminal that is written down. */
export function recordIo(now: Date, progress = false): Recorded {
  const outs: string[] = []
  const errs: string[] = []
  return {
    io: {
      out: (text) => void outs.push(text),
      err: (text) => void errs.push(text),
      colour: false,
      progress,
      env: {},
      now: () => now,
    },
    out: () => outs.join(''),
    err: () => errs.join(''),
  }
}
