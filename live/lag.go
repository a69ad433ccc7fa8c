package live

// Lag returns how many records of the assigned partitions are in the log and not handled yet, as far as the fetches know.
// It is 0 while nothing is read: between two assignments, and while OnAssigned runs.
func (c *Consumer) Lag() int64 {
	s := c.currentSession()
	if s == nil {
		return 0
	}
	var sum int64
	for _, p := range s.parts {
		sum += p.lag.value()
	}
	return sum
}

// Lag returns how many records are in the log and not handled yet, as far as the fetches know. It is 0 while Run doesn't
// run.
func (t *Tail) Lag() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sum int64
	for _, p := range t.parts {
		sum += p.lag.value()
	}
	return sum
}

// value returns the partition's part of the lag.
func (l *lagGauge) value() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int64(l.reported)
}
