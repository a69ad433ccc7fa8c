package main

import (
	"encoding/xml"
	"errors"
	"fmt"
	"os"

	"github.com/prometheus/prometheus/util/junitxml"
)

// writeJUnit writes the results in the form that build servers read, as promtool does: a suite for each file.
func writeJUnit(name string, files []testFile) error {
	var report junitxml.JUnitXML
	for _, f := range files {
		suite := report.Suite(f.name)
		if f.err != nil {
			suite.Abort(f.err)
			continue
		}
		for _, c := range f.report.Cases {
			suite.Case(c.Name)
			for i := range c.Failures {
				suite.Fail(c.Failures[i].String())
			}
		}
	}
	out, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	_, err = out.WriteString(xml.Header)
	if err == nil {
		err = report.WriteXML(out)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("write the JUnit report: %w", err)
	}
	return nil
}
