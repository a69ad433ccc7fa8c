package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/veltrix/veltrix/settings"
)

func TestGeneratedFilesAreFresh(t *testing.T) {
	files, err := generate(settings.All(), settings.Relations())
	require.NoError(t, err)
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join("..", "..", name))
		require.NoError(t, err)
		require.Equal(t, string(want), string(got), "%s is stale: run `go generate ./settings`", name)
	}
}

func TestRunWritesWhatGenerateSays(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "settings")
	require.NoError(t, os.Mkdir(dir, 0o755))
	require.ErrorContains(t, run(dir), "docs", "the directory of the documentation is missing")
	require.NoError(t, os.Mkdir(filepath.Join(root, "docs"), 0o755))
	require.NoError(t, run(dir))
	for _, name := range []string{schemaFile, markdownFile} {
		require.FileExists(t, filepath.Join(dir, name))
	}
}

// A newcomer adds one row; the schema and the page follow without another edit.
func TestOneNewRowIsEnough(t *testing.T) {
	row := settings.Setting{
		Name: "producer.max.request.size", Kind: settings.Bytes, Default: settings.Number(1 << 20), Min: 1 << 10, Max: 1 << 24, Factor: 4,
		Class: settings.Latency, Applies: settings.NextRequest, PerTopic: true, Safer: settings.Up, Why: "one | two",
	}
	files, err := generate(append(slices.Clone(settings.All()), row), settings.Relations())
	require.NoError(t, err)

	page := string(files[markdownFile])
	require.Contains(t, page, "| `producer.max.request.size` | 1 MiB | 1 KiB … 16 MiB | ×4 | latency | next request | yes | up | one \\| two |\n")

	schema := compile(t, files[schemaFile])
	document := func(value string) string {
		return `{"schema":1,"app":"a","generation":1,"settings":{"producer.max.request.size":` + value + `}}`
	}
	require.NoError(t, validate(t, schema, document("1024")))
	require.Error(t, validate(t, schema, document("1023")))
	require.Error(t, validate(t, schema, document(`"1024"`)))
}

func TestAmountsAreWrittenInTheLargestUnitThatDividesThem(t *testing.T) {
	for _, c := range []struct {
		kind settings.Kind
		n    int64
		want string
	}{
		{settings.Bytes, 0, "0 B"},
		{settings.Bytes, 1023, "1023 B"},
		{settings.Bytes, 1 << 10, "1 KiB"},
		{settings.Bytes, 1<<20 + 1<<10, "1025 KiB"},
		{settings.Bytes, 4 << 30, "4 GiB"},
		{settings.Milliseconds, 60000, "60000 ms"},
		{settings.Count, 10000, "10000"},
	} {
		require.Equal(t, c.want, amount(c.kind, c.n))
	}
}

// The published schema and the decoder must be of one opinion, apart from what the schema's description says that no
// schema can express.
func TestSchemaAndDecoderAgree(t *testing.T) {
	files, err := generate(settings.All(), settings.Relations())
	require.NoError(t, err)
	schema := compile(t, files[schemaFile])
	rapid.Check(t, func(t *rapid.T) {
		text := drawDocument(t)
		_, decoded := settings.DecodeDocument([]byte(text))
		validated := validate(t, schema, text)
		if decoded != nil && validated == nil {
			require.True(t, onlyRelations(decoded), "%s\nschema: fine\ndecoder: %v", text, decoded)
		}
		if decoded == nil {
			require.NoError(t, validated, text)
		}
	})
}

// onlyRelations says whether every line of the decoder's complaint is about a rule across settings.
func onlyRelations(err error) bool {
	for line := range strings.Lines(err.Error()) {
		if !strings.Contains(line, "needed is") {
			return false
		}
	}
	return true
}

// drawDocument draws a document that is often fine and often just not.
func drawDocument(t *rapid.T) string {
	parts := []string{
		`"schema":` + rapid.SampledFrom([]string{"1", "1", "1", "1", "2", `"1"`}).Draw(t, "schema"),
		`"app":` + rapid.SampledFrom([]string{`"hunt"`, `"hunt"`, `"hunt"`, `""`, "7", "null"}).Draw(t, "app"),
		`"generation":` + rapid.SampledFrom([]string{"1", "42", "42", "0", "-1", `"1"`, "9223372036854775808"}).Draw(t, "generation"),
		`"settings":` + drawValues(t, "settings"),
	}
	if rapid.Bool().Draw(t, "with topics") {
		topic := rapid.SampledFrom([]string{"hunt.commands", "hunt.commands", "a b", "..", ""}).Draw(t, "topic")
		parts = append(parts, `"topics":{"`+topic+`":`+drawValues(t, "topic's settings")+`}`)
	}
	if rapid.Bool().Draw(t, "with time") {
		parts = append(parts, `"time":`+rapid.SampledFrom([]string{`"2026-11-23T03:20:00Z"`, `"yesterday"`, "7"}).Draw(t, "time"))
	}
	if rapid.IntRange(0, 9).Draw(t, "with stranger") == 0 {
		parts = append(parts, `"Schema":1`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func drawValues(t *rapid.T, label string) string {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(settings.All()), 0, 3, func(s settings.Setting) settings.Name { return s.Name }).Draw(t, label)
	parts := make([]string, 0, len(names)+1)
	for _, s := range names {
		parts = append(parts, `"`+string(s.Name)+`":`+drawValue(t, s))
	}
	if rapid.IntRange(0, 19).Draw(t, "unknown") == 0 {
		parts = append(parts, `"producer.linger":1`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func drawValue(t *rapid.T, s settings.Setting) string {
	if s.Kind == settings.Enum {
		return rapid.SampledFrom([]string{`"` + s.Enum[0] + `"`, `"` + s.Enum[len(s.Enum)-1] + `"`, `"brotli"`, "1", "null"}).Draw(t, "word")
	}
	var around []string
	for _, n := range []int64{s.Min, s.Max, s.Min + 1, s.Max - 1, s.Min - 1, s.Max + 1} {
		around = append(around, settings.Number(n).String())
	}
	return rapid.SampledFrom(append(around, `"5"`, "true", "0.5")).Draw(t, "number")
}

func compile(t require.TestingT, schema []byte) *jsonschema.Schema {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource(schemaID, document))
	compiled, err := c.Compile(schemaID)
	require.NoError(t, err)
	return compiled
}

func validate(t require.TestingT, schema *jsonschema.Schema, text string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	require.NoError(t, err)
	return schema.Validate(value)
}
