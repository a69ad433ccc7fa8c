package storetest

import (
	"context"
	"testing"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
	"github.com/veltrix/veltrix/tuner"
)

// JournalLimit is the number of journal entries that a harness's stores must keep.
const JournalLimit = 20

// Store is what the suite tests.
type Store interface {
	Read(ctx context.Context) (store.Snapshot, error)
	Commit(ctx context.Context, term store.Term, c store.Change) error
	Journal(ctx context.Context, p store.Page) ([]tuner.Decision, error)
	History(ctx context.Context, limit int) ([]settings.Document, error)
	Rollback(ctx context.Context, generation int64, by store.Operator) (settings.Document, error)
	SetValues(ctx context.Context, values settings.Values, unset []settings.Name, by store.Operator) (settings.Document, error)
	SetHold(ctx context.Context, h tuner.Hold) error
	Release(ctx context.Context, by store.Operator) error
	Watch(ctx context.Context, apply func(settings.Update)) error
	Join(ctx context.Context, id string, reports <-chan settings.Report) error
	Instances(ctx context.Context) ([]settings.Report, error)
	Campaign(ctx context.Context, id string, lead func(ctx context.Context, t store.Term) error) error
	Leader(ctx context.Context) (string, error)
}

// Harness is an empty application and the levers behind it.
type Harness struct {
	// App is the application's name.
	App string
	// Open returns a client of the application, one more at each call where clients are separate. It is closed at the
	// end of the test.
	Open func(t testing.TB) Store
	// Put and Delete write a key below the application's prefix, as a stranger would.
	Put    func(t testing.TB, key string, data []byte)
	Delete func(t testing.TB, key string)
	// Compact forgets every former revision, where there is such a thing.
	Compact func(t testing.TB)
	// ExpireInstance and ExpireLeader end a lease as if its owner had not been heard of for too long.
	ExpireInstance func(t testing.TB, id string)
	ExpireLeader   func(t testing.TB)
	// Stop takes the server away and Start brings it back with its data.
	Stop, Start func(t testing.TB)
}

// Run runs the suite. The harness is made anew for each story.
func Run(t *testing.T, harness func(t *testing.T) Harness) {
	for _, part := range [][]story{commits(), journals(), operators(), watches(), fleets(), elections(), races()} {
		for _, s := range part {
			t.Run(s.name, func(t *testing.T) { s.tell(newStage(t, harness(t))) })
		}
	}
}

// story is one test of the suite.
type story struct {
	name string
	tell func(*stage)
}
