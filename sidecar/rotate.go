package sidecar

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// rotating is a file that is renamed to NAME.1 when it is full, NAME.1 to NAME.2, and so on; the oldest beyond keep is removed.
// It starts no goroutine, unlike the library that is used for this elsewhere, whose goroutine can't be ended.
// It is not safe for concurrent use.
type rotating struct {
	name  string
	limit int64 // bytes
	keep  int   // old files

	file *os.File
	size int64
}

func openRotating(name string, limit int64, keep int) (*rotating, error) {
	r := &rotating{name: name, limit: limit, keep: keep}
	return r, r.open()
}

func (r *rotating) open() error {
	f, err := os.OpenFile(r.name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r.file, r.size = f, info.Size()
	return nil
}

// Write appends p whole, to a new file if the present one would get too large.
func (r *rotating) Write(p []byte) (int, error) {
	if r.size > 0 && r.size+int64(len(p)) > r.limit {
		if err := r.rotate(); err != nil {
			return 0, fmt.Errorf("rotate %s: %w", r.name, err)
		}
	}
	n, err := r.file.Write(p)
	r.size += int64(n)
	return n, err
}

func (r *rotating) rotate() error {
	if err := r.file.Close(); err != nil {
		return err
	}
	old := func(i int) string { return fmt.Sprintf("%s.%d", r.name, i) }
	for i := r.keep - 1; i >= 1; i-- {
		if err := os.Rename(old(i), old(i+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, r.open())
		}
	}
	if err := os.Rename(r.name, old(1)); err != nil {
		return errors.Join(err, r.open())
	}
	return r.open()
}

// Close closes the file.
func (r *rotating) Close() error { return r.file.Close() }
