/** `countersign proxy`: a plain OpenAI endpoint on this machine whose answers are verified before they leave it. @module */
import { parseArgs } from 'node:util'
import type { AttestedReceipt, ReceiptStore } from '../../client/index.ts'
import { createFileReceiptStore } from '../../client-node/receipt-files.ts'
import { GRADES } from '../../core/policy.ts'
import { CountersignError } from '../../errors.ts'
import { createProxy, RefusedError, type RequestLine, type Standing, type VerifyingProxy } from '../../proxy/index.ts'
import { APPROVAL_OPTIONS } from '../approval.ts'
import { type Command, type Io, UsageError } from '../command.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK, type ExitCode } from '../exit-codes.ts'
import { readListenAddress } from '../listen-address.ts'
import { paint, printable, SIMULATED_BANNER } from '../output.ts'
import { readChannel } from '../proxy/channel.ts'
import { renderRequest } from '../proxy/request-line.ts'
import { readProxyTrust } from '../proxy/trust.ts'
import { REVOCATION_OPTIONS } from '../revocations/given.ts'

const HELP = `countersign proxy --gateway URL [options]

Verified answers for OpenAI clients of any language: point them at the address that it prints. Each answer has a header
Countersign-Verdict (a stream: a last comment); one that does not verify is a 502 with the failed check, a stream ends in an error event.

  --gateway URL          the gateway, with or without /v1
  --policy FILE          what to demand (default: countersign.policy.json here)
  --lock FILE            reference values (default: countersign.lock.json here)
  --approval FILE        who approved the lock (default: the lock's name and .sigstore.json), with
  --trusted-root FILE    the trusted_root.json of Sigstore that counts
  --revocations FILE     the list that policy asks for, as it was published; read again each minute,
                         and with --store never an older one than was seen
  --revocations-at-least N
                         refuse a list of a lower number than N
  --channel NAME         ohttp (default), tls-exporter, tls-spki, or none: nothing ties the connection to the TEE
  --relay URL            with ohttp: a relay, so that the gateway does not see this machine's address
  --grade GRADE          no answer below signed, quoted or witnessed passes (default: what the policy asks for)
  --wait SECONDS         as long may the gateway hold an answer for that grade
  --api-key-env NAME     send the key in this environment variable in place of those of clients
  --listen HOST:PORT     default 127.0.0.1:8788; port 0 takes a free one
  --allow-origin ORIGIN  let pages of this origin ask; may be given again
  --allow-host NAME      answer under this name besides loopback's; may be given again
  --dangerously-listen-anywhere   let --listen be an address that others reach
  --store DIR            keep requests, answers and receipts in this folder, in clear: see countersign receipts
  --json                 one JSON object for each request instead of a line

A gateway that cannot be reached yet is waited for: until it verifies, every request is refused. GET /readyz says how it stands.

Exit codes: 0 stopped by SIGINT or SIGTERM, 1 the gateway does not verify, 2 usage.

Example: countersign proxy --gateway https://gw.example.com --policy countersign.policy.json --lock countersign.lock.json
`

const OPTIONS = {
  gateway: { type: 'string' },
  policy: { type: 'string' },
  lock: { type: 'string' },
  ...APPROVAL_OPTIONS,
  ...REVOCATION_OPTIONS,
  channel: { type: 'string', default: 'ohttp' },
  relay: { type: 'string' },
  grade: { type: 'string' },
  wait: { type: 'string' },
  'api-key-env': { type: 'string' },
  listen: { type: 'string', default: '127.0.0.1:8788' },
  'allow-origin': { type: 'string', multiple: true },
  'allow-host': { type: 'string', multiple: true },
  'dangerously-listen-anywhere': { type: 'boolean', default: false },
  store: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

/** Address up to and with `/v1`. */
function readGateway(text: string | undefined): string {
  const hint = 'For example: --gateway https://gw.example.com'
  if (text === undefined) throw new UsageError('--gateway is due', hint)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new UsageError('--gateway is no address', hint)
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new UsageError('--gateway is an address without user, query or fragment', hint)
  const base = `${url.origin}${url.pathname}`.replace(/\/+$/, '').replace(/\/v1$/, '')
  // The client takes what stands before the first /v1/ for the gateway's address.
  if (/\/v1(?:\/|$)/.test(base)) throw new UsageError('--gateway has more than one /v1', hint)
  return `${base}/v1`
}

function readKey(name: string | undefined, { env }: Io): string | undefined {
  if (name === undefined) return undefined
  const key = env[name]
  if (key === undefined || !/^[\x21-\x7e]+$/.test(key))
    throw new UsageError(`environment variable ${name} holds no key`, 'Set it, or leave --api-key-env out.')
  return key
}

function readWait(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[0-9]{1,4}$/.test(text)) throw new UsageError('--wait is a whole number of seconds', 'For example: --wait 10')
  return Number(text)
}

