package settings

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// example is the document of the documentation.
const example = `{"schema":1,"app":"hunt-engine","generation":42,` +
	`"settings":{"producer.compression.type":"lz4","producer.linger.ms":20},` +
	`"topics":{"hunt.commands":{"producer.linger.ms":2}},` +
	`"decision":"01JD","reason":"raised: p99 > 150 ms & rising","time":"2026-11-23T03:20:00Z"}`

func exampleDocument() Document {
	return Document{
		Schema: 1, App: "hunt-engine", Generation: 42,
		Settings: Values{ProducerLingerMs: Number(20), ProducerCompressionType: Word("lz4")},
		Topics:   map[string]Values{"hunt.commands": {ProducerLingerMs: Number(2)}},
		Decision: "01JD", Reason: "raised: p99 > 150 ms & rising", Time: time.Date(2026, 11, 23, 3, 20, 0, 0, time.UTC),
	}
}

func TestDocumentIsReadAndWritten(t *testing.T) {
	d, err := DecodeDocument([]byte(example))
	require.NoError(t, err)
	require.Equal(t, exampleDocument(), d)

	data, err := d.Encode()
	require.NoError(t, err)
	requireText(t, example, data, "keys in the order of the struct, names sorted, > and & legible")
}

func TestSmallestDocument(t *testing.T) {
	d, err := DecodeDocument([]byte(` {"generation":1, "settings":{}, "app":"a", "schema":1, "topics":{}} ` + "\n"))
	require.NoError(t, err)
	require.Equal(t, Document{Schema: 1, App: "a", Generation: 1, Settings: Values{}}, d)
	data, err := d.Encode()
	require.NoError(t, err)
	requireText(t, `{"schema":1,"app":"a","generation":1,"settings":{}}`, data)
}

func TestDocumentThatIsNotAsItShouldBeIsRefusedWhole(t *testing.T) {
	with := func(members string) string {
		return `{"schema":1,"app":"a","generation":1,"settings":{},` + members + `}`
	}
	set := func(values string) string {
		return `{"schema":1,"app":"a","generation":1,"settings":{` + values + `}}`
	}
	for _, c := range []struct{ what, text, want string }{
		{"nothing", ``, "unexpected end of JSON input"},
		{"half", example[:100], "at byte 100: unexpected end"},
		{"another document behind it", example + example, "after top-level value; there must be one JSON object and nothing else"},
		{"not UTF-8", with("\"reason\":\"\xff\""), "not UTF-8"},
		{"an array", `[]`, "it is []; it must be an object"},
		{"null", `null`, "it is null; it must be an object"},

		{"unknown key", with(`"setting":{}`), `unknown key "setting"; remove it or check its spelling`},
		{"key in capitals", with(`"Reason":"x"`), `unknown key "Reason"`},
		{"key twice", with(`"app":"b"`), `key "app" stands there twice; keep one of the two`},
		{"key twice, once escaped", with(`"\u0061pp":"b"`), `key "app" stands there twice`},
		{"setting twice", set(`"producer.linger.ms":1,"producer.linger.ms":2`), `settings: key "producer.linger.ms" stands there twice`},
		{"topic twice", with(`"topics":{"t":{"producer.linger.ms":1},"t":{"producer.linger.ms":2}}`), `topics: key "t" stands there twice`},
		{"setting of a topic twice", with(`"topics":{"t":{"producer.linger.ms":1,"producer.linger.ms":1}}`), `topic "t": key "producer.linger.ms" stands there twice`},

		{"no schema", `{"app":"a","generation":1,"settings":{}}`, `no key "schema"; it must be there`},
		{"later schema", `{"schema":2,"application":"a"}`, "schema is 2, this version reads 1; upgrade the older side"},
		{"schema as a word", `{"schema":"1"}`, `schema is "1"; it must be a whole number`},
		{"no app", `{"schema":1,"generation":1,"settings":{}}`, `no key "app"`},
		{"empty app", `{"schema":1,"app":"","generation":1,"settings":{}}`, "app is empty; it must name the application"},
		{"no generation", `{"schema":1,"app":"a","settings":{}}`, `no key "generation"`},
		{"generation 0", `{"schema":1,"app":"a","generation":0,"settings":{}}`, "generation is 0; it must be at least 1"},
		{"generation with a fraction", `{"schema":1,"app":"a","generation":1.5,"settings":{}}`, "generation is 1.5; it must be a whole number of at least 1"},
		{"no settings", `{"schema":1,"app":"a","generation":1}`, `no key "settings"`},
		{"null settings", `{"schema":1,"app":"a","generation":1,"settings":null}`, "settings is null; give it a value or leave the key out"},
		{"settings as a list", `{"schema":1,"app":"a","generation":1,"settings":[]}`, "settings: it is []; it must be an object"},
		{"reason as a number", with(`"reason":7`), "reason is 7; it must be a string"},
		{"time in words", with(`"time":"yesterday"`), `time is "yesterday"; it must be a time such as "2026-11-23T03:20:00Z"`},
		{"time before the year 0", with(`"time":"0000-01-01T00:00:00+23:59"`), "time is in the year -1"},

		{"unknown setting", set(`"producer.linger":5`), `unknown setting "producer.linger": check its spelling`},
		{"setting in capitals", set(`"Producer.linger.ms":5`), `unknown setting "Producer.linger.ms"`},
		{"null value", set(`"producer.linger.ms":null`), "producer.linger.ms is null; it must be a whole number (milliseconds) from 0 to 5000, without quotes"},
		{"number in quotes", set(`"producer.linger.ms":"5"`), `producer.linger.ms is "5"; it must be a whole number`},
		{"fraction", set(`"producer.linger.ms":5.0`), "producer.linger.ms is 5.0; it must be a whole number"},
		{"too large for any computer", set(`"producer.linger.ms":99999999999999999999`), "producer.linger.ms is 99999999999999999999; it must be"},
		{"number for a word", set(`"producer.acks":1`), "producer.acks is 1; it must be one of the words all, 1"},
		{"no word of the list", set(`"producer.acks":"0"`), `producer.acks is "0", allowed are all, 1`},
		{"too small", set(`"producer.batch.size":1023`), "producer.batch.size is 1023, below its lower limit 1024"},
		{"too large", set(`"producer.linger.ms":5001`), "producer.linger.ms is 5001, above its upper limit 5000"},
		{"long nonsense is cut", set(`"producer.linger.ms":"` + strings.Repeat("ü", 1000) + `"`), "üüü…; it must be"},
		{"broken relation", set(`"producer.retry.backoff.ms":500,"producer.retry.backoff.max.ms":400`), "producer.retry.backoff.max.ms is 400, needed is 500"},

		{"topic without settings", with(`"topics":{"t":{}}`), `topic "t" has no settings; remove the topic`},
		{"topic without a name", with(`"topics":{"":{"producer.linger.ms":1}}`), `topic "": this is no name of a topic`},
		{"topic that Kafka refuses", with(`"topics":{"a/b":{"producer.linger.ms":1}}`), `topic "a/b": this is no name of a topic; use 1 to 249 letters`},
		{"null topic", with(`"topics":{"t":null}`), `topic "t": it is null; it must be an object`},
		{"setting that topics share", with(`"topics":{"t":{"producer.acks":"1"}}`), `topic "t": producer.acks is 1 here, but it can't differ between topics; set it for the whole application`},
		{"value of a topic out of range", with(`"topics":{"t":{"producer.linger.ms":5001}}`), `topic "t": producer.linger.ms is 5001`},
	} {
		t.Run(c.what, func(t *testing.T) {
			d, err := DecodeDocument([]byte(c.text))
			require.ErrorContains(t, err, c.want)
			require.Zero(t, d)
		})
	}
}

