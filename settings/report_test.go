package settings

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReportSurvivesJSON(t *testing.T) {
	r := Report{
		ID: "hunt-1", App: "hunt-engine", Version: "1.2.3", Started: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC), Generation: 41,
		Effective: Values{ProducerLingerMs: Number(5), ProducerAcks: Word("all")},
		Refusal:   &Refusal{Generation: 42, Settings: []Name{ProducerAcks}, Reason: "producer.acks is weaker than the application's floor"},
	}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	back, err := DecodeReport(data)
	require.NoError(t, err)
	require.Equal(t, r, back)
}

func TestReportOfANewerInstanceIsReadAsFarAsItIsKnown(t *testing.T) {
	r, err := DecodeReport([]byte(`{"id":"hunt-2","app":"hunt-engine","generation":7,"zone":"b",
		"effective":{"producer.of.tomorrow":{"a":1},"producer.linger.ms":9000},
		"refusal":{"generation":8,"settings":["producer.of.tomorrow"],"reason":"too new"}}`))
	require.NoError(t, err)
	require.Equal(t, Report{
		ID: "hunt-2", App: "hunt-engine", Generation: 7,
		Effective: Values{ProducerLingerMs: Number(9000)}, // an application's own value may lie outside the bounds
		Refusal:   &Refusal{Generation: 8, Settings: []Name{"producer.of.tomorrow"}, Reason: "too new"},
	}, r)
}

func TestReportThatMakesNoSenseIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		`{`:                  "the report can't be read",
		`{"generation":"7"}`: "the report can't be read",
		`{"effective":[1]}`:  "the report can't be read",
		`{"id":"hunt-2","effective":{"producer.linger.ms":"5"}}`: `the report of hunt-2: effective: producer.linger.ms is "5"; it must be a whole number`,
	} {
		_, err := DecodeReport([]byte(text))
		require.ErrorContains(t, err, want)
	}
}

func TestUpdateIsPresentOnlyWithADocument(t *testing.T) {
	require.True(t, Update{Document: exampleDocument()}.Present())
	require.False(t, Update{}.Present())
	require.False(t, Update{Document: exampleDocument(), Err: ErrUnknownSetting}.Present())
}
