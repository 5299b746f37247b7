/** `HOST:PORT` of an option `--listen`. @module */
import { UsageError } from './command.ts'

const LISTEN = /^(\[[0-9a-f:]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})$/

/** @throws UsageError */
export function readListenAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = LISTEN.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535)
    throw new UsageError('--listen is not HOST:PORT', 'For example: --listen 127.0.0.1:8788')
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}
