package tuner

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Hours are times of the week, in UTC, at which nothing is optimised: a sale, a report at night, an audit.
type Hours struct {
	// Days are the days on which they begin; empty for every day.
	Days []time.Weekday `json:"days,omitempty"`
	// From and To are times since midnight. To is not part of them; where it is not after From, it is the next day's.
	From time.Duration `json:"from"`
	To   time.Duration `json:"to"`
}

const wholeDay = 24 * time.Hour

// hold says whether now lies in the hours.
func (h Hours) hold(now time.Time) bool {
	now = now.UTC()
	midnight := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	at := now.Sub(midnight)
	yesterday := midnight.Add(-wholeDay).Weekday()
	if h.From < h.To {
		return h.on(now.Weekday()) && at >= h.From && at < h.To
	}
	return h.on(now.Weekday()) && at >= h.From || h.on(yesterday) && at < h.To
}

func (h Hours) on(day time.Weekday) bool { return len(h.Days) == 0 || slices.Contains(h.Days, day) }

// excluded says which of the calendar's hours forbid to optimise now. A trial that runs already is judged as always.
func (t *tick) excluded() outcome {
	for _, h := range t.cfg.NoOptimize {
		if h.hold(t.now) {
			return outcome{reason: CalendarExcluded, detail: "nothing is optimised " + h.String()}
		}
	}
	return outcome{}
}

// String writes the hours as "from 08:00 to 18:00 UTC on Monday, Tuesday".
func (h Hours) String() string {
	s := "from " + clockTime(h.From) + " to " + clockTime(h.To) + " UTC"
	if len(h.Days) == 0 {
		return s
	}
	days := make([]string, len(h.Days))
	for i, day := range h.Days {
		days[i] = day.String()
	}
	return s + " on " + strings.Join(days, ", ")
}

func clockTime(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d/time.Hour), int(d%time.Hour/time.Minute))
}

func (h Hours) validate(i int) error {
	switch {
	case h.From < 0 || h.From >= wholeDay || h.To < 0 || h.To > wholeDay:
		return fmt.Errorf("no_optimize %d is from %s to %s: use times of a day, from 0s to 24h", i+1, h.From, h.To)
	case h.From%time.Minute != 0 || h.To%time.Minute != 0:
		return fmt.Errorf("no_optimize %d is from %s to %s: use whole minutes", i+1, h.From, h.To)
	case slices.ContainsFunc(h.Days, func(d time.Weekday) bool { return d < time.Sunday || d > time.Saturday }):
		return fmt.Errorf("no_optimize %d has a day that is none of the week: use 0 (Sunday) to 6 (Saturday)", i+1)
	}
	return nil
}
