/** What anyone may read: sessions by digest, and the files of this log and of earlier ones. @module */

import { ARCHIVE_TYPE } from '../../core/archive/index.ts'
import { digestUri } from '../../core/crypto/index.ts'
import { type EvidenceStore, exportArchive } from '../evidence-store/index.ts'
import { notFound } from './api-error.ts'
import type { History } from './history.ts'
import type { GatewayParts } from './parts.ts'
import { respondError, respondJson, respondOctets, respondText } from './respond.ts'

const MAX_SESSION_SIZE: number = 64 * 1024
const SESSION_NAME = /^[0-9a-f]{64}$/
const LOG_PATH = /^\/log\/([A-Za-z0-9_-]{43})\/([A-Za-z0-9./]{1,96})$/
/** What the evidence store keeps; all else of a log is the log's own. */
const KEPT = /^(evidence|witnessed)(?:\/(0|[1-9][0-9]{0,15}))?$/
const NOTE_TYPE = 'text/plain; charset=utf-8'
const FOREVER = { 'cache-control': 'public, max-age=31536000, immutable' } as const
const BRIEF = { 'cache-control': 'no-cache' } as const

async function readEarlier({ boot }: GatewayParts, hex: string): Promise<Uint8Array | undefined> {
  const id = SESSION_NAME.test(hex) ? await boot.earlier.logOfSession(hex) : undefined
  return id === undefined ? undefined : boot.store.read(`log/${id}/session/${hex}`, MAX_SESSION_SIZE)
}

/** The exact octets: a receipt names their digest. */
export async function showSession(parts: GatewayParts, hex: string): Promise<Response> {
  const octets = parts.boot.sessionOf(`sha256:${hex}`)?.octets ?? (await readEarlier(parts, hex))
  // The disk is the host's: what it holds under this name is served only if it is what the name says.
  if (octets === undefined || digestUri(octets) !== `sha256:${hex}`) return respondError(notFound())
  return respondOctets('application/json', octets, FOREVER)
}

function mediaTypeOf(path: string): string {
  if (path === 'checkpoint') return NOTE_TYPE
  return path.startsWith('tile/') ? 'application/octet-stream' : 'application/json'
}

/** Where an auditor begins. */
export async function showLogs({ config }: GatewayParts, history: History): Promise<Response> {
  return respondJson({ host: config.measured.host, logs: await history.look() }, 200, BRIEF)
}

/** Evidence by the size of its checkpoint, certificates inlined; without a size the list of those that are kept. */
async function showEvidence(store: EvidenceStore, size: string | undefined): Promise<Response> {
  if (size === undefined) return respondJson(store.sizes, 200, BRIEF)
  const found = await store.at(Number(size))
  return found === undefined ? respondError(notFound()) : respondOctets(ARCHIVE_TYPE, exportArchive(found), FOREVER)
}

/** Cosigned checkpoints likewise. More cosignatures may come. */
async function showWitnessed(store: EvidenceStore, size: string | undefined): Promise<Response> {
  if (size === undefined) return respondJson(store.witnessedSizes, 200, BRIEF)
  const note = await store.witnessedAt(Number(size))
  return note === undefined ? respondError(notFound()) : respondText(NOTE_TYPE, note, BRIEF)
}

/** @param pathname as it was sent, not decoded: the log knows one spelling of each name */
export async function showLogFile(history: History, pathname: string): Promise<Response> {
  const [, id, path] = LOG_PATH.exec(pathname) ?? []
  const log = id === undefined ? undefined : await history.log(id)
  if (log === undefined || path === undefined) return respondError(notFound())
  const [, folder, size] = KEPT.exec(path) ?? []
  if (folder === 'evidence') return showEvidence(await history.evidenceOf(log.id), size)
  if (folder === 'witnessed') return showWitnessed(await history.evidenceOf(log.id), size)
  const octets = await log.readFile(path)
  if (octets === undefined) return respondError(notFound())
  return respondOctets(mediaTypeOf(path), octets, path === 'checkpoint' ? BRIEF : FOREVER)
}
