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
	code, out, _ := try("--config.file=veltrix.example.yml", "--config.check")
	require.Equal(t, process.ExitOK, code)
	require.Equal(t, "veltrix.example.yml is fine: application hunt-engine, mode shadow\n", out)
}

// What is wrong is said before anything is started, with the place and what to do.
func TestWhatIsWrongIsSaidAtTheStart(t *testing.T) {
	good, err := os.ReadFile("veltrix.example.yml")
	require.NoError(t, err)
	for name, c := range map[string]struct{ from, to, want string }{
		"an unknown key":       {"interval: 5s", "intervall: 5s", "line 7: field intervall not found"},
		"a missing file":       {"- pack:kafka-producer", "- rules/*.yml", `"rules/*.yml" matches no file`},
		"an unknown pack":      {"pack:kafka-producer", "pack:kafka", `there is no pack "kafka"`},
		"an impossible bound":  {"{min: 0, max: 100}", "{min: 200, max: 100}", "producer.linger.ms leave no value"},
		"a bad expression":     {"load: sum(", "load: sum((", "load: expression"},
		"a foreign selector":   {`{outcome="timeout"}`, `{job="x"}`, "nothing would ever match"},
		"no address":           {"url: http://prometheus:9090", "url: prometheus", "prometheus.url"},
		"an unknown setting":   {"producer.acks: all", "producer.ackz: all", `unknown setting "producer.ackz"`},
		"a durability of zero": {"producer.acks: all", "producer.acks: 0", "producer.acks is 0; it must be one of the words all, 1"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "veltrix.yml")
			require.Contains(t, string(good), c.from)
			require.NoError(t, os.WriteFile(file, bytes.Replace(good, []byte(c.from), []byte(c.to), 1), 0o600))
			code, _, stderr := try("--config.file="+file, "--config.check")
			require.Equal(t, process.ExitUsage, code)
			require.Contains(t, stderr, c.want)
		})
	}
}

func TestChangingHoldsOverTheNetworkNeedsAuthentication(t *testing.T) {
	code, _, stderr := try("--config.file=veltrix.example.yml", "--web.enable-admin-api", "--web.listen-address=0.0.0.0:9190")
	require.Equal(t, process.ExitUsage, code)
	require.Contains(t, stderr, "needs --web.config.file")
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
