/** Hands a verified answer to the store. Storage fails open: what it cannot keep is said, and the answer is delivered. @module */
import type { ClientDeps } from './deps.ts'
import type { Exchange } from './exchange.ts'
import type { AttestedReceipt } from './receipt.ts'
import type { ReceiptStore } from './store.ts'

export interface Delivered {
  readonly exchange: Exchange
  readonly response: Response
  /** As received; undefined where they were more than is kept. */
  readonly octets: Uint8Array | undefined
  readonly askedAt: Date
}

export async function keepAnswer(
  store: ReceiptStore,
  { token, claims, grade, archive }: AttestedReceipt,
  { exchange, response, octets, askedAt, deps }: Delivered & { readonly deps: ClientDeps },
): Promise<void> {
  const mediaTypeOf = (headers: Headers): string => headers.get('content-type') ?? 'application/octet-stream'
  await failOpen(deps, () =>
    store.keep({
      jti: claims.jti,
      origin: claims.log.origin,
      session: claims.session,
      askedAt,
      receivedAt: deps.clock.now(),
      grade,
      token,
      request: { mediaType: mediaTypeOf(exchange.headers), octets: exchange.request },
      response: octets && { mediaType: mediaTypeOf(response.headers), octets },
      archive,
    }),
  )
}

/** Whatever a store throws, at once or later. */
export async function failOpen({ warn }: Pick<ClientDeps, 'warn'>, store: () => Promise<void>): Promise<void> {
  try {
    await store()
  } catch (error) {
    warn(
      `countersign: the receipt store failed, the answer is not kept: ${error instanceof Error ? error.message : ''}`,
    )
  }
}
