package dashboards_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/dashboards"
)

// shipped is a dashboard as it lies in the repository: the bytes, loosely decoded, and strictly.
type shipped struct {
	file  string
	raw   []byte
	loose map[string]any
	dashboard.Dashboard
}

// files reads every dashboard from its file, strictly: an unknown or missing field fails.
func files(t *testing.T) []shipped {
	t.Helper()
	plugins.RegisterDefaultPlugins()
	names, err := filepath.Glob(filepath.Join(dashboards.Folder, "*.json"))
	require.NoError(t, err)
	require.Len(t, names, 2)
	all := make([]shipped, len(names))
	for i, name := range names {
		all[i] = read(t, name)
	}
	return all
}

func read(t *testing.T, name string) shipped {
	t.Helper()
	s := shipped{file: name}
	var err error
	s.raw, err = os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(s.raw, &s.loose))
	require.NoError(t, s.UnmarshalJSONStrict(withoutExtras(t, s.raw)), name)
	require.NoError(t, s.Validate())
	return s
}

// withoutExtras drops what Grafana reads and the schema doesn't have; see dashboards.Encode.
func withoutExtras(t *testing.T, raw []byte) []byte {
	t.Helper()
	var file map[string]any
	require.NoError(t, json.Unmarshal(raw, &file))
	for k := range file {
		if strings.HasPrefix(k, "__") {
			delete(file, k)
		}
	}
	for _, a := range file["annotations"].(map[string]any)["list"].([]any) {
		for _, k := range []string{"titleFormat", "textFormat", "tagKeys"} {
			delete(a.(map[string]any), k)
		}
	}
	out, err := json.Marshal(file)
	require.NoError(t, err)
	return out
}

// panels returns the panels without rows.
func (s shipped) panels() []dashboard.Panel {
	var all []dashboard.Panel
	for _, p := range s.Panels {
		if p.Panel != nil {
			all = append(all, *p.Panel)
		}
	}
	return all
}

func targets(p dashboard.Panel) []prometheus.Dataquery {
	var all []prometheus.Dataquery
	for _, q := range p.Targets {
		switch q := q.(type) {
		case prometheus.Dataquery:
			all = append(all, q)
		case *prometheus.Dataquery:
			all = append(all, *q)
		}
	}
	return all
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(v))
	return b.String()
}
