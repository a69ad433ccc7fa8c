package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store/internal/record"
)

// cacheFile is the content of a cache file: the document as it was stored, and the SHA-256 of its bytes, because a
// changed digit would still be a document.
type cacheFile struct {
	SHA256   string          `json:"sha256"`
	Document json.RawMessage `json:"document"`
}

// writeCache keeps the document, and drops the file if there is none any more. A crash leaves the old file or the new
// one, never a part.
func writeCache(file string, d settings.Document) error {
	if d.Generation == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("drop the cached settings: %w", err)
		}
		return syncDir(filepath.Dir(file))
	}
	document, err := d.Encode()
	if err != nil {
		return err
	}
	content, err := json.Marshal(cacheFile{SHA256: digest(document), Document: document})
	if err != nil {
		return fmt.Errorf("encode the cached settings: %w", err)
	}
	return replaceFile(file, append(content, '\n'))
}

// replaceFile writes beside the file, makes the bytes durable, and then gives them its name.
func replaceFile(file string, content []byte) (err error) {
	dir := filepath.Dir(file)
	temporary, err := os.CreateTemp(dir, filepath.Base(file)+".*.tmp")
	if err != nil {
		return fmt.Errorf("write the cached settings %s: %w", file, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the cached settings %s: %w", file, err), os.Remove(temporary.Name()))
		}
	}()
	_, err = temporary.Write(content)
	if err == nil {
		err = temporary.Sync()
	}
	if err = errors.Join(err, temporary.Close()); err != nil {
		return err
	}
	if err = os.Rename(temporary.Name(), file); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes a rename or removal in the directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("make %s durable: %w", dir, err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("make %s durable: %w", dir, err)
	}
	return nil
}

// readCache returns the cached document, the zero Document if there is no file. A damaged file and one of another
// application are refused.
func readCache(file, app string) (settings.Document, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return settings.Document{}, nil
	}
	if err != nil {
		return settings.Document{}, fmt.Errorf("read the cached settings: %w", err)
	}
	var c cacheFile
	if err := json.Unmarshal(content, &c); err != nil {
		return settings.Document{}, damaged(file, err)
	}
	if got := digest(c.Document); got != c.SHA256 {
		return settings.Document{}, damaged(file, fmt.Errorf("its SHA-256 is %s and should be %q", got, c.SHA256))
	}
	d, err := record.DecodeDocument(app, c.Document)
	if err != nil {
		return settings.Document{}, damaged(file, err)
	}
	return d, nil
}

func damaged(file string, err error) error {
	return fmt.Errorf("the cached settings %s are damaged; delete the file, it is written anew when etcd answers: %w", file, err)
}

func digest(document []byte) string {
	sum := sha256.Sum256(bytes.TrimSpace(document))
	return hex.EncodeToString(sum[:])
}
