package settings

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTableIsSound(t *testing.T) {
	require.NoError(t, checkTable(All()))
	require.NoError(t, checkRelations(Relations()))
	require.NoError(t, Defaults().Validate(), "the defaults together must be a configuration that works")
}

func TestEveryRowIsFoundByItsName(t *testing.T) {
	for _, row := range All() {
		found, ok := Lookup(row.Name)
		require.True(t, ok)
		require.Equal(t, row, found)
	}
	_, ok := Lookup("producer.linger")
	require.False(t, ok)
}

// A newcomer adds a row and nothing else; these are the mistakes that are caught for them.
func TestNonsenseInARowIsCaught(t *testing.T) {
	number := Setting{
		Name: "producer.example.ms", Kind: Milliseconds, Default: Number(5), Min: 1, Max: 10, Factor: 2,
		Class: Latency, Applies: NextBatch, Safer: Down, Why: "an example",
	}
	enum := Setting{
		Name: "producer.example", Kind: Enum, Default: Word("a"), Enum: []string{"a", "b"},
		Class: Cost, Applies: NextBatch, Safer: Down, Why: "an example",
	}
	require.NoError(t, checkTable([]Setting{number, enum}))

	for _, c := range []struct {
		mistake string
		row     Setting
		spoil   func(*Setting)
		want    string
	}{
		{"no name", number, func(s *Setting) { s.Name = "" }, "its name must begin with"},
		{"no client in front", number, func(s *Setting) { s.Name = "linger.ms" }, "its name must begin with"},
		{"upper case", number, func(s *Setting) { s.Name = "producer.Linger" }, "its name must begin with"},
		{"unknown kind", number, func(s *Setting) { s.Kind = "seconds" }, `kind "seconds"`},
		{"unknown class", number, func(s *Setting) { s.Class = "speed" }, `class "speed"`},
		{"unknown moment", number, func(s *Setting) { s.Applies = "soon" }, `applies "soon"`},
		{"no direction", number, func(s *Setting) { s.Safer = 0 }, "neither up nor down"},
		{"no reason", number, func(s *Setting) { s.Why = " " }, "gives no reason"},
		{"reason of two lines", number, func(s *Setting) { s.Why = "a\nb" }, "one line"},
		{"bounds the wrong way round", number, func(s *Setting) { s.Min, s.Max = 10, 1 }, "no room between 10 and 1"},
		{"negative bound", number, func(s *Setting) { s.Min = -1 }, "below 0"},
		{"default below the bounds", number, func(s *Setting) { s.Default = Number(0) }, "lower limit 1"},
		{"default above the bounds", number, func(s *Setting) { s.Default = Number(11) }, "upper limit 10"},
		{"default of the wrong kind", number, func(s *Setting) { s.Default = Word("5") }, "whole number"},
		{"no default", number, func(s *Setting) { s.Default = Value{} }, "no default"},
		{"step that goes nowhere", number, func(s *Setting) { s.Factor = 1 }, "factor 1"},
		{"words for a number", number, func(s *Setting) { s.Enum = []string{"a", "b"} }, "words beside its bounds"},
		{"enum of one word", enum, func(s *Setting) { s.Enum = []string{"a"} }, "at least two words"},
		{"enum with a word twice", enum, func(s *Setting) { s.Enum = []string{"a", "b", "a"} }, "stands twice"},
		{"default that is no word of the enum", enum, func(s *Setting) { s.Default = Word("c") }, "allowed are a, b"},
		{"bounds for an enum", enum, func(s *Setting) { s.Max = 1 }, "bounds beside its words"},
		{"factor for an enum", enum, func(s *Setting) { s.Factor = 2 }, "bounds beside its words"},
		{"durability whose safer side is the weaker", enum, func(s *Setting) { s.Class, s.Safer = Durability, Up }, "strongest first"},
	} {
		t.Run(c.mistake, func(t *testing.T) {
			row := c.row
			row.Enum = slices.Clone(row.Enum)
			c.spoil(&row)
			require.ErrorContains(t, checkTable([]Setting{row}), c.want)
		})
	}
	require.ErrorContains(t, checkTable([]Setting{number, number}), "stands there twice")
}

