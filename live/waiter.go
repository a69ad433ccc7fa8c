package live

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// RecordsError is what Produce returns if several records were handed over and not all were acknowledged.
type RecordsError struct {
	// Errors has one element for each record, in their order; nil for those that were acknowledged.
	Errors []error
}

// Error counts the failures and quotes the first.
func (e *RecordsError) Error() string {
	failed := e.Unwrap()
	return fmt.Sprintf("%d of %d records were not acknowledged, the first because: %v", len(failed), len(e.Errors), failed[0])
}

// Unwrap returns the failures alone.
func (e *RecordsError) Unwrap() []error {
	failed := make([]error, 0, len(e.Errors))
	for _, err := range e.Errors {
		if err != nil {
			failed = append(failed, err)
		}
	}
	return failed
}

// waiter is what a Produce call waits on. It is recycled if the call waited to the end.
type waiter struct {
	// left counts the records that were not reported yet, and the call itself until it begins to wait.
	left atomic.Int32
	done chan struct{}

	mu   sync.Mutex // guards errs
	errs []error
}

// waiterPool recycles waiters.
type waiterPool struct{ pool sync.Pool }

func (p *waiterPool) get(records int) *waiter {
	w, ok := p.pool.Get().(*waiter)
	if !ok {
		w = &waiter{done: make(chan struct{}, 1)}
	}
	w.left.Store(int32(records) + 1)
	return w
}

func (p *waiterPool) put(w *waiter) {
	w.errs = nil
	p.pool.Put(w)
}

// finish reports record i.
func (w *waiter) finish(i int, err error) {
	if err != nil {
		w.fail(i, err)
	}
	if w.left.Add(-1) == 0 {
		w.done <- struct{}{}
	}
}

func (w *waiter) fail(i int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.errs) <= i {
		w.errs = append(w.errs, nil)
	}
	w.errs[i] = err
}

// await blocks until every record is reported, or ctx ends. In the latter case the waiter must not be recycled.
func (w *waiter) await(ctx context.Context) error {
	if w.left.Add(-1) == 0 {
		return nil
	}
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// result returns what Produce returns for n records.
func (w *waiter) result(n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.errs) == 0 {
		return nil
	}
	if n == 1 {
		return w.errs[0]
	}
	for len(w.errs) < n {
		w.errs = append(w.errs, nil)
	}
	return &RecordsError{Errors: w.errs}
}

// errAbandoned says that a Produce call ended before its records were reported.
var errAbandoned = errors.New("the records may still be written")
