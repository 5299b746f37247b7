/** What anyone may read: sessions by digest, and the files of this log and of earlier ones. @module */
import { join } from 'node:path'
import { digestUri } from '../../core/crypto/index.ts'
import { readLogFile } from '../log/index.ts'
import { notFound } from './api-error.ts'
import type { GatewayParts } from './parts.ts'
import { respondError, respondOctets } from './respond.ts'

const MAX_SESSION_SIZE: number = 64 * 1024
const LOG_PATH = /^\/log\/([A-Za-z0-9_-]{43})\/([A-Za-z0-9./]{1,96})$/
const FOREVER = { 'cache-control': 'public, max-age=31536000, immutable' } as const
const BRIEF = { 'cache-control': 'no-cache' } as const

async function readEarlier({ earlierSessions, files }: GatewayParts, hex: string): Promise<Uint8Array | undefined> {
  const path = earlierSessions.get(hex)
  const file = path === undefined ? undefined : await files.open(path)
  if (file === undefined) return undefined
  try {
    return await file.read(0, MAX_SESSION_SIZE)
  } finally {
    await file.close()
  }
}

/** The exact octets: a receipt names their digest. */
export async function showSession(parts: GatewayParts, hex: string): Promise<Response> {
  const octets = parts.boot.sessionOf(`sha256:${hex}`)?.octets ?? (await readEarlier(parts, hex))
  // The disk is the host's: what it holds under this name is served only if it is what the name says.
  if (octets === undefined || digestUri(octets) !== `sha256:${hex}`) return respondError(notFound())
  return respondOctets('application/json', octets, FOREVER)
}

function mediaTypeOf(path: string): string {
  if (path === 'checkpoint') return 'text/plain; charset=utf-8'
  return path.startsWith('tile/') ? 'application/octet-stream' : 'application/json'
}

/** @param pathname as it was sent, not decoded: the log knows one spelling of each name */
export async function showLogFile({ config, boot, files }: GatewayParts, pathname: string): Promise<Response> {
  const [, id, path] = LOG_PATH.exec(pathname) ?? []
  if (id === undefined || path === undefined) return respondError(notFound())
  const octets =
    id === boot.log.id
      ? await boot.log.readFile(path)
      : await readLogFile(join(config.operational.dataDir, 'log', id), path, files)
  if (octets === undefined) return respondError(notFound())
  return respondOctets(mediaTypeOf(path), octets, path === 'checkpoint' ? BRIEF : FOREVER)
}
