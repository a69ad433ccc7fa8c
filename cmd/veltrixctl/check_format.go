package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/veltrix/veltrix/rules"
)

// checkFormats are the ways to write what was found.
func checkFormats() []string { return []string{"text", "json", "github", "checkstyle"} }

func (r *checkReport) write(out io.Writer, format string) error {
	switch format {
	case "json":
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	case "github":
		return r.writeGitHub(out)
	case "checkstyle":
		return r.writeCheckstyle(out)
	}
	return r.writeText(out)
}

func (r *checkReport) writeText(out io.Writer) error {
	var b strings.Builder
	for _, p := range r.Problems {
		b.WriteString(p.Error() + "\n\n")
	}
	fmt.Fprintf(&b, "%s in %s: %s\n", plural(r.Rules, "rule"), plural(r.Files, "file"), r.summary())
	_, err := io.WriteString(out, b.String())
	return err
}

// writeGitHub writes workflow commands, which GitHub shows at the lines of a pull request.
func (r *checkReport) writeGitHub(out io.Writer) error {
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	message := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	var b strings.Builder
	for _, p := range r.Problems {
		place := "file=" + property.Replace(p.File)
		if p.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d", p.Line, p.Column)
		}
		fmt.Fprintf(&b, "::%s %s,title=%s::%s\n", level(p), place, property.Replace(source(p)), message.Replace(p.Message))
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// level is the severity in the words of other programs: what is invalid is an error.
func level(p rules.Problem) string {
	if p.Severity == rules.Warning {
		return "warning"
	}
	return "error"
}

// source names the lint that complains.
func source(p rules.Problem) string {
	if p.ID == "" {
		return "invalid"
	}
	return p.ID
}

// checkstyle is the report that many build servers read.
type checkstyle struct {
	XMLName xml.Name         `xml:"checkstyle"`
	Version string           `xml:"version,attr"`
	Files   []checkstyleFile `xml:"file"`
}

type checkstyleFile struct {
	Name   string            `xml:"name,attr"`
	Errors []checkstyleError `xml:"error"`
}

type checkstyleError struct {
	Line     int    `xml:"line,attr"`
	Column   int    `xml:"column,attr"`
	Severity string `xml:"severity,attr"`
	Message  string `xml:"message,attr"`
	Source   string `xml:"source,attr"`
}

func (r *checkReport) writeCheckstyle(out io.Writer) error {
	report := checkstyle{Version: "4.3"}
	at := map[string]int{} // a file's place in the report
	for _, p := range r.Problems {
		i, ok := at[p.File]
		if !ok {
			i = len(report.Files)
			at[p.File] = i
			report.Files = append(report.Files, checkstyleFile{Name: p.File})
		}
		report.Files[i].Errors = append(report.Files[i].Errors, checkstyleError{
			Line: p.Line, Column: p.Column, Severity: level(p), Message: p.Message, Source: "veltrix." + source(p),
		})
	}
	text, err := xml.MarshalIndent(report, "", "  ")
	if err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err = fmt.Fprintf(out, "%s%s\n", xml.Header, text)
	return err
}
