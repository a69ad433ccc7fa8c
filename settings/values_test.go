package settings

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWithSetsAndRemovesInACopy(t *testing.T) {
	before := Values{ProducerLingerMs: Number(5)}
	after := before.With(ProducerLingerMs, Number(20)).With(ProducerAcks, Word("all"))
	require.Equal(t, Values{ProducerLingerMs: Number(20), ProducerAcks: Word("all")}, after)
	require.Equal(t, Values{ProducerAcks: Word("all")}, after.With(ProducerLingerMs, Value{}))
	require.Equal(t, Values{ProducerLingerMs: Number(5)}, before)
	require.Equal(t, Values{ProducerAcks: Word("1")}, Values(nil).With(ProducerAcks, Word("1")))
}

func TestOverlayLetsTheTopWin(t *testing.T) {
	base := Values{ProducerLingerMs: Number(5), ProducerAcks: Word("all")}
	require.Equal(t, Values{ProducerLingerMs: Number(2), ProducerAcks: Word("all")}, base.Overlay(Values{ProducerLingerMs: Number(2)}))
	require.Equal(t, base, base.Overlay(nil))
	require.Equal(t, Number(5), base[ProducerLingerMs])
}

func TestNamesAndDiffFollowTheTable(t *testing.T) {
	from := Values{ConsumerFetchMinBytes: Number(1), ProducerLingerMs: Number(5), ProducerAcks: Word("all")}
	to := Values{"producer.unheard.of": Number(1), ConsumerFetchMinBytes: Number(64), ProducerBatchSize: Number(1024), ProducerAcks: Word("all")}

	require.Equal(t, []Name{ProducerLingerMs, ProducerAcks, ConsumerFetchMinBytes}, from.Names())
	require.Equal(t, []Change{
		{Name: ProducerLingerMs, From: Number(5)},
		{Name: ProducerBatchSize, To: Number(1024)},
		{Name: ConsumerFetchMinBytes, From: Number(1), To: Number(64)},
	}, from.Diff(to))
	require.Empty(t, from.Diff(from))
}

func TestChangeReadsAsASentenceAndSurvivesJSON(t *testing.T) {
	c := Change{Name: ProducerLingerMs, From: Number(5)}
	require.Equal(t, "producer.linger.ms 5 → unset", c.String())
	data, err := json.Marshal(c)
	require.NoError(t, err)
	require.JSONEq(t, `{"setting": "producer.linger.ms", "from": 5}`, string(data))
	var back Change
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, c, back)
}

func TestDefaultsLackWhatOnlyTheBrokerKnows(t *testing.T) {
	require.Equal(t, Number(5), Defaults()[ProducerLingerMs])
	require.NotContains(t, Defaults(), Name("broker.num.io.threads"))
}

// What Diff reports is exactly what has to be done to get from one to the other, each setting once, in order.
func TestDiffAppliedGivesTheOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from, to := drawValues(t, "from"), drawValues(t, "to")
		diff := from.Diff(to)
		got := from
		for _, c := range diff {
			require.Equal(t, got[c.Name], c.From)
			got = got.With(c.Name, c.To)
		}
		require.True(t, got.Equal(to), "%v, want %v", got, to)
		require.True(t, slices.IsSortedFunc(diff, func(a, b Change) int { return index()[a.Name] - index()[b.Name] }))
	})
}

func TestOverlayIsAssociativeAndIdempotent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawValues(t, "a"), drawValues(t, "b"), drawValues(t, "c")
		require.Equal(t, a.Overlay(b).Overlay(c), a.Overlay(b.Overlay(c)))
		require.Equal(t, a.Overlay(b), a.Overlay(b).Overlay(b))
	})
}

// drawValues draws values within the hard bounds; relations may be broken.
func drawValues(t *rapid.T, label string) Values {
	rows := rapid.SliceOfDistinct(rapid.SampledFrom(All()), func(s Setting) Name { return s.Name }).Draw(t, label)
	v := Values{}
	for _, s := range rows {
		v[s.Name] = drawValue(t, s)
	}
	return v
}

func drawValue(t *rapid.T, s Setting) Value {
	if s.Kind == Enum {
		return Word(rapid.SampledFrom(s.Enum).Draw(t, string(s.Name)))
	}
	return Number(rapid.Int64Range(s.Min, s.Max).Draw(t, string(s.Name)))
}
