package engine

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/engine/hunt"
)

// The OpenAPI document has every route and no other, and names every reason of a refusal.
func TestEveryRouteIsInTheOpenAPIDocument(t *testing.T) {
	var document struct {
		Paths      map[string]map[string]struct{ Responses map[string]any }
		Components struct {
			Schemas struct {
				Problem struct {
					Properties struct{ Reason struct{ Enum []hunt.Reason } }
				} `yaml:"Problem"`
			}
		}
	}
	require.NoError(t, yaml.Unmarshal(openAPI, &document))
	documented := map[string]bool{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			require.NotEmpty(t, operation.Responses, path)
			documented[strings.ToUpper(method)+" "+path] = true
		}
	}
	served := map[string]bool{"GET /v1/hunts/{id}/events": true, "GET /openapi.yaml": true, "GET /-/healthy": true, "GET /-/ready": true}
	for _, r := range (&Engine{}).routes() {
		served[r.method+" "+r.path] = true
	}
	require.Equal(t, served, documented)
	require.ElementsMatch(t, []hunt.Reason{
		hunt.NoHunt, hunt.NoPlayer, hunt.NoTreasure, hunt.HuntExists, hunt.NotStarted, hunt.Over, hunt.NoAttempts, hunt.BadPlan, hunt.IDReused, hunt.Unknown,
	}, document.Components.Schemas.Problem.Properties.Reason.Enum)
}
