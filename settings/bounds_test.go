package settings

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestIntersectKeepsWhatBothAllow(t *testing.T) {
	application := Bounds{ProducerLingerMs: {Min: new(int64(2)), Max: new(int64(100))}, ProducerCompressionType: {Allowed: []string{"none", "lz4", "zstd"}}}
	rule := Bounds{ProducerLingerMs: {Max: new(int64(50))}, ProducerCompressionType: {Allowed: []string{"zstd", "lz4", "gzip"}}, ProducerBatchSize: {Min: new(int64(4096))}}

	both, err := application.Intersect(rule)
	require.NoError(t, err)
	require.Equal(t, Bounds{
		ProducerLingerMs:        {Min: new(int64(2)), Max: new(int64(50))},
		ProducerCompressionType: {Allowed: []string{"lz4", "zstd"}},
		ProducerBatchSize:       {Min: new(int64(4096))},
	}, both)
	require.EqualValues(t, 100, *application[ProducerLingerMs].Max, "the receiver is not touched")
}

func TestImpossibleBoundsAreRefusedWithTheRemedy(t *testing.T) {
	for _, c := range []struct {
		bounds Bounds
		want   string
	}{
		{Bounds{"producer.linger": {}}, `unknown setting "producer.linger": check its spelling against the table of settings`},
		{Bounds{ProducerLingerMs: {Min: new(int64(6000))}}, "bounds of producer.linger.ms leave no value: at least 6000 and at most 5000; widen one of them (the table allows 0 to 5000)"},
		{Bounds{ProducerLingerMs: {Min: new(int64(9)), Max: new(int64(8))}}, "at least 9 and at most 8"},
		{Bounds{ProducerLingerMs: {Allowed: []string{"5"}}}, "producer.linger.ms is a number in milliseconds: bound it by min and max, not by a list of words"},
		{Bounds{ProducerAcks: {Max: new(int64(1))}}, "producer.acks is one of all, 1: bound it by a list of allowed words, not by min and max"},
		{Bounds{ProducerAcks: {Allowed: []string{"0"}}}, `bounds of producer.acks allow "0", which is not one of all, 1`},
	} {
		require.ErrorContains(t, c.bounds.Check(), c.want)
	}
	require.ErrorIs(t, Bounds{"x": {}}.Check(), ErrUnknownSetting)
	require.NoError(t, Bounds{ProducerAcks: {}, ProducerLingerMs: {}}.Check())

	_, err := Bounds{ProducerAcks: {Allowed: []string{"all"}}}.Intersect(Bounds{ProducerAcks: {Allowed: []string{"1"}}})
	require.EqualError(t, err, "bounds of producer.acks leave no value: all and 1 have no word in common")
}

func TestClampTakesTheNearestAllowedValue(t *testing.T) {
	b := Bounds{
		ProducerLingerMs:        {Min: new(int64(2)), Max: new(int64(100))},
		ProducerCompressionType: {Allowed: []string{"snappy", "zstd"}},
		ProducerAcks:            {},
	}
	for _, c := range []struct {
		name       Name
		from, want Value
	}{
		{ProducerLingerMs, Number(1), Number(2)},
		{ProducerLingerMs, Number(101), Number(100)},
		{ProducerLingerMs, Number(50), Number(50)},
		{ProducerCompressionType, Word("lz4"), Word("snappy")}, // down is safer
		{ProducerCompressionType, Word("none"), Word("snappy")},
		{ProducerCompressionType, Word("zstd"), Word("zstd")},
		{ProducerAcks, Word("1"), Word("1")},
		{ProducerBatchSize, Number(1), Number(1)}, // not bounded
		{ProducerLingerMs, Value{}, Value{}},
	} {
		got, moved := b.Clamp(c.name, c.from)
		require.Equal(t, c.want, got)
		require.Equal(t, c.want != c.from, moved)
	}
	got, moved := Bounds{"x": {Allowed: []string{"a"}}}.Clamp("x", Word("b"))
	require.Equal(t, Word("b"), got)
	require.False(t, moved)
}

