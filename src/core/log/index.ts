/**
 * "./log": a C2SP transparency log as those see it who write one, verify one, witness one or follow one. Entries, trees, notes,
 * checkpoints, proofs, tiles, cosignatures, witness policies, proofs of forks. Pure, browser and Node: what reads and writes octets is
 * given in.
 *
 * @example
 * import { generateKeyPairSync, sign } from 'node:crypto'
 * import { createEntry, encodeVkey, hashLeaf, logOrigin, MerkleTree, noteKey, signCheckpoint, verifyFollowing } from 'countersign/log'
 *
 * const { privateKey, publicKey } = generateKeyPairSync('ed25519')
 * const raw = new Uint8Array(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32))
 * const signer = { publicKey: raw, sign: (octets) => new Uint8Array(sign(null, octets, privateKey)) }
 * const origin = logOrigin('gw.example.com', raw)
 *
 * const tree = new MerkleTree()
 * const publish = (text) => {
 *   tree.append(hashLeaf(createEntry('receipt', new TextEncoder().encode(text))))
 *   return signCheckpoint({ origin, size: tree.size, root: tree.root() }, signer).note
 * }
 * const previous = publish('one')
 * const next = publish('two')
 *
 * const log = { vkey: encodeVkey(noteKey(origin, raw)), origin }
 * const verdict = await verifyFollowing({ ...log, previous, next, proof: tree.consistencyProof(1, 2) }, 'unchecked')
 * console.log(verdict.ok) // true: the log went on from where it was seen last
 * @module
 */
export {
  type AddCheckpoint,
  decodeAddCheckpoint,
  encodeAddCheckpoint,
} from './add-checkpoint.ts'
export { type AuthenticTiles, type AuthenticTilesOptions, authenticTiles } from './authentic-tiles.ts'
export {
  type Checkpoint,
  decodeCheckpoint,
  decodeLogOrigin,
  encodeCheckpoint,
  type LogOrigin,
  logOrigin,
  matchOriginKey,
  type SignedCheckpoint,
  signCheckpoint,
} from './checkpoint.ts'
export { CorruptTileError } from './corrupt-tile.ts'
export {
  type Cosignature,
  cosignCheckpoint,
  decodeWitnessVkey,
  encodeWitnessVkey,
  verifyCosignatures,
  type WitnessKey,
  witnessKey,
} from './cosignature.ts'
export {
  createEntry,
  decodeEntry,
  ENTRY_SIZE,
  ENTRY_TYPES,
  type EntryType,
  encodeEntry,
  type LogEntry,
} from './entry.ts'
export { type Following, type FollowingEvidence, type Freshness, verifyFollowing } from './follow.ts'
export { decodeForkProof, encodeForkProof, type Fork, type ForkProof, verifyForkProof } from './fork-proof.ts'
export { GrowingTree, type TakenTile } from './growing-tree.ts'
export {
  assertConsistency,
  assertInclusion,
  emptyRoot,
  HASH_SIZE,
  hashChildren,
  hashLeaf,
  type InclusionClaim,
  inclusionRoot,
  type TreeHead,
} from './merkle.ts'
export {
  decodeNote,
  decodeVkey,
  encodeNote,
  encodeVkey,
  type Note,
  type NoteKey,
  type NoteSignature,
  type NoteSigner,
  noteKey,
  signNote,
  verifyNoteSignature,
} from './note.ts'
export { type CorruptPart, scrubTree, type TreeScrub } from './scrub.ts'
export {
  decodeEntryBundle,
  decodeTilePath,
  encodeEntryBundle,
  encodeTilePath,
  TILE_WIDTH,
  type Tile,
  tilesOf,
} from './tile.ts'
export { proveConsistency, proveInclusion, type TileSource, tileIn, treeRoot } from './tile-proofs.ts'
export { decodeTlogProof, encodeTlogProof, type TlogProof } from './tlog-proof.ts'
export { MerkleTree } from './tree.ts'
export {
  type ConsistentCheckpoints,
  type InclusionEvidence,
  type LogIdentity,
  type ProvenEntry,
  verifyCheckpoint,
  verifyConsistency,
  verifyInclusion,
} from './verify.ts'
export {
  decodeWitnessPolicy,
  meetsQuorum,
  type PolicyGroup,
  type PolicyLog,
  type PolicyWitness,
  quorumTime,
  type WitnessPolicy,
} from './witness-policy.ts'
export { verifyWitnessedCheckpoint, type WitnessedCheckpoint } from './witnessed.ts'
