package ruletest

import "regexp"

// Case is what one test has come to.
type Case struct {
	File     string  `json:"file"`
	Name     string  `json:"name"`
	Failures []Check `json:"failures"`
	// Met are the expectations that were met; only with Options.Debug.
	Met []Check `json:"met,omitempty"`
}

// Report is what a file's tests have come to.
type Report struct {
	Cases    []Case   `json:"cases"`
	Coverage Coverage `json:"coverage"`
}

// Failed is the number of expectations that were not met.
func (r *Report) Failed() int {
	n := 0
	for i := range r.Cases {
		n += len(r.Cases[i].Failures)
	}
	return n
}

// Options say what of a file is run, and what is kept.
type Options struct {
	// Run selects tests by their names; all of them if it is nil.
	Run *regexp.Regexp
	// Debug keeps the evaluations behind expectations that were met, too.
	Debug bool
}

func (o Options) selects(t *Test) bool { return o.Run == nil || o.Run.MatchString(t.Name) }
