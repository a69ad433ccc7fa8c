package settings

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestUnsetIsNotZero(t *testing.T) {
	var unset Value
	require.False(t, unset.IsSet())
	require.True(t, unset.IsZero())
	require.NotEqual(t, Number(0), unset)
	require.NotEqual(t, Word(""), unset)
	require.Equal(t, "unset", unset.String())
	require.Equal(t, "0", Number(0).String())
}

func TestValueSaysWhatItIs(t *testing.T) {
	n := Number(1500)
	require.False(t, n.IsWord())
	require.EqualValues(t, 1500, n.Int())
	require.Equal(t, 1500*time.Millisecond, n.Duration())
	require.Empty(t, n.Text())

	w := Word("lz4")
	require.True(t, w.IsWord())
	require.Equal(t, "lz4", w.Text())
	require.Equal(t, "lz4", w.String())
	require.Zero(t, w.Int())
}

func TestValueInJSON(t *testing.T) {
	for text, want := range map[string]Value{`5`: Number(5), `-1`: Number(-1), `"lz4"`: Word("lz4"), `null`: {}, ` 7 `: Number(7)} {
		var got Value
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, got)
	}
	for _, text := range []string{`0.5`, `5e3`, `true`, `[]`, `{}`, `9223372036854775808`, `5.0`} {
		var got Value
		require.ErrorContains(t, json.Unmarshal([]byte(text), &got), "neither a whole number nor a word", text)
	}
	var got Value
	require.Error(t, got.UnmarshalJSON([]byte(`"open`)))
}

func TestValueSurvivesJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.OneOf(rapid.Map(rapid.Int64(), Number), rapid.Map(rapid.String(), Word), rapid.Just(Value{})).Draw(t, "value")
		data, err := json.Marshal(v)
		require.NoError(t, err)
		var back Value
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, v, back)
	})
}

func TestOnlyDurabilityIsLoosened(t *testing.T) {
	acks, _ := Lookup(ProducerAcks)
	require.True(t, acks.Loosens(Word("all"), Word("1")))
	require.False(t, acks.Loosens(Word("1"), Word("all")))
	require.False(t, acks.Loosens(Word("all"), Word("all")))

	compression, _ := Lookup(ProducerCompressionType)
	require.False(t, compression.Loosens(Word("none"), Word("zstd")))
	require.Equal(t, -1, compression.Notch(Word("brotli")))
	require.Equal(t, "up", Up.String())
	require.Equal(t, "down", Down.String())
}
