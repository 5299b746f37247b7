/**
 * Shows a part of a receipt: the holder takes disclosures out, and what is left verifies under the same signature, because the issuer signed
 * their digests alone. Each digest covers 16 random octets, so what is taken out cannot be guessed from what is left of it.
 *
 * What is left can still give it away. `forwarded` holds the digest of the request's own octets where nothing was changed, and else one that
 * follows from them; `dependencies` holds digests of system prompts, tools and memory, and a seed that may come from the request's digest. None of
 * these is salted: whoever thinks that a prompt is short or usual tries prompts until the digest fits. So a hidden `request` hides both too,
 * or the holder must say that a guess is no matter. The same goes for inserted octets that are few: their digest stays in `forwarded`.
 *
 * What an answer says about its prompt it goes on saying; of an engine that repeats itself, whoever guesses the prompt can run it.
 * Receipts that were cut differently from one are known to be of one: they share its signature. @module
 */
import { MalformedError } from '../../errors.ts'
import type { SpliceRecord } from '../transform/splice.ts'
import type { DependencyRole, Disclosed } from './disclosed.ts'
import { DISCLOSURE_NAMES, type DisclosureName, decodeDisclosure } from './disclosures.ts'
import { decodeReceipt } from './receipt.ts'

/** What shall be seen. */
export type Selection = { readonly show: readonly DisclosureName[] } | { readonly hide: readonly DisclosureName[] }

export interface PartialReceipt {
  /** `<JWS>~<disclosure>~…~` */
  readonly token: string
  readonly shown: readonly DisclosureName[]
  readonly hidden: readonly DisclosureName[]
  /** Why what is hidden could be guessed from what is shown, in sentences; empty where it cannot. */
  readonly guessable: readonly string[]
}

/** These are the same for all prompts; all other roles are made of what was asked. */
const PROMPTLESS: readonly DependencyRole[] = ['tokenizer', 'chat-template', 'retrieval-index']

function missing(what: string): MalformedError {
  return new MalformedError('DISCLOSURE_MISSING', what)
}

/** Whether text names a disclosure. */
export function isDisclosureName(text: string): text is DisclosureName {
  return DISCLOSURE_NAMES.some((name) => name === text)
}

/**
 * @throws MalformedError DISCLOSURE_MISSING when a name is not in the receipt at hand; what `decodeReceipt` throws
 */
export function discloseReceipt(token: string, selection: Selection): PartialReceipt {
  const { disclosed } = decodeReceipt(token)
  const held = DISCLOSURE_NAMES.filter((name) => disclosed[name] !== undefined)
  const named = 'show' in selection ? selection.show : selection.hide
  const absent = named.find((name) => !held.includes(name))
  if (absent !== undefined)
    throw missing(`disclosure ${absent} is not in this receipt, which shows ${held.join(', ') || 'none'}`)
  const shown = held.filter((name) => named.includes(name) === 'show' in selection)
  const [issuerJws = '', ...encoded] = token.split('~').slice(0, -1)
  const kept = encoded.filter((text) => shown.includes(decodeDisclosure(text).name))
  const hidden = DISCLOSURE_NAMES.filter((name) => !shown.includes(name))
  return { token: `${[issuerJws, ...kept].join('~')}~`, shown, hidden, guessable: guessableRequest(disclosed, shown) }
}

function guessableRequest({ dependencies }: Disclosed, shown: readonly DisclosureName[]): readonly string[] {
  if (shown.includes('request')) return []
  const roles = Object.entries(dependencies ?? {})
    .filter(([role, list]) => list !== 'none' && !PROMPTLESS.some((promptless) => promptless === role))
    .map(([role]) => role)
  return [
    ...(shown.includes('forwarded')
      ? ['forwarded holds a digest that follows from the request: whoever guesses the prompt can confirm it']
      : []),
    ...(shown.includes('dependencies') && roles.length > 0
      ? [`dependencies holds digests made of the request (${roles.join(', ')}): whoever guesses them can confirm it`]
      : []),
  ]
}

/** Octets below this count are tried out one after the other. */
const FEW = 64

/** What of an archive goes with disclosures that are hidden. */
export interface InsertSelection {
  readonly shown: readonly DisclosureName[]
  /** Roles of splices, or digests (`sha256:…`) of inserted octets. */
  readonly hide: readonly string[]
}

export interface ShownInserts {
  readonly inserts: ReadonlyMap<string, Uint8Array>
  readonly guessable: readonly string[]
}

/**
 * The inserted octets that stay. Without `forwarded` nothing names any of them, so none does.
 * @throws MalformedError DISCLOSURE_MISSING when a role or digest names no octets at hand
 */
export function selectInserts(
  token: string,
  inserts: ReadonlyMap<string, Uint8Array>,
  { shown, hide }: InsertSelection,
): ShownInserts {
  const transforms = decodeReceipt(token).disclosed.forwarded?.transforms ?? []
  const hidden = new Set(hide.flatMap((wish) => digestsOf(wish, { transforms, inserts })))
  if (!shown.includes('forwarded')) return { inserts: new Map(), guessable: [] }
  const few = [...hidden].filter((digest) => (inserts.get(digest)?.length ?? 0) < FEW)
  return {
    inserts: new Map([...inserts].filter(([digest]) => !hidden.has(digest))),
    guessable: few.map(
      (digest) => `forwarded names ${digest}, which is of less than ${FEW} octets: they can be tried out`,
    ),
  }
}

function digestsOf(
  wish: string,
  {
    transforms,
    inserts,
  }: { readonly transforms: readonly SpliceRecord[]; readonly inserts: ReadonlyMap<string, Uint8Array> },
): readonly string[] {
  const named = transforms.flatMap(({ insert }) => (insert.role === wish ? [insert.digest] : []))
  const digests = [...named, wish].filter((digest) => inserts.has(digest))
  if (digests.length === 0) throw missing(`no inserted octets of ${wish} are at hand`)
  return digests
}
