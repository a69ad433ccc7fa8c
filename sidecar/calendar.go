package sidecar

import (
	"fmt"
	"strings"
	"time"

	"github.com/veltrix/veltrix/tuner"
)

// clockFormat is how times of the day are written.
const clockFormat = "15:04"

// tuner returns the hours as the tuner wants them. Its error says what to write.
func (h Hours) tuner() (tuner.Hours, error) {
	var out tuner.Hours
	for _, name := range h.Days {
		day, ok := weekday(name)
		if !ok {
			return out, fmt.Errorf("optimize.not_during: there is no day %q; write monday, tuesday, wednesday, thursday, friday, saturday or sunday", name)
		}
		out.Days = append(out.Days, day)
	}
	for _, at := range []struct {
		text string
		into *time.Duration
	}{{h.From, &out.From}, {h.To, &out.To}} {
		t, err := time.Parse(clockFormat, at.text)
		if err != nil {
			return out, fmt.Errorf("optimize.not_during: %q is no time of the day; write it as 22:00, in UTC", at.text)
		}
		*at.into = time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
	}
	return out, nil
}

// weekday reads the English name of a day, in any case.
func weekday(name string) (time.Weekday, bool) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(d.String(), name) {
			return d, true
		}
	}
	return 0, false
}

// calendar returns the hours in which nothing is optimised; those that can't be read are left to validation.
func (o *Optimize) calendar() []tuner.Hours {
	var all []tuner.Hours
	for _, h := range o.NotDuring {
		if hours, err := h.tuner(); err == nil {
			all = append(all, hours)
		}
	}
	return all
}
