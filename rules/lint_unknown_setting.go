package rules

import (
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/veltrix/veltrix/settings"
)

// unknownSetting finds a selector of a setting that doesn't exist.
func (l *linter) unknownSetting(e expression) {
	selectors(e.root, func(vs *parser.VectorSelector) {
		if !strings.HasPrefix(metricName(vs), "veltrix_setting") {
			return
		}
		for _, m := range vs.LabelMatchers {
			if m.Name != "setting" || m.Type != labels.MatchEqual {
				continue
			}
			if _, ok := settings.Lookup(settings.Name(m.Value)); !ok && m.Value != "document" {
				l.complain(Error, "promql/unknown-setting", l.part(e, vs), "%q is no setting; %s", m.Value, Suggest(m.Value, known()))
			}
		}
	})
}