func TestValidateNamesValueLimitAndRemedy(t *testing.T) {
	b := Bounds{ProducerLingerMs: {Min: new(int64(2)), Max: new(int64(100))}, ProducerCompressionType: {Allowed: []string{"none", "lz4"}}}
	for _, c := range []struct {
		name Name
		v    Value
		want string
	}{
		{ProducerLingerMs, Number(1), "producer.linger.ms is 1, below its lower limit 2 (milliseconds); raise it to at least 2"},
		{ProducerLingerMs, Number(101), "producer.linger.ms is 101, above its upper limit 100 (milliseconds); lower it to at most 100"},
		{ProducerLingerMs, Number(6000), "producer.linger.ms is 6000, above its upper limit 5000 (milliseconds); lower it to at most 5000"},
		{ProducerLingerMs, Word("5"), "producer.linger.ms is 5; it must be a whole number (milliseconds) from 0 to 5000, without quotes"},
		{ProducerLingerMs, Value{}, "producer.linger.ms is unset; it must be a whole number (milliseconds) from 0 to 5000, without quotes"},
		{ProducerCompressionType, Word("zstd"), `producer.compression.type is "zstd", allowed are none, lz4; choose one of them`},
		{ProducerAcks, Word("0"), `producer.acks is "0", allowed are all, 1; choose one of them`},
		{ProducerAcks, Number(1), "producer.acks is 1; it must be one of the words all, 1"},
		{"producer.linger", Number(1), `unknown setting "producer.linger": check its spelling against the table of settings`},
	} {
		require.EqualError(t, b.Validate(Values{c.name: c.v}), c.want)
	}
	require.NoError(t, b.Validate(Values{ProducerLingerMs: Number(2), ProducerAcks: Word("all")}))
}

func TestValidateJoinsAllComplaintsInAFixedOrder(t *testing.T) {
	v := Values{ProducerLingerMs: Number(-1), ProducerBatchSize: Number(0), "x": Number(1), ProducerAcks: Word("0")}
	want := v.Validate().Error()
	for range 20 {
		require.EqualError(t, v.Validate(), want)
	}
	for _, n := range []string{"producer.linger.ms", "producer.batch.size", `"x"`, "producer.acks"} {
		require.Contains(t, want, n)
	}
}

// A clamped value is allowed, an allowed one stays, and clamping twice changes nothing.
func TestClampedValuesAreValid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(All()).Draw(t, "setting")
		b, err := Hard().Intersect(drawBounds(t, s))
		require.NoError(t, err)
		v := drawValue(t, s)
		wild := v
		if s.Kind != Enum {
			wild = Number(rapid.Int64().Draw(t, "wild"))
		}
		clamped, _ := b.Clamp(s.Name, wild)
		require.NoError(t, b.checkEach(Values{s.Name: clamped}))
		again, moved := b.Clamp(s.Name, clamped)
		require.Equal(t, clamped, again)
		require.False(t, moved)
		if b.checkEach(Values{s.Name: v}) == nil {
			kept, moved := b.Clamp(s.Name, v)
			require.Equal(t, v, kept)
			require.False(t, moved)
		}
	})
}

// What the intersection allows is exactly what both allow, in either order.
func TestIntersectionAllowsWhatBothAllow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SampledFrom(All()).Draw(t, "setting")
		a, b := drawBounds(t, s), drawBounds(t, s)
		v := Values{s.Name: drawValue(t, s)}
		byBoth := a.checkEach(v) == nil && b.checkEach(v) == nil
		for _, pair := range [][2]Bounds{{a, b}, {b, a}} {
			both, err := pair[0].Intersect(pair[1])
			if err != nil {
				require.False(t, byBoth, "%v", err)
				continue
			}
			require.Equal(t, byBoth, both.checkEach(v) == nil)
		}
	})
}

// drawBounds draws bounds of s that leave something.
func drawBounds(t *rapid.T, s Setting) Bounds {
	if s.Kind == Enum {
		words := rapid.SliceOfNDistinct(rapid.SampledFrom(s.Enum), 0, len(s.Enum), rapid.ID[string]).Draw(t, "allowed")
		return Bounds{s.Name: {Allowed: words}}
	}
	low := rapid.Int64Range(s.Min, s.Max).Draw(t, "min")
	high := rapid.Int64Range(low, s.Max).Draw(t, "max")
	bound := Bound{Min: &low, Max: &high}
	switch rapid.IntRange(0, 3).Draw(t, "sides") {
	case 0:
		bound.Min = nil
	case 1:
		bound.Max = nil
	}
	return Bounds{s.Name: bound}
}
