/** Where requests come in: plain HTTP where something in front ends TLS, HTTPS where the gateway ends it itself. @module */

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { CountersignError } from '../../errors.ts'
import type { GatewayConfig, OperationalConfig } from '../config/index.ts'
import type { Clock, Timers } from '../deps.ts'
import type { ChannelKeys } from '../session/channel-keys.ts'
import type { TelemetrySink } from '../telemetry/types.ts'
import { openAcme } from './acme-source.ts'
import { TlsListener } from './listener.ts'
import { openSelfSigned } from './self-signed.ts'
import type { OpenCertificateSource } from './types.ts'

export interface Endpoint {
  readonly server: Server
  readonly scheme: 'http' | 'https'
  /** Makes ready for a boot. @returns goes over to it */
  prepare(channels: ChannelKeys): Promise<() => void>
  /** Called for each request. */
  follow(incoming: IncomingMessage, outgoing: ServerResponse): void
  /** Cuts what is open still. */
  close(): void
}

export interface EndpointOptions {
  readonly config: GatewayConfig
  readonly clock: Clock
  readonly timers: Timers
  readonly telemetry: TelemetrySink
  readonly http: ServerOptions
}

export function createEndpoint(options: EndpointOptions): Endpoint {
  return options.config.operational.tls.kind === 'none' ? plainEndpoint(options.http) : tlsEndpoint(options)
}

function plainEndpoint(http: ServerOptions): Endpoint {
  const server = createServer(http)
  return {
    server,
    scheme: 'http',
    prepare: async () => () => {},
    follow: () => {},
    close: () => server.closeAllConnections(),
  }
}

function tlsEndpoint(options: EndpointOptions): Endpoint {
  const { config, http } = options
  let listening: () => void = () => {}
  const isListening = new Promise<void>((resolve) => {
    listening = resolve
  })
  const listener = new TlsListener({ http, openSource: sourceOf(options, isListening) })
  listener.server.once('listening', listening)
  const { host } = config.measured
  return {
    server: listener.server,
    scheme: 'https',
    prepare: async ({ tls }) => {
      if (tls === 'none') throw new CountersignError('ERR_CONFIG', 'operational.tls: this boot has no TLS key')
      return listener.prepare({ key: tls, host })
    },
    follow: (incoming, outgoing) => listener.follow(incoming, outgoing),
    close: () => listener.close(),
  }
}

function sourceOf({ config, ...deps }: EndpointOptions, listening: Promise<void>): OpenCertificateSource {
  const { tls } = config.operational
  return async (subject) => {
    if (tls.kind !== 'acme') return openSelfSigned(subject, deps.clock.now())
    const { createAcmeAccount } = await import('./acme.ts')
    const obtain = await createAcmeAccount({ ...tls, roots: await readRoots(tls) })
    return openAcme(subject, { ...deps, obtain, listening })
  }
}

async function readRoots({
  directoryRootsFile,
}: Extract<OperationalConfig['tls'], { kind: 'acme' }>): Promise<string | 'system'> {
  if (directoryRootsFile === 'system') return 'system'
  try {
    return await readFile(directoryRootsFile, 'utf8')
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', 'operational.tls.directoryRootsFile: the file cannot be read', { cause })
  }
}
