package store

import (
	"fmt"
	"strings"
)

// Keys below the application's prefix. The ones that end in a slash are directories.
const (
	settingsKey  = "settings"
	tunerKey     = "tuner"
	holdKey      = "hold"
	journalDir   = "journal/"
	instancesDir = "instances/"
	leaderDir    = "leader/"
)

// keys are the full keys of one application.
type keys struct{ prefix string }

func keysOf(app string) keys { return keys{prefix: "/veltrix/v1/apps/" + app + "/"} }

func (k keys) settings() string             { return k.prefix + settingsKey }
func (k keys) tuner() string                { return k.prefix + tunerKey }
func (k keys) hold() string                 { return k.prefix + holdKey }
func (k keys) journal(id string) string     { return k.prefix + journalDir + id }
func (k keys) instance(id string) string    { return k.prefix + instancesDir + id }
func (k keys) leader() string               { return k.prefix + leaderDir }
func (k keys) instanceID(key string) string { return strings.TrimPrefix(key, k.prefix+instancesDir) }
func (k keys) journalID(key string) string  { return strings.TrimPrefix(key, k.prefix+journalDir) }

// after returns the first key behind key, the open end of a range that includes it.
func after(key string) string { return key + "\x00" }

// maxName is the longest name of an application or instance, in bytes.
const maxName = 200

// checkName refuses names that would reach into another key: an application or an instance is one path element.
func checkName(what, name string) error {
	strange := func(r rune) bool { return !letterOrDigit(r) && !strings.ContainsRune("._:@-", r) }
	if name == "" || len(name) > maxName || !letterOrDigit(rune(name[0])) || strings.ContainsFunc(name, strange) {
		return fmt.Errorf("%s %q is no part of a key: use 1 to %d letters, digits, and . _ : @ - with a letter or digit first", what, name, maxName)
	}
	return nil
}

func letterOrDigit(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}
