/** Appends a quote to the log it is of and has the next checkpoint cosigned, each step open to one change. */
import { quoteOctets } from '../../src/core/evidence/endorse.ts'
import type { EndorsedQuote } from '../../src/core/evidence/hardware.ts'
import {
  cosignCheckpoint,
  createEntry,
  encodeTlogProof,
  encodeWitnessVkey,
  hashLeaf,
  MerkleTree,
  signCheckpoint,
  witnessKey,
} from '../../src/core/log/index.ts'
import { type TestKey, testKey } from './ed25519.ts'

/** Witnesses by number: `w1`, `w2`, `w3`; a fourth is in no policy. */
export function testWitness(number: number): { readonly name: string; readonly signer: TestKey } {
  return { name: `witness${number}.example.com/w`, signer: testKey(0x10 + number) }
}

/** Lines of a policy that asks for two of three witnesses. */
export const WITNESSES: readonly string[] = [
  ...[1, 2, 3].map((number) => {
    const { name, signer } = testWitness(number)
    return `witness w${number} ${encodeWitnessVkey(witnessKey(name, signer.publicKey))}`
  }),
  'group some 2 w1 w2 w3',
  'quorum some',
]

/** A cosignature: number of the witness, and when. */
export type Cosigned = readonly [number: number, seconds: number]

export interface WitnessRecipe {
  readonly cosigned: readonly Cosigned[]
  /** Leaves between the quoted checkpoint and the quote's own leaf, and behind that. */
  readonly between?: readonly Uint8Array[]
  readonly beyond?: readonly Uint8Array[]
  /** The quote's leaf. */
  readonly entry?: (octets: Uint8Array) => Uint8Array
  /** The tree that the later checkpoint is of; that of the quoted one with the quote in it by default. */
  readonly tree?: (entries: readonly Uint8Array[]) => readonly Uint8Array[]
  readonly logKey?: TestKey
  readonly origin?: (origin: string) => string
  /** The body that witnesses sign, and the note as it comes back. */
  readonly cosignedBody?: (body: string) => string
  readonly note?: (note: string) => string
  readonly consistency?: (hashes: readonly Uint8Array[]) => readonly Uint8Array[]
}

export interface LoggedQuote {
  readonly quote: EndorsedQuote
  /** Leaves below the quoted checkpoint. */
  readonly entries: readonly Uint8Array[]
  readonly logKey: TestKey
  readonly origin: string
}

export function witnessQuote(
  { quote, entries, ...log }: LoggedQuote,
  recipe: WitnessRecipe,
): { readonly quoteProof: string; readonly consistency: readonly Uint8Array[] } {
  const { between = [], beyond = [], logKey = log.logKey, origin = (name: string) => name } = recipe
  const leaf = (recipe.entry ?? ((octets: Uint8Array) => createEntry('quote', octets)))(quoteOctets(quote))
  const before = recipe.tree?.(entries) ?? entries
  const tree = new MerkleTree()
  for (const entry of [...before, ...between, leaf, ...beyond]) tree.append(hashLeaf(entry))
  const size = before.length + between.length + 1 + beyond.length
  const index = before.length + between.length
  const signed = signCheckpoint({ origin: origin(log.origin), size, root: tree.root(size) }, logKey)
  const body = recipe.cosignedBody?.(signed.body) ?? signed.body
  const lines = recipe.cosigned.map(([number, seconds]) => cosignCheckpoint(body, testWitness(number), seconds))
  const note = `${signed.note}${lines.join('')}`
  const quoteProof = encodeTlogProof({
    index,
    hashes: tree.inclusionProof(index, size),
    checkpoint: recipe.note?.(note) ?? note,
  })
  const consistency = entries.length < size ? tree.consistencyProof(entries.length, size) : []
  return { quoteProof, consistency: recipe.consistency?.(consistency) ?? consistency }
}
