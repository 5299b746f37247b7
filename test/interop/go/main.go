// Reads a log that countersign wrote, by the public Go libraries alone: sumdb/note and transparency-dev/formats for the checkpoint and
// its cosignatures, sumdb/tlog for tiles and proofs, the formats of Tessera for names and bundles. Fails at the first thing that they see otherwise.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	logfmt "github.com/transparency-dev/formats/log"
	notefmt "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// claims is what countersign says about the log beside its files.
type claims struct {
	Origin    string   `json:"origin"`
	Vkey      string   `json:"vkey"`
	Size      int64    `json:"size"`
	Witnesses []string `json:"witnesses"`
	Times     []int64  `json:"times"`
	Inclusion []struct {
		Index  int64    `json:"index"`
		Hashes [][]byte `json:"hashes"`
	} `json:"inclusion"`
	Consistency []struct {
		Older  int64    `json:"older"`
		Root   []byte   `json:"root"`
		Hashes [][]byte `json:"hashes"`
	} `json:"consistency"`
}

// tiles reads the files of the log for sumdb/tlog.
type tiles struct{ folder string }

func (t tiles) Height() int { return height }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		// sumdb's own paths name the height, those of C2SP tlog-tiles do not.
		path := layout.TilePath(uint64(tile.L), uint64(tile.N), uint8(tile.W%layout.TileWidth))
		data, err := os.ReadFile(filepath.Join(t.folder, path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func main() {
	if len(os.Args) != 2 {
		fatal("usage: interop <folder>")
	}
	folder := os.Args[1]
	var say claims
	text, err := os.ReadFile(filepath.Join(folder, "claims.json"))
	check(err)
	check(json.Unmarshal(text, &say))

	root := checkpoint(folder, say)
	leaves := tree(folder, say, root)
	entries(folder, say, leaves)
	fmt.Printf("ok: %d leaves, %d cosignatures, %d inclusion proofs, %d consistency proofs\n",
		say.Size, len(say.Witnesses), len(say.Inclusion), len(say.Consistency))
}

// checkpoint opens the note with every key and gives the root.
func checkpoint(folder string, say claims) tlog.Hash {
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	check(err)
	verifier, err := note.NewVerifier(say.Vkey)
	check(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	check(err)
	if len(opened.Sigs) != 1 || opened.Sigs[0].Name != say.Origin {
		fatal("the note is not signed under its origin")
	}

	var witnesses []note.Verifier
	for _, vkey := range say.Witnesses {
		witness, err := notefmt.NewVerifierForCosignatureV1(vkey)
		check(err)
		witnesses = append(witnesses, witness)
	}
	parsed, rest, cosigned, err := logfmt.ParseCheckpoint(text, say.Origin, verifier, witnesses...)
	check(err)
	if parsed.Size != uint64(say.Size) || len(rest) != 0 {
		fatal("checkpoint of %d leaves with %d octets behind", parsed.Size, len(rest))
	}
	if len(cosigned.Sigs) != 1+len(say.Witnesses) {
		fatal("%d signatures verify", len(cosigned.Sigs))
	}
	for i, signature := range cosigned.Sigs[1:] {
		time, err := notefmt.CoSigV1Timestamp(signature)
		check(err)
		if time.Unix() != say.Times[i] {
			fatal("cosigned at %d", time.Unix())
		}
	}
	return tlog.Hash(parsed.Hash)
}

// tree rebuilds the root and every proof from the tiles, and gives the leaf hashes.
func tree(folder string, say claims, root tlog.Hash) []tlog.Hash {
	reader := tlog.TileHashReader(tlog.Tree{N: say.Size, Hash: root}, tiles{folder})
	made, err := tlog.TreeHash(say.Size, reader)
	check(err)
	if made != root {
		fatal("the tiles lead to another root")
	}

	var indexes []int64
	for n := int64(0); n < say.Size; n++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, n))
	}
	leaves, err := reader.ReadHashes(indexes)
	check(err)
	for _, claim := range say.Inclusion {
		proof, err := tlog.ProveRecord(say.Size, claim.Index, reader)
		check(err)
		same("inclusion", hashesOf(proof), claim.Hashes)
		check(tlog.CheckRecord(proofOf(claim.Hashes), say.Size, root, claim.Index, leaves[claim.Index]))
	}
	for _, claim := range say.Consistency {
		proof, err := tlog.ProveTree(say.Size, claim.Older, reader)
		check(err)
		same("consistency", hashesOf(proof), claim.Hashes)
		check(tlog.CheckTree(tlog.TreeProof(proofOf(claim.Hashes)), say.Size, root, claim.Older, tlog.Hash(claim.Root)))
	}
	return leaves
}

// entries reads every bundle and holds each entry against its leaf.
func entries(folder string, say claims, leaves []tlog.Hash) {
	size := uint64(say.Size)
	var n uint64
	for i := uint64(0); n < size; i++ {
		text, err := os.ReadFile(filepath.Join(folder, layout.EntriesPath(i, layout.PartialTileSize(0, i, size))))
		check(err)
		var bundle api.EntryBundle
		check(bundle.UnmarshalText(text))
		for _, entry := range bundle.Entries {
			if tlog.RecordHash(entry) != leaves[n] {
				fatal("entry %d is not its leaf", n)
			}
			n++
		}
	}
	if n != size {
		fatal("%d entries", n)
	}
}

func proofOf(hashes [][]byte) tlog.RecordProof {
	proof := tlog.RecordProof{}
	for _, hash := range hashes {
		proof = append(proof, tlog.Hash(hash))
	}
	return proof
}

func hashesOf[P ~[]tlog.Hash](proof P) [][]byte {
	var hashes [][]byte
	for _, hash := range proof {
		hashes = append(hashes, bytes.Clone(hash[:]))
	}
	return hashes
}

func same(what string, made, claimed [][]byte) {
	if len(made) != len(claimed) {
		fatal("%s: %d hashes, not %d", what, len(claimed), len(made))
	}
	for i := range made {
		if !bytes.Equal(made[i], claimed[i]) {
			fatal("%s: hash %d differs", what, i)
		}
	}
}

func check(err error) {
	if err != nil {
		fatal("%v", err)
	}
}

func fatal(format string, values ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", values...)
	os.Exit(1)
}
