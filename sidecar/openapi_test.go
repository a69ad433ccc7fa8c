package sidecar

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The OpenAPI document has every route, and no other.
func TestEveryRouteIsInTheOpenAPIDocument(t *testing.T) {
	var document struct {
		Paths map[string]map[string]struct {
			Summary   string
			Responses map[string]any
		}
	}
	require.NoError(t, yaml.Unmarshal(openAPI, &document))
	documented := map[string]bool{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			require.NotEmpty(t, operation.Summary, path)
			require.NotEmpty(t, operation.Responses, path)
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	served := map[string]bool{}
	s := &Sidecar{gatherer: prometheus.NewRegistry()}
	for pattern := range s.routes() {
		served[strings.TrimSuffix(pattern, "{$}")] = true
	}
	require.Equal(t, served, documented)
}
