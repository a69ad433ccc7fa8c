package tuner_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

//nolint:gochecknoglobals // a flag of the test binary
var rewrite = flag.Bool("rewrite", false, "rewrite the expectations of testdata/*.txt; commit them only if every change is understood and wanted")

// TestStories runs testdata/*.txt: prose, commands, and after ---- what they print, up to a blank line. The commands
// are the cases of story.run.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			told := tell(t, string(data))
			if *rewrite {
				require.NoError(t, os.WriteFile(file, []byte(told), 0o600))
				return
			}
			require.Equal(t, string(data), told)
		})
	}
}

// tell runs a story and returns its text with what the commands printed.
func tell(t *testing.T, text string) string {
	s := &story{loop: newLoop()}
	s.sparse = true
	var told, printed strings.Builder
	expecting := false
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case expecting && line != "":
			continue
		case expecting:
			expecting = false
		case line == "----":
			expecting = true
			told.WriteString("----\n" + printed.String())
			printed.Reset()
			continue
		case line != "" && !strings.HasPrefix(line, "#"):
			printed.WriteString(s.run(t, line))
		}
		told.WriteString(line + "\n")
	}
	require.Empty(t, printed.String(), "a command printed something that no ---- expects")
	return told.String()
}

type story struct{ *loop }

// command is one line: a word, bare arguments, and key=value ones.
type command struct {
	bare  []string
	named map[string]string
}

func parse(line string) command {
	c := command{named: map[string]string{}}
	for _, field := range fields(line) {
		if key, value, ok := strings.Cut(field, "="); ok {
			c.named[key] = value
			continue
		}
		c.bare = append(c.bare, field)
	}
	return c
}

// fields splits at spaces outside quotes.
func fields(line string) []string {
	quoted := false
	split := strings.FieldsFunc(line, func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return r == ' ' && !quoted
	})
	for i := range split {
		split[i] = strings.ReplaceAll(split[i], `"`, "")
	}
	return split
}

// run executes one command and returns what it prints.
func (s *story) run(t *testing.T, line string) string {
	c := parse(line)
	word, args := c.bare[0], c.bare[1:]
	switch word {
	case "config":
		s.configure(t, c.named)
	case "exclude":
		s.exclude(t, c.named)
	case "objective", "bound", "pin":
		s.declare(t, word, args, c.named)
	case "fleet", "leave", "slow", "quick", "strict", "effective":
		s.people(t, word, args, c.named)
	case "load", "goal", "read", "blind":
		s.see(t, word, args)
	case "rule", "action", "clear", "revert":
		s.rule(t, word, args[0], c.named)
	case "write", "delete", "unreadable", "readable", "hold", "release", "clock":
		s.operate(t, word, args, c.named)
	case "tick":
		return s.ticks(t, args)
	case "document":
		return asJSON(t, s.document) + "\n"
	case "state":
		return s.show(t, args)
	default:
		require.Fail(t, "unknown command", line)
	}
	return ""
}

func (s *story) configure(t *testing.T, named map[string]string) {
	data, err := json.Marshal(s.cfg)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(data, &fields))
	for key, value := range named {
		if d, err := time.ParseDuration(value); err == nil {
			fields[key] = d
		} else if n, err := strconv.ParseFloat(value, 64); err == nil {
			fields[key] = n
		} else {
			fields[key] = value
		}
	}
	data, err = json.Marshal(fields)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &s.cfg))
}

func (s *story) declare(t *testing.T, word string, args []string, named map[string]string) {
	switch name := args[0]; word {
	case "objective":
		o := tuner.Objective{Name: name}
		if v, ok := named["max"]; ok {
			x := float(t, v)
			o.Max = &x
		}
		if v, ok := named["min"]; ok {
			x := float(t, v)
			o.Min = &x
		}
		if v, ok := named["ceiling"]; ok {
			o.Ceiling = float(t, v)
		}
		s.cfg.Objectives = append(s.cfg.Objectives, o)
	case "bound":
		if s.cfg.Bounds == nil {
			s.cfg.Bounds = settings.Bounds{}
		}
		s.cfg.Bounds[settings.Name(name)] = bound(t, named)
	case "pin":
		s.cfg.Pins = s.cfg.Pins.With(settings.Name(name), value(name, args[1]))
	}
}

