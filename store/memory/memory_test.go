package memory_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/veltrix/veltrix/store/memory"
	"github.com/veltrix/veltrix/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	storetest.Run(t, func(*testing.T) storetest.Harness {
		s := memory.New(memory.Options{App: "hunt", JournalLimit: storetest.JournalLimit})
		return storetest.Harness{
			App:            "hunt",
			Open:           func(testing.TB) storetest.Store { return s },
			Put:            func(_ testing.TB, key string, data []byte) { s.Put(key, data) },
			Delete:         func(_ testing.TB, key string) { s.Delete(key) },
			Compact:        func(testing.TB) {},
			ExpireInstance: func(_ testing.TB, id string) { s.ExpireInstance(id) },
			ExpireLeader:   func(testing.TB) { s.ExpireLeader() },
			Stop:           func(testing.TB) { s.SetAway(true) },
			Start:          func(testing.TB) { s.SetAway(false) },
		}
	})
}
