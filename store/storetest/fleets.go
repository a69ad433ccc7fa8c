package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/settings"
)

// crowd is how many instances watch and report at once.
const crowd = 1000

func fleets() []story {
	return []story{
		{"an instance is listed with its newest report until it leaves", joinAndLeave},
		{"an instance joins again after its lease was lost", rejoin},
		{"an instance that closes its reports stays listed", joinClosed},
		{"a thousand instances watch, apply and report", thousand},
	}
}

func (s *stage) instances() []settings.Report {
	s.Helper()
	reports, err := s.store.Instances(s.Context())
	require.NoError(s, err)
	return reports
}

// join joins on a client of its own.
func (s *stage) join(id string) (reports chan settings.Report, stop func()) {
	s.Helper()
	reports = make(chan settings.Report)
	client := s.Open(s)
	return reports, s.start(func(ctx context.Context) error { return client.Join(ctx, id, reports) })
}

func joinAndLeave(s *stage) {
	require.Empty(s, s.instances())
	a, stopA := s.join("a")
	b, _ := s.join("b")
	b <- settings.Report{}
	full := settings.Report{
		ID: "a", App: s.App, Version: "v1.2", Started: time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC), Generation: 3, Effective: settings.Defaults(),
		Refusal: &settings.Refusal{Generation: 4, Settings: []settings.Name{settings.ProducerAcks}, Reason: "the floor is all"},
	}
	a <- full
	s.eventually(func() bool { return len(s.instances()) == 2 }, "both are listed")
	require.Equal(s, full, s.instances()[0])
	require.Equal(s, "b", s.instances()[1].ID, "an instance is who it joined as")
	for generation := range int64(10) {
		a <- settings.Report{Generation: 4 + generation}
	}
	s.eventually(func() bool { return s.instances()[0].Generation == 13 }, "the newest report is listed")
	stopA()
	require.Len(s, s.instances(), 1, "who leaves is gone at once")
}

func rejoin(s *stage) {
	a, _ := s.join("a")
	a <- settings.Report{Generation: 7}
	s.eventually(func() bool { return len(s.instances()) == 1 }, "it is listed")
	for range 3 {
		s.ExpireInstance(s, "a")
		s.eventually(func() bool { return len(s.instances()) == 1 && s.instances()[0].Generation == 7 }, "it is listed again")
	}
	a <- settings.Report{Generation: 8}
	s.eventually(func() bool { return len(s.instances()) == 1 && s.instances()[0].Generation == 8 }, "its reports go on")
}

func joinClosed(s *stage) {
	a, _ := s.join("a")
	a <- settings.Report{Generation: 7}
	close(a)
	s.eventually(func() bool { return len(s.instances()) == 1 }, "it is listed")
	s.ExpireInstance(s, "a")
	s.eventually(func() bool { return len(s.instances()) == 1 && s.instances()[0].Generation == 7 }, "it is listed again")
}

func thousand(s *stage) {
	const clients = 50
	var applied, back atomic.Int64
	for c := range clients {
		client := s.Open(s)
		for i := range crowd / clients {
			s.instance(client, fmt.Sprintf("i-%02d-%02d", c, i), &applied, &back)
		}
		// They come one group after the other, so that a slow machine is slow and not overrun.
		s.eventually(func() bool { return applied.Load() >= int64((c+1)*crowd/clients) }, "the group watches")
	}
	for _, ms := range []int64{20, 40} {
		s.eventually(func() bool {
			_, err := s.store.SetValues(s.Context(), linger(ms), nil, anna())
			return err == nil
		}, "the settings are written")
	}
	require.Eventually(s, func() bool {
		reports, err := s.store.Instances(s.Context())
		acknowledged := 0
		for _, r := range reports {
			if r.Generation == 2 {
				acknowledged++
			}
		}
		return err == nil && acknowledged == crowd
	}, 3*soon, 200*tick, "everybody acknowledges")
	require.Zero(s, back.Load())
}

// instance watches and reports what it has seen, as a live client does. It counts updates, and those that went back.
func (s *stage) instance(client Store, id string, applied, back *atomic.Int64) {
	s.Helper()
	reports := make(chan settings.Report, 1)
	var generation int64
	s.start(func(ctx context.Context) error {
		return client.Watch(ctx, func(u settings.Update) {
			if u.Document.Generation < generation {
				back.Add(1)
			}
			generation = u.Document.Generation
			select {
			case <-reports:
			default:
			}
			reports <- settings.Report{Generation: generation}
			applied.Add(1)
		})
	})
	s.start(func(ctx context.Context) error { return client.Join(ctx, id, reports) })
}
