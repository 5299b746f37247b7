/** Where requests come in: plain HTTP where something in front ends TLS, HTTPS where the gateway ends it itself. @module */
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http'
import { CountersignError } from '../../errors.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { Clock } from '../deps.ts'
import type { ChannelKeys } from '../session/channel-keys.ts'
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

function tlsEndpoint({ config, clock, http }: EndpointOptions): Endpoint {
  const listener = new TlsListener({ http, openSource: sourceOf(config, clock) })
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

function sourceOf({ operational: { tls } }: GatewayConfig, clock: Clock): OpenCertificateSource {
  if (tls.kind === 'acme') throw new CountersignError('ERR_CONFIG', 'operational.tls: there is no ACME client yet')
  return (subject) => openSelfSigned(subject, clock.now())
}