func TestAllComplaintsAreGivenAtOnce(t *testing.T) {
	_, err := DecodeDocument([]byte(`{"schema":1,"generation":true,"settings":{"x":1,"producer.acks":1},"extra":0,"topics":{"t":{"y":1}}}`))
	for _, want := range []string{`no key "app"`, "generation is true", `unknown setting "x"`, "producer.acks is 1", `unknown key "extra"`, `topic "t": unknown setting "y"`} {
		require.ErrorContains(t, err, want)
	}
	require.ErrorIs(t, err, ErrUnknownSetting)
}

// The application's linger and timeouts fit together; the topic's longer linger doesn't fit the application's timeouts.
func TestTopicsAreHeldAgainstRelationsOverTheApplicationsSettings(t *testing.T) {
	d := exampleDocument()
	d.Settings = Values{ProducerLingerMs: Number(10), ProducerRequestTimeoutMs: Number(900), ProducerDeliveryTimeoutMs: Number(1000)}
	d.Topics = map[string]Values{"slow": {ProducerLingerMs: Number(101)}, "quick": {ProducerLingerMs: Number(100)}}
	err := d.Validate()
	require.ErrorContains(t, err, `topic "slow": producer.delivery.timeout.ms is 1000, needed is 1001`)
	require.NotContains(t, err.Error(), "quick")

	// What is wrong without the topic is said once.
	d.Settings = d.Settings.With(ProducerLingerMs, Number(200))
	require.Equal(t, 1, strings.Count(d.Validate().Error(), "needed is"))
}

func TestDocumentIsBoundedInSize(t *testing.T) {
	d := exampleDocument()
	d.Topics = map[string]Values{}
	for i := range 2000 {
		d.Topics[fmt.Sprintf("topic-%d", i)] = Values{ProducerLingerMs: Number(2)}
	}
	_, err := d.Encode()
	require.ErrorContains(t, err, "at most 65536 are written; tune fewer topics")

	padded := []byte(example + strings.Repeat(" ", MaxDocumentBytes-len(example)))
	_, err = DecodeDocument(padded)
	require.NoError(t, err)
	_, err = DecodeDocument(append(padded, ' '))
	require.ErrorContains(t, err, "the document has 65537 bytes, at most 65536 are read")
}

