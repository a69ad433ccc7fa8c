package sidecar

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/tuner"
)

// Hours are written as people write them, and reach the tuner.
func TestHoursOfTheCalendar(t *testing.T) {
	c := &Config{Optimize: &Optimize{Goal: tuner.Minimize, NotDuring: []Hours{{Days: []string{"Friday", "saturday"}, From: "22:00", To: "06:30"}}}}
	want := []tuner.Hours{{Days: []time.Weekday{time.Friday, time.Saturday}, From: 22 * time.Hour, To: 6*time.Hour + 30*time.Minute}}
	require.Equal(t, want, c.tuner(time.Minute).NoOptimize)
	for _, bad := range []Hours{{Days: []string{"fri"}, From: "22:00", To: "06:00"}, {From: "24:00", To: "06:00"}, {From: "22:00"}} {
		_, err := bad.tuner()
		require.ErrorContains(t, err, "optimize.not_during")
	}
}
