/**
 * Asks for public certificates: RFC 8555 with the challenge tls-alpn-01 (RFC 8737). The one file that knows the library, loaded where it is
 * configured. The account's key is made with the boot and written nowhere: whoever had it could have certificates made for the host. @module
 */
import { Agent } from 'node:https'
import { createSecureContext, type SecureContext } from 'node:tls'
import { type Authorization, axios, Client, crypto, type Order } from 'acme-client'
import { CountersignError } from '../../errors.ts'

export interface AcmeDirectory {
  readonly directoryUrl: string
  /** `mailto:…` */
  readonly contact: string
  /** PEM of what the directory's certificate is verified with; `system` for what Node trusts. */
  readonly roots: string | 'system'
}

export interface Wanted {
  /** DNS name. */
  readonly host: string
  /** PKCS #10, PEM. */
  readonly request: string
  /** Shown to whoever validates, from when this is called. */
  readonly show: (challenge: SecureContext) => void
  /** Rejects where nobody waits any more. */
  readonly pause: (ms: number) => Promise<void>
}

/** @returns the chain, PEM, the leaf first: of whatever key and name, so it is judged by whoever asked */
export type Obtain = (wanted: Wanted) => Promise<string>

/** The library's types do not name it. */
const CHALLENGE = 'tls-alpn-01'
const CALL_MS = 30_000
const MAX_ANSWER_SIZE = 1 << 20
const POLL_MS = 1_000
const MAX_POLLS = 90

/** An account that is made with the first certificate. */
export async function createAcmeAccount({ directoryUrl, contact, roots }: AcmeDirectory): Promise<Obtain> {
  // The library has one set of these for all its clients; a gateway has one directory. Whoever asked tries again, at its own pace.
  axios.defaults.timeout = CALL_MS
  axios.defaults.maxContentLength = MAX_ANSWER_SIZE
  axios.defaults.maxRedirects = 0
  axios.defaults.proxy = false
  axios.defaults.httpsAgent = new Agent(roots === 'system' ? {} : { ca: roots })
  Object.assign(axios.defaults, { acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 1 } })
  const client = new Client({ directoryUrl, accountKey: await crypto.createPrivateEcdsaKey() })
  let isRegistered = false
  return async (wanted) => {
    if (!isRegistered) await client.createAccount({ termsOfServiceAgreed: true, contact: [contact] })
    isRegistered = true
    return order(client, wanted)
  }
}

async function order(client: Client, wanted: Wanted): Promise<string> {
  const { host, request, pause } = wanted
  const settle = (at: Order, pending: readonly Order['status'][]): Promise<Order> =>
    settled(client, at, { pending, pause })
  const placed = await client.createOrder({ identifiers: [{ type: 'dns', value: host }] })
  for (const authorization of await client.getAuthorizations(placed))
    if (authorization.status === 'pending') await prove(client, authorization, wanted)
  const ready = await settle(placed, ['pending'])
  const finalized = ready.status === 'ready' ? await client.finalizeOrder(ready, request) : ready
  const issued = await settle(finalized, ['ready', 'processing'])
  if (issued.status !== 'valid') throw refused(await reasonOf(client, placed))
  return client.getCertificate(issued)
}

/** With a key of its own, that proves nothing but this. */
async function prove(client: Client, authorization: Authorization, { show }: Wanted): Promise<void> {
  const challenge = authorization.challenges.find(({ type }) => String(type) === CHALLENGE)
  if (challenge === undefined) throw refused('the directory offers no tls-alpn-01')
  const proof = await client.getChallengeKeyAuthorization(challenge)
  const key = await crypto.createPrivateEcdsaKey()
  const [, certificate] = await crypto.createAlpnCertificate(authorization, proof, key)
  show(createSecureContext({ key, cert: certificate }))
  await client.completeChallenge(challenge)
}

interface Settling {
  readonly pending: readonly Order['status'][]
  readonly pause: Wanted['pause']
}

async function settled(client: Client, placed: Order, { pending, pause }: Settling): Promise<Order> {
  let now = placed
  for (let polls = 0; pending.includes(now.status); polls++) {
    if (polls === MAX_POLLS) throw refused(`the order stays ${now.status}`)
    await pause(POLL_MS)
    now = await client.getOrder(placed)
  }
  if (now.status === 'invalid') throw refused(await reasonOf(client, placed))
  return now
}

/** The kind of the problem that the server names: RFC 8555 section 6.7. */
async function reasonOf(client: Client, placed: Order): Promise<string> {
  for (const { challenges } of await client.getAuthorizations(placed))
    for (const { error } of challenges) {
      const type = typeof error === 'object' && error !== null && 'type' in error ? String(error.type) : ''
      if (/^urn:ietf:params:acme:error:[A-Za-z]{1,40}$/.test(type)) return type
    }
  return 'the order is refused'
}

function refused(why: string): CountersignError {
  return new CountersignError('ERR_NETWORK', `no certificate: ${why}`)
}