func TestEncodeRefusesWhatDecodeWouldRefuse(t *testing.T) {
	for what, spoil := range map[string]func(*Document){
		"schema":            func(d *Document) { d.Schema = 0 },
		"app":               func(d *Document) { d.App = "" },
		"app is no text":    func(d *Document) { d.App = "\xff" },
		"reason is no text": func(d *Document) { d.Reason = "\xff" },
		"generation":        func(d *Document) { d.Generation = 0 },
		"time":              func(d *Document) { d.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"unset value":       func(d *Document) { d.Settings = Values{ProducerLingerMs: {}} },
		"unknown setting":   func(d *Document) { d.Settings = Values{"x": Number(1)} },
		"topic":             func(d *Document) { d.Topics = map[string]Values{"..": {ProducerLingerMs: Number(1)}} },
		"long name": func(d *Document) {
			d.Topics = map[string]Values{strings.Repeat("a", 250): {ProducerLingerMs: Number(1)}}
		},
		"setting of no topic": func(d *Document) { d.Topics = map[string]Values{"t": {ProducerBufferMemory: Number(1 << 20)}} },
	} {
		t.Run(what, func(t *testing.T) {
			d := exampleDocument()
			spoil(&d)
			_, err := d.Encode()
			require.Error(t, err)
		})
	}
}

func TestEncodeLeavesOutWhatSaysNothing(t *testing.T) {
	local := time.FixedZone("CET", 3600)
	d := Document{Schema: 1, App: "a", Generation: 1, Topics: map[string]Values{"t": {}, "u": nil}, Time: time.Date(2026, 11, 23, 4, 20, 0, 0, local)}
	data, err := d.Encode()
	require.NoError(t, err)
	requireText(t, `{"schema":1,"app":"a","generation":1,"settings":{},"time":"2026-11-23T03:20:00Z"}`, data)
	require.Len(t, d.Topics, 2, "the document itself is not touched")
}

// The list of keys that are read and the fields that are written must not drift apart.
func TestEveryKeyThatIsWrittenIsRead(t *testing.T) {
	var written map[string]any
	require.NoError(t, json.Unmarshal([]byte(example), &written))
	var d Document
	require.Len(t, d.keys(), len(written))
	for _, k := range d.keys() {
		require.Contains(t, written, k.name)
	}
}

func TestForLaysTheTopicOverTheApplication(t *testing.T) {
	d := exampleDocument()
	require.Equal(t, Number(2), d.For("hunt.commands")[ProducerLingerMs])
	require.Equal(t, Word("lz4"), d.For("hunt.commands")[ProducerCompressionType])
	require.Equal(t, Number(20), d.For("hunt.events")[ProducerLingerMs])
}

func TestSameValuesWhateverTheGeneration(t *testing.T) {
	a, b := exampleDocument(), exampleDocument()
	b.Generation, b.Reason, b.Decision = 43, "taken back", "01JE"
	require.True(t, a.SameValues(b))
	for _, spoil := range []func(*Document){
		func(d *Document) { d.Settings = d.Settings.With(ProducerLingerMs, Number(21)) },
		func(d *Document) { d.Topics = nil },
		func(d *Document) { d.Topics = map[string]Values{"hunt.events": {ProducerLingerMs: Number(2)}} },
		func(d *Document) { d.Topics = map[string]Values{"hunt.commands": {ProducerLingerMs: Number(3)}} },
	} {
		b := exampleDocument()
		spoil(&b)
		require.False(t, a.SameValues(b))
		require.False(t, b.SameValues(a))
	}
}

func TestAnyValidDocumentSurvivesEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawDocument(t)
		if d.Validate() != nil {
			t.Skip("a relation is broken")
		}
		data, err := d.Encode()
		require.NoError(t, err)
		back, err := DecodeDocument(data)
		require.NoError(t, err)
		require.Equal(t, d, back)
	})
}

// requireText compares byte for byte, since equal JSON is not enough for what is compared and stored as bytes.
func requireText(t *testing.T, want string, got []byte, why ...any) {
	t.Helper()
	require.Equal(t, want, string(got), why...)
}

func drawDocument(t *rapid.T) Document {
	d := Document{
		Schema: SchemaVersion, App: rapid.StringN(1, 20, 40).Draw(t, "app"), Generation: rapid.Int64Min(1).Draw(t, "generation"),
		Settings: drawValues(t, "settings"), Decision: rapid.String().Draw(t, "decision"), Reason: rapid.String().Draw(t, "reason"),
		Time: time.Unix(rapid.Int64Range(0, 1<<33).Draw(t, "time"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC(),
	}
	for _, topic := range rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z][A-Za-z0-9._-]{0,30}`), 0, 3, rapid.ID[string]).Draw(t, "topics") {
		row := rapid.SampledFrom(All()).Filter(func(s Setting) bool { return s.PerTopic }).Draw(t, "topic's setting")
		if d.Topics == nil {
			d.Topics = map[string]Values{}
		}
		d.Topics[topic] = Values{row.Name: drawValue(t, row)}
	}
	return d
}
