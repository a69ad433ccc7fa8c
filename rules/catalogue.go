package rules

import (
	_ "embed"
	"slices"
	"strings"
)

//go:generate env REWRITE_CATALOGUE=1 go test ../cmd/veltrixctl -run TestTheCatalogue

// catalogueText lists what the live client, the engine and the sidecar export: for each metric its type, its labels that every
// series has with one value, and its other labels. It is written from their registries.
//
//go:embed catalogue.txt
var catalogueText string

// kind is the type of a metric.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// metric is one that Veltrix exports.
type metric struct {
	kind kind
	// fixed are labels that tell clients apart, labels those that tell the series of one client apart.
	fixed, labels []string
}

// has says whether each series of the metric has the label. Labels of the target, such as job, are not the metric's.
func (m metric) has(label string) bool {
	return slices.Contains(m.fixed, label) || slices.Contains(m.labels, label)
}

// catalogue reads the list.
func catalogue() map[string]metric {
	known := map[string]metric{}
	for line := range strings.Lines(catalogueText) {
		words := strings.Fields(line)
		if len(words) != 4 || strings.HasPrefix(line, "#") {
			continue
		}
		known[words[1]] = metric{kind(words[0]), labelList(words[2]), labelList(words[3])}
	}
	return known
}

func labelList(word string) []string {
	if word == "-" {
		return nil
	}
	return strings.Split(word, ",")
}

// lookup returns the metric that a series belongs to, by the series' name. The buckets, sum and count of a histogram are
// counters.
func lookup(known map[string]metric, name string) (metric, bool) {
	if m, ok := known[name]; ok {
		return m, true
	}
	for _, suffix := range []string{"_bucket", "_sum", "_count"} {
		base, ok := strings.CutSuffix(name, suffix)
		if m := known[base]; ok && m.kind == histogram {
			m.kind = counter
			if suffix == "_bucket" {
				m.labels = append(slices.Clone(m.labels), "le")
			}
			return m, true
		}
	}
	return metric{}, false
}

// family is the beginning of the names of metrics that share a vocabulary of labels.
func family(name string) string {
	for _, prefix := range families() {
		if strings.HasPrefix(name, prefix) {
			return prefix
		}
	}
	return ""
}

func families() []string {
	return []string{"kafka_producer_", "kafka_consumer_", "veltrix_", "hunt_"}
}
