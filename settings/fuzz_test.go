package settings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecodeDocument proves that whatever is accepted means one thing: written and read again it is the same document,
// and from then on the same bytes.
func FuzzDecodeDocument(f *testing.F) {
	for _, seed := range []string{
		example,
		`{"schema":1,"app":"a","generation":1,"settings":{}}`,
		`{"schema":1,"app":"a","generation":9223372036854775807,"settings":{"producer.linger.ms":0},"topics":{}}`,
		`{"schema":1,"app":"\ud800","generation":1,"settings":{},"time":"0000-01-01T00:00:00+23:59"}`,
		`{"schema":1,"app":"a","generation":1,"settings":{"producer.acks":"\u0061ll"},"topics":{"t":{"producer.batch.size":1024}}}`,
		`{"schema":1,"app":"a","generation":1,"settings":{"producer.linger.ms":-0}}`,
		`{"schema":1,"app":"a","generation":1,"settings":{},"settings":{}}`,
		`{"schema":1,"app":"a","generation":1,"settings":{"producer.linger.ms":1,"producer.linger.ms":1}}`,
		`{"schema":1,"app":"a","generation":1,"settings":{},"reason":"\u2028<&>"} `,
		`[` + strings.Repeat(`[`, 100), `null`, `{}`, `{"schema":2}`, "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := DecodeDocument(data)
		if err != nil {
			require.NotEmpty(t, err.Error())
			require.Zero(t, d)
			return
		}
		require.NoError(t, d.Validate())
		written, err := d.Encode()
		if err != nil {
			require.ErrorContains(t, err, "at most 65536 are written", "characters that JSON escapes may make it longer, nothing else")
			return
		}
		again, err := DecodeDocument(written)
		require.NoError(t, err)
		require.Equal(t, d, again)
		rewritten, err := again.Encode()
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))
	})
}

// FuzzDecodeReport proves that a report from anywhere is either refused or holds nothing but known settings of their kind.
func FuzzDecodeReport(f *testing.F) {
	for _, seed := range []string{
		`{"id":"a-1","app":"a","started":"2026-11-23T03:20:00Z","generation":3,"effective":{"producer.linger.ms":5}}`,
		`{"id":"a-1","effective":{"producer.of.tomorrow":true,"producer.acks":"all"},"mood":"good"}`,
		`{"id":"a-1","effective":{"producer.acks":5},"refusal":{"generation":4,"settings":["x"],"reason":"why"}}`,
		`{"effective":null}`, `null`, `[]`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := DecodeReport(data)
		if err != nil {
			return
		}
		for n, v := range r.Effective {
			s, ok := Lookup(n)
			require.True(t, ok)
			require.True(t, v.IsSet())
			require.Equal(t, s.Kind == Enum, v.IsWord())
		}
	})
}
