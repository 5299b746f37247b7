// Replays event logs with go-eventlog, a line of JSON each: {"log": path, "table": path of the ACPI table, "registers": four digests in hex, or null,
// "extract": whether to read the firmware's state, too}. It answers with the registers that the library's reading of the log leads to, or with why
// it refuses the log, and, where registers are given, with what its verifier and its extraction of state say of the log beside them.
package main

import (
	"bufio"
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/google/go-eventlog/ccel"
	"github.com/google/go-eventlog/extract"
	"github.com/google/go-eventlog/register"
	"github.com/google/go-eventlog/tcg"
)

const (
	registers = 4
	noAction  = 3
)

type request struct {
	Log       string   `json:"log"`
	Table     string   `json:"table"`
	Registers []string `json:"registers"`
	Extract   bool     `json:"extract"`
}

type answer struct {
	Registers []string `json:"registers,omitempty"`
	Refused   string   `json:"refused,omitempty"`
	Verified  string   `json:"verified,omitempty"`
	Extracted string   `json:"extracted,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked request
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := out.Encode(answerTo(asked)); err != nil {
			panic(err)
		}
	}
}

func answerTo(asked request) (said answer) {
	defer func() {
		if cause := recover(); cause != nil {
			said = answer{Refused: fmt.Sprint("panic: ", cause)}
		}
	}()
	log, err := os.ReadFile(asked.Log)
	if err != nil {
		panic(err)
	}
	values, err := replay(log)
	if err != nil {
		return answer{Refused: err.Error()}
	}
	said.Registers = values
	if asked.Registers == nil {
		return said
	}
	bank := bankOf(asked.Registers)
	_, err = tcg.ParseAndReplay(log, bank.MRs(), tcg.ParseOpts{AllowPadding: true})
	said.Verified = word(err)
	// An event of a type that it does not know would end the library's program: only what is genuine goes here.
	if !asked.Extract {
		return said
	}
	table, err := os.ReadFile(asked.Table)
	if err != nil {
		panic(err)
	}
	_, err = ccel.ReplayAndExtract(table, log, bank, extract.Opts{Loader: extract.GRUB})
	said.Extracted = word(err)
	return said
}

// The verifier only compares, so the values are computed from its events.
func replay(log []byte) ([]string, error) {
	parsed, err := tcg.ParseEventLog(log, tcg.ParseOpts{AllowPadding: true})
	if err != nil {
		return nil, err
	}
	values := make([][]byte, registers)
	for i := range values {
		values[i] = make([]byte, sha512.Size384)
	}
	for _, event := range parsed.Events(register.HashSHA384) {
		at := event.Index - 1
		if event.Type == noAction || at < 0 || at >= registers {
			continue
		}
		if len(event.Digest) != sha512.Size384 {
			return nil, errors.New("an event without a SHA-384 digest")
		}
		next := sha512.Sum384(bytes.Join([][]byte{values[at], event.Digest}, nil))
		values[at] = next[:]
	}
	shown := make([]string, registers)
	for i, value := range values {
		shown[i] = hex.EncodeToString(value)
	}
	return shown, nil
}

func bankOf(digests []string) register.RTMRBank {
	var bank register.RTMRBank
	for i, digits := range digests {
		digest, err := hex.DecodeString(digits)
		if err != nil {
			panic(err)
		}
		bank.RTMRs = append(bank.RTMRs, register.RTMR{Index: i, Digest: digest})
	}
	return bank
}

func word(err error) string {
	if err != nil {
		return err.Error()
	}
	return "yes"
}
