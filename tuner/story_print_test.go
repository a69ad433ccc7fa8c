package tuner_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// ticks runs one tick, or as many as the argument says (a number, or a time). Of ticks in a row with the same reason
// the first is printed.
func (s *story) ticks(t *testing.T, args []string) string {
	n := 1
	if len(args) > 0 {
		if d, err := time.ParseDuration(args[0]); err == nil {
			n = int(d / s.cfg.Interval)
		} else {
			n = int(float(t, args[0]))
		}
	}
	var b strings.Builder
	var last tuner.Reason
	repeated := 0
	flush := func() {
		if repeated > 0 {
			fmt.Fprintf(&b, "      … %d more\n", repeated)
		}
		repeated = 0
	}
	for range n {
		now := s.in.Now.Sub(begin())
		d := s.step(t)
		if d.Reason == last && !d.Changes() {
			repeated++
			continue
		}
		flush()
		last = d.Reason
		fmt.Fprintf(&b, "%02d:%02d %s\n", int(now.Minutes()), int(now.Seconds())%60, d)
	}
	flush()
	return b.String()
}

// show prints the named fields of the state's JSON.
func (s *story) show(t *testing.T, names []string) string {
	data, err := tuner.EncodeState(s.state)
	require.NoError(t, err)
	var all map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(data, &all))
	var b strings.Builder
	for _, n := range names {
		v := string(all[n])
		if v == "" {
			v = "absent"
		}
		fmt.Fprintf(&b, "%s: %s\n", n, v)
	}
	return b.String()
}

func bound(t *testing.T, named map[string]string) settings.Bound {
	var b settings.Bound
	if v, ok := named["min"]; ok {
		x := int64(float(t, v))
		b.Min = &x
	}
	if v, ok := named["max"]; ok {
		x := int64(float(t, v))
		b.Max = &x
	}
	if v, ok := named["allowed"]; ok {
		b.Allowed = strings.Split(v, ",")
	}
	return b
}

func value(name, s string) settings.Value {
	row, _ := settings.Lookup(settings.Name(name))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && row.Kind != settings.Enum {
		return settings.Number(n)
	}
	return settings.Word(s)
}

func float(t *testing.T, s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	require.NoError(t, err)
	return x
}

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	require.NoError(t, err)
	return d
}

// exclude adds hours to the calendar: from=03:00 to=05:00 day=1, where 1 is Monday.
func (s *story) exclude(t *testing.T, named map[string]string) {
	var h tuner.Hours
	for key, to := range map[string]*time.Duration{"from": &h.From, "to": &h.To} {
		at, err := time.Parse("15:04", named[key])
		require.NoError(t, err)
		*to = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	}
	if day, ok := named["day"]; ok {
		h.Days = []time.Weekday{time.Weekday(int(float(t, day)))}
	}
	s.cfg.NoOptimize = append(s.cfg.NoOptimize, h)
}
