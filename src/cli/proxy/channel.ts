/** The channel that a command line names. @module */
import type { Channel } from '../../client/channel.ts'
import { createTlsChannel } from '../../client-node/index.ts'
import { createOhttpChannel } from '../../client-ohttp/index.ts'
import { BINDINGS } from '../../core/policy.ts'
import { UsageError } from '../command.ts'

const CHANNELS = [...BINDINGS, 'none'] as const

/** @throws UsageError */
export function readChannel(name: string, relay: string | undefined): Channel | 'none' {
  const channel = CHANNELS.find((known) => known === name)
  if (channel === undefined) throw new UsageError(`--channel ${name} is unknown`, `It knows ${CHANNELS.join(', ')}.`)
  if (relay !== undefined && channel !== 'ohttp')
    throw new UsageError('--relay goes with --channel ohttp', 'Leave one of the two out.')
  switch (channel) {
    case 'ohttp':
      return createOhttpChannel(relay === undefined ? {} : { relay: readRelay(relay) })
    case 'tls-spki':
    case 'tls-exporter':
      return createTlsChannel({ binding: channel })
    case 'none':
      return 'none'
    default:
      return channel satisfies never
  }
}

function readRelay(relay: string): string {
  if (!URL.canParse(relay) || !/^https?:/.test(relay))
    throw new UsageError('--relay is no address', 'For example: --relay https://relay.example/gw')
  return relay
}