function readGrade(text: string | undefined): (typeof GRADES)[number] | undefined {
  if (text === undefined) return undefined
  const grade = GRADES.find((known) => known === text)
  if (grade === undefined) throw new UsageError(`--grade ${text} is unknown`, `It knows ${GRADES.join(', ')}.`)
  return grade
}

interface View {
  readonly base: string
  readonly json: boolean
}

/** How the gateway stands; undefined where it cannot be reached yet. @throws RefusedError where it does not verify */
async function lookAt(proxy: VerifyingProxy, io: Io): Promise<Standing | undefined> {
  try {
    return await proxy.check()
  } catch (error) {
    if (!(error instanceof RefusedError) || error.refusal.check !== undefined) throw error
    io.err(`countersign: ${printable(error.refusal.message)} Every request is refused until it verifies.\n`)
    return undefined
  }
}

function renderStart(url: string, standing: Standing | undefined, { base, json }: View): string {
  if (json) return `${JSON.stringify({ event: 'listening', url, gateway: base, verified: standing ?? false })}\n`
  const { platform = '', simulated = false, origin = '', channel = '' } = standing ?? {}
  const lines =
    standing === undefined
      ? [`gateway  ${base}, not verified yet`]
      : [
          `gateway  ${base}, verified: ${platform}${simulated ? ' (simulated)' : ''}, log ${printable(origin)}`,
          `channel  ${channel}${channel === 'none' ? ': nothing ties the connection to the TEE' : ''}`,
        ]
  return `listening on ${url}\n${lines.join('\n')}\n`
}

function renderLine(line: RequestLine, { json }: View, { colour }: Io): string {
  return json ? `${JSON.stringify({ event: 'request', ...line })}\n` : renderRequest(line, colour)
}

/** What is kept is quoted soon, so that it can be exported whenever its gateway is gone. */
async function openStore(
  folder: string | undefined,
  io: Io,
): Promise<{ readonly store?: ReceiptStore; readonly onReceipt?: (receipt: AttestedReceipt) => void }> {
  if (folder === undefined) return {}
  const onReceipt = (receipt: AttestedReceipt): void => {
    if (receipt.archive !== undefined) return
    receipt.upgrade('quoted').catch((error: unknown) => {
      const why = error instanceof CountersignError ? error.message : 'it failed'
      io.err(`countersign: receipt ${receipt.claims.jti} stays signed: ${printable(why)}\n`)
    })
  }
  return { store: await createFileReceiptStore(folder), onReceipt }
}

/** Serves until what `stop` gives resolves; it is asked for once there is something to stop. */
export async function runProxy(args: readonly string[], stop: () => Promise<void>, io: Io): Promise<ExitCode> {
  const { values } = parseArgs({ args: [...args], options: OPTIONS })
  const view = { base: readGateway(values.gateway), json: values.json }
  const { trust, close: stopReading } = await readProxyTrust(values, io)
  const proxy = createProxy({
    base: view.base,
    trust,
    channel: readChannel(values.channel, values.relay),
    grade: readGrade(values.grade),
    wait: readWait(values.wait),
    apiKey: readKey(values['api-key-env'], io),
    ...(await openStore(values.store, io)),
    listen: readListenAddress(values.listen),
    allowOrigins: values['allow-origin'] ?? [],
    allowHosts: values['allow-host'] ?? [],
    dangerouslyListenAnywhere: values['dangerously-listen-anywhere'],
    report: (line) => io.out(renderLine(line, view, io)),
    fault: (error) => io.err(`countersign: the proxy failed: ${error instanceof Error ? error.name : 'unknown'}\n`),
  })
  let stopped: Promise<void>
  try {
    const standing = await lookAt(proxy, io)
    stopped = stop()
    if (standing?.simulated === true) io.err(`${paint(SIMULATED_BANNER, '33;1', io.colour)}\n`)
    io.out(renderStart(await proxy.listen(), standing, view))
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    io.err(`countersign: ${printable(error.refusal.message)}\n`)
    return EXIT_NOT_VERIFIED
  }
  await stopped
  io.err('countersign: finishing what is under way\n')
  stopReading()
  await proxy.close()
  return EXIT_OK
}

function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

export const command: Command = {
  summary: 'verified answers for OpenAI clients of any language, on this machine',
  help: HELP,
  run: (args, io) => runProxy(args, stopSignal, io),
}
