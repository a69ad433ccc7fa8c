package tuner

import (
	"github.com/veltrix/veltrix/settings"
)

// place is a setting of the whole application, or of one topic.
type place struct {
	name  settings.Name
	topic string
}

// present returns the value that counts at the place now: the document's for the topic, else the document's for the
// application, else what the instances report (the safest, if they differ), else the table's default. It is unset if
// none of them knows.
func (t *tick) present(row settings.Setting, topic string) settings.Value {
	at := place{row.Name, topic}
	if v, ok := t.known[at]; ok {
		return v
	}
	v := valueIn(t.in.Document, at)
	if !v.IsSet() && topic != "" {
		v = t.present(row, "")
	}
	if !v.IsSet() {
		v = t.reported(row)
	}
	if !v.IsSet() {
		v = row.Default
	}
	t.known[at] = v
	return v
}

// reported returns the safest of the values that the instances run, unset if none reports one.
func (t *tick) reported(row settings.Setting) settings.Value {
	var safest settings.Value
	for i := range t.in.Fleet {
		v := t.in.Fleet[i].Effective[row.Name]
		if !v.IsSet() || v.IsWord() != (row.Kind == settings.Enum) {
			continue
		}
		if !safest.IsSet() || safer(row, v, safest) {
			safest = v
		}
	}
	return safest
}

// safer says whether a endangers the application less than b.
func safer(row settings.Setting, a, b settings.Value) bool {
	return (position(row, a)-position(row, b))*int64(row.Safer) > 0
}

// position is where a value stands on its setting's scale: the number itself, or the notch of a word.
func position(row settings.Setting, v settings.Value) int64 {
	if row.Kind == settings.Enum {
		return int64(row.Notch(v))
	}
	return v.Int()
}

// at returns the value at a position on the setting's scale.
func at(row settings.Setting, p int64) settings.Value {
	if row.Kind == settings.Enum {
		return settings.Word(row.Enum[p])
	}
	return settings.Number(p)
}