func (s *story) people(t *testing.T, word string, args []string, named map[string]string) {
	if word == "fleet" {
		s.in.Fleet = nil
	}
	for _, id := range args {
		switch word {
		case "fleet", "effective":
			for name, v := range named {
				r := s.instance(id)
				r.Effective = r.Effective.With(settings.Name(name), value(name, v))
			}
			s.instance(id)
		case "leave":
			for i := range s.in.Fleet {
				if s.in.Fleet[i].ID == id {
					s.in.Fleet = append(s.in.Fleet[:i:i], s.in.Fleet[i+1:]...)
					break
				}
			}
		case "slow":
			s.slow[id] = true
		case "quick":
			delete(s.slow, id)
		case "strict":
			require.Contains(t, named, "refuses")
			s.strict[id] = settings.Name(named["refuses"])
		}
	}
}

func (s *story) see(t *testing.T, word string, args []string) {
	switch word {
	case "goal":
		s.in.Goal = tuner.Reading{Value: float(t, args[0]), OK: true}
	case "load":
		s.in.Load = tuner.Reading{Value: float(t, args[0]), OK: true}
	case "read":
		s.in.Objectives[args[0]] = tuner.Reading{Value: float(t, args[1]), OK: true}
	case "blind":
		r := tuner.Reading{Why: strings.Join(args[1:], " ")}
		switch args[0] {
		case "goal":
			s.in.Goal = r
		case "load":
			s.in.Load = r
		default:
			s.in.Objectives[args[0]] = r
		}
	}
}

func (s *story) rule(t *testing.T, word, name string, named map[string]string) {
	switch word {
	case "clear":
		for i := range s.in.Signals {
			if s.in.Signals[i].Rule == name {
				s.in.Signals = append(s.in.Signals[:i:i], s.in.Signals[i+1:]...)
				return
			}
		}
		require.Fail(t, "no such rule", name)
	case "revert":
		s.signal(name).Revert = true
		return
	case "rule":
		r := s.signal(name)
		*r = tuner.Signal{
			Rule: name, Group: "test", Class: tuner.Class(named["class"]), Mode: tuner.ModeEnforce, Value: 1, Blocked: named["blocked"],
		}
		if m, ok := named["mode"]; ok {
			r.Mode = tuner.Mode(m)
		}
		if p, ok := named["priority"]; ok {
			r.Priority = int(float(t, p))
		}
	}
	r := s.signal(name)
	if set, ok := named["set"]; ok {
		a := tuner.Action{
			Set: settings.Name(set), Topic: named["topic"], Op: tuner.Op(named["op"]), Word: named["word"],
			Bound: bound(t, named), Blind: named["unseen"] != "",
		}
		if v, ok := named["operand"]; ok {
			a.Operand = float(t, v)
		}
		r.Actions = append(r.Actions, a)
	}
}

func (s *story) operate(t *testing.T, word string, args []string, named map[string]string) {
	switch word {
	case "write":
		s.document.Schema, s.document.App = settings.SchemaVersion, s.cfg.App
		s.document.Generation = max(s.document.Generation, s.highest) + 1
		s.highest = s.document.Generation
		for name, v := range named {
			s.document.Settings = s.document.Settings.With(settings.Name(name), value(name, v))
		}
	case "delete":
		s.document = settings.Document{}
	case "unreadable":
		s.in.DocumentError = strings.Join(args, " ")
	case "readable":
		s.in.DocumentError = ""
	case "hold":
		h := &tuner.Hold{Who: named["who"], Why: named["why"], Since: s.in.Now}
		for _, a := range args {
			h.Settings = append(h.Settings, settings.Name(a))
		}
		if d, ok := named["for"]; ok {
			h.Until = s.in.Now.Add(duration(t, d))
		}
		s.in.Hold = h
	case "release":
		s.in.Hold = nil
	case "clock":
		s.in.Now = s.in.Now.Add(duration(t, args[0]))
	}
}
