package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/process"
)

func TestTheExampleIsFine(t *testing.T) {
	code, out, _ := try("--config.file=hunt.example.yml", "--config.check")
	require.Equal(t, process.ExitOK, code)
	require.Contains(t, out, "hunt.example.yml is fine: application hunt-engine")
}

// What is wrong is said before anything is started.
func TestWhatIsWrongIsSaidAtTheStart(t *testing.T) {
	good, err := os.ReadFile("hunt.example.yml")
	require.NoError(t, err)
	for name, c := range map[string]struct{ from, to, want string }{
		"an unknown key":          {"deadline:", "deadlin:", "field deadlin not found"},
		"no brokers":              {"brokers: [localhost:9092]", "brokers: []", "kafka.brokers is missing"},
		"an unknown setting":      {"producer.linger.ms: 5", "producer.linger: 5", `unknown setting "producer.linger"`},
		"a value outside":         {"producer.linger.ms: 5", "producer.linger.ms: 500", "producer.linger.ms"},
		"a bound outside":         {"{max: 200}", "{min: 9000}", "producer.linger.ms"},
		"a floor that isn't one":  {"acks: all", "acks: some", "some"},
		"a second document":       {"kafka:", "---\nkafka:", "there is a second document"},
		"a long deadline":         {"deadline: 1s", "deadline: 30s", "it must be 10ms to 9s"},
		"partitions below none":   {"partitions: 6", "partitions: -6", "must not be negative"},
		"something that isn't it": {"app: hunt-engine", "app: [", "configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "hunt.yml")
			require.Contains(t, string(good), c.from)
			require.NoError(t, os.WriteFile(file, bytes.Replace(good, []byte(c.from), []byte(c.to), 1), 0o600))
			code, _, stderr := try("--config.file="+file, "--config.check")
			require.Equal(t, process.ExitUsage, code)
			require.Contains(t, stderr, c.want)
		})
	}
}

func TestAnUnknownFlagIsAUsageError(t *testing.T) {
	code, _, stderr := try("--nonsense")
	require.Equal(t, process.ExitUsage, code)
	require.Contains(t, stderr, "unknown flag: --nonsense")
}

func try(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(args, &out, &errs)
	return code, out.String(), errs.String()
}