func TestNonsenseInARelationIsCaught(t *testing.T) {
	for mistake, r := range map[string]Relation{
		"unknown setting":     {Most: "producer.x", Sum: []Name{ProducerLingerMs}, Times: 1, Why: "why"},
		"no sum":              {Most: ProducerLingerMs, Times: 1, Why: "why"},
		"a sum of nothing":    {Most: ProducerLingerMs, Sum: []Name{ProducerMaxBlockMs}, Why: "why"},
		"two units":           {Most: ProducerLingerMs, Sum: []Name{ProducerBatchSize}, Times: 1, Why: "why"},
		"words":               {Most: ProducerAcks, Sum: []Name{ProducerAcks}, Times: 1, Why: "why"},
		"no reason":           {Most: ProducerMaxBlockMs, Sum: []Name{ProducerLingerMs}, Times: 1},
		"can never be obeyed": {Most: ProducerLingerMs, Sum: []Name{ProducerRequestTimeoutMs}, Times: 51, Why: "100 ms × 51 is above 5 s"},
	} {
		t.Run(mistake, func(t *testing.T) {
			require.Error(t, checkRelations([]Relation{r}))
		})
	}
}

// checkTable says what is wrong with the rows of a table of settings.
func checkTable(rows []Setting) error {
	var errs []error
	seen := map[Name]bool{}
	for _, s := range rows {
		if seen[s.Name] {
			errs = append(errs, fmt.Errorf("%s stands there twice", s.Name))
		}
		seen[s.Name] = true
		for _, err := range append(checkWords(s), checkRange(s)...) {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, err))
		}
	}
	return errors.Join(errs...)
}

func checkWords(s Setting) []error {
	var errs []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	client, rest, _ := strings.Cut(string(s.Name), ".")
	complain(!slices.Contains([]string{"producer", "consumer", "broker"}, client) || rest == "" || strings.ToLower(rest) != rest,
		"its name must begin with producer., consumer. or broker. and go on as Kafka's does")
	complain(!slices.Contains([]Class{Latency, Cost, Durability, Timeout, Memory, DurabilityNeutral, Group, Broker}, s.Class), "class %q is none of the classes", s.Class)
	complain(!slices.Contains([]Applies{NextBatch, NextRequest, NextRecord, NextRetry, AtOnce, NextFetch, NextCommit, Rejoin, AlterConfig}, s.Applies),
		"applies %q is none of the moments", s.Applies)
	complain(s.Safer != Up && s.Safer != Down, "its safer direction is neither up nor down")
	complain(strings.TrimSpace(s.Why) == "", "it gives no reason for its bounds")
	complain(strings.Contains(s.Why, "\n"), "its reason must be one line")
	complain(s.Class == Durability && s.Safer != Down, "a durability setting lists the strongest first, so down is its safer direction")
	complain(!s.Default.IsSet() && s.Class != Broker, "it has no default; only the broker's settings may have none")
	return errs
}

func checkRange(s Setting) []error {
	var errs []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	switch s.Kind {
	case Enum:
		complain(len(s.Enum) < 2, "an enum needs at least two words")
		complain(s.Min != 0 || s.Max != 0 || s.Factor != 0, "an enum has bounds beside its words")
		words := slices.Sorted(slices.Values(s.Enum))
		complain(len(slices.Compact(words)) != len(s.Enum), "a word of the enum stands twice")
	case Milliseconds, Bytes, Count:
		complain(s.Min >= s.Max, "there is no room between %d and %d", s.Min, s.Max)
		complain(s.Min < 0, "it may fall below 0")
		complain(s.Factor <= 1, "factor %g moves nothing", s.Factor)
		complain(len(s.Enum) > 0, "a number has words beside its bounds")
	default:
		complain(true, "kind %q is none of the kinds", s.Kind)
	}
	if s.Default.IsSet() {
		if err := s.checkHard(s.Default); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

func checkRelations(relations []Relation) error {
	var errs []error
	for _, r := range relations {
		errs = append(errs, checkRelationRow(r))
	}
	return errors.Join(errs...)
}

func checkRelationRow(r Relation) error {
	most, ok := Lookup(r.Most)
	if !ok || most.Kind == Enum || len(r.Sum) == 0 || r.Times < 1 || r.Why == "" {
		return fmt.Errorf("%s: it needs known numbers on both sides, a factor of at least 1 and a reason", r)
	}
	least := int64(0)
	for _, n := range r.Sum {
		s, ok := Lookup(n)
		if !ok || s.Kind != most.Kind {
			return fmt.Errorf("%s: %s is unknown or has another unit", r, n)
		}
		least += s.Min
	}
	if least*r.Times > most.Max {
		return fmt.Errorf("%s: no values within the bounds obey it", r)
	}
	return nil
}
