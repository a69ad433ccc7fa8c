package engine

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/veltrix/veltrix/engine/hunt"
)

const (
	// manifestVersion is the version of how a snapshot is laid out in its topic.
	manifestVersion = 1
	// manifestKey is the key of the one record that says which snapshot counts.
	manifestKey = "manifest"
	// chunkSize is the most bytes of a snapshot in one record, half of what a broker takes as one by default.
	chunkSize = 512 << 10
	// maxSnapshot is far more bytes than a partition's state can have; what unpacks to more is damaged.
	maxSnapshot = 1 << 30
)

var (
	// errNoSnapshot says that there is none, as before the first one.
	errNoSnapshot = errors.New("there is no snapshot")
	// errSnapshot says that there is one, which can't be used.
	errSnapshot = errors.New("the snapshot can't be used")
)

// manifest says which snapshot of a partition counts, and where in the events it belongs. It is written after the chunks,
// whose keys are made of their contents: so a snapshot counts as a whole or not at all, also if several write at once.
type manifest struct {
	Version int `json:"version"`
	// Next is the offset of the first event that is not in the snapshot.
	Next int64 `json:"next"`
	// Last is the hash of the event before that, by which the log is recognised that the snapshot was made of.
	Last string `json:"last"`
	// Sum is the hash of all chunks one after the other.
	Sum    string `json:"sum"`
	Chunks int    `json:"chunks"`
}

func (m manifest) chunkKey(i int) string { return fmt.Sprintf("%s/%d", m.Sum, i) }

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// pack returns a state as records of the snapshots' topic by their keys, without the manifest's, and the manifest.
func pack(state *hunt.State, next int64, last string) (manifest, map[string][]byte, error) {
	b, err := state.Snapshot()
	if err != nil {
		return manifest{}, nil, err
	}
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err == nil {
		_, err = z.Write(b)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return manifest{}, nil, fmt.Errorf("compress a snapshot of %d bytes: %w", len(b), err)
	}
	all := packed.Bytes()
	m := manifest{Version: manifestVersion, Next: next, Last: last, Sum: hashOf(all)}
	records := map[string][]byte{}
	for ; len(all) > 0; m.Chunks++ {
		n := min(chunkSize, len(all))
		records[m.chunkKey(m.Chunks)] = all[:n]
		all = all[n:]
	}
	return m, records, nil
}

// unpack returns the state that counts among the records of a partition of the snapshots' topic. Its errors are
// [errNoSnapshot] and [errSnapshot].
func unpack(records map[string][]byte) (manifest, *hunt.State, error) {
	var m manifest
	text, there := records[manifestKey]
	if !there {
		return m, nil, errNoSnapshot
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, nil, fmt.Errorf("%w: read its manifest: %w", errSnapshot, err)
	}
	if m.Version != manifestVersion || m.Next < 1 || m.Chunks < 0 || m.Chunks > len(records) {
		return m, nil, fmt.Errorf("%w: its manifest has version %d (known is %d), %d chunks and the offset %d",
			errSnapshot, m.Version, manifestVersion, m.Chunks, m.Next)
	}
	var packed bytes.Buffer
	for i := range m.Chunks {
		packed.Write(records[m.chunkKey(i)])
	}
	if sum := hashOf(packed.Bytes()); sum != m.Sum {
		return m, nil, fmt.Errorf("%w: the hash of its %d chunks is %s, written were %s", errSnapshot, m.Chunks, sum, m.Sum)
	}
	state, err := decompress(&packed)
	if err != nil {
		return m, nil, fmt.Errorf("%w: %w", errSnapshot, err)
	}
	return m, state, nil
}

func decompress(packed io.Reader) (*hunt.State, error) {
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(z, maxSnapshot))
	if err != nil {
		return nil, err
	}
	return hunt.Restore(b)
}
