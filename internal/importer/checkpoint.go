package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// CheckpointSuffix follows the name of a file in the name of its checkpoint.
const CheckpointSuffix = ".herald-import"

// identifyingBytes is how much of a file's beginning its identity covers, beside its size and time.
const identifyingBytes = 64 << 10

// state is how far an import is: every row before At is settled.
type state struct {
	At      position `json:"at"`
	Written int64    `json:"written"`
	Bad     int64    `json:"bad"`
}

// checkpoint is a state kept beside a file.
type checkpoint struct {
	path   string
	source string // what the state is true of: this content, sent to this app
}

type checkpointFile struct {
	Source string `json:"source"`
	State  state  `json:"state"`
}

// newCheckpoint prepares the checkpoint of an import of a file into destination.
func newCheckpoint(file *os.File, format Format, destination string) (*checkpoint, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("identify the file: %w", err)
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%d\n%d\n", destination, format, info.Size(), info.ModTime().UnixNano())
	if _, err := io.Copy(sum, io.NewSectionReader(file, 0, identifyingBytes)); err != nil {
		return nil, fmt.Errorf("identify the file: %w", err)
	}
	return &checkpoint{path: file.Name() + CheckpointSuffix, source: hex.EncodeToString(sum.Sum(nil))}, nil
}

// load gives the state that an import of the same content into the same app has left. found is false where there is none.
func (c *checkpoint) load() (s state, found bool, err error) {
	content, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return state{}, false, nil
	}
	if err != nil {
		return state{}, false, fmt.Errorf("read the checkpoint: %w", err)
	}
	var kept checkpointFile
	if err := json.Unmarshal(content, &kept); err != nil || kept.Source != c.source || kept.State.At.Offset < 0 {
		return state{}, false, nil //nolint:nilerr // a checkpoint that says nothing about this import is as good as none
	}
	return kept.State, true, nil
}

// save replaces the checkpoint in one step.
func (c *checkpoint) save(s state) error {
	content, err := json.Marshal(checkpointFile{Source: c.source, State: s})
	if err != nil {
		return fmt.Errorf("write the checkpoint: %w", err)
	}
	next := c.path + ".new"
	if err := os.WriteFile(next, append(content, '\n'), 0o600); err != nil {
		return fmt.Errorf("write the checkpoint: %w", err)
	}
	if err := os.Rename(next, c.path); err != nil {
		return fmt.Errorf("write the checkpoint: %w", err)
	}
	return nil
}

// remove is for the end of the file.
func (c *checkpoint) remove() error {
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the checkpoint: %w", err)
	}
	return nil
}
