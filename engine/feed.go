package engine

import (
	"slices"
	"sync"

	"github.com/veltrix/veltrix/engine/hunt"
)

const (
	// feedKeeps is how many of a partition's newest events are kept for listeners that come back, or up to twice as many.
	feedKeeps = 4096
	// feedQueue is how many events a listener may be behind before it is dropped; it comes back and goes on.
	feedQueue = 256
	// maxListeners bounds the streams of an instance.
	maxListeners = 1000
)

// told is an event as it took effect, and where it stands in its partition.
type told struct {
	offset int64
	event  hunt.Event
}

// feed hands events on to listeners. It is safe for concurrent use.
type feed struct {
	mu        sync.Mutex // guards the fields below
	recent    map[int][]told
	begins    map[int]int64 // the offset from which on nothing of a partition is missing
	listeners map[*listener]struct{}
	closed    bool
}

// listener hears of one hunt. Its channel is closed when it is dropped or the feed ends.
type listener struct {
	hunt   string
	events chan told
}

func newFeed() *feed {
	return &feed{recent: map[int][]told{}, begins: map[int]int64{}, listeners: map[*listener]struct{}{}}
}

// begin says that the first event of a partition that will be published is the one at an offset, or a later one.
func (f *feed) begin(partition int, offset int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begins[partition] = offset
}

// publish keeps a partition's events and hands them on. It never waits: a listener that is too far behind is dropped.
func (f *feed) publish(partition int, events []told) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kept := append(f.recent[partition], events...)
	if len(kept) > 2*feedKeeps { // not each time: to move thousands of events for one new one would cost more than all else
		gone := len(kept) - feedKeeps
		f.begins[partition] = kept[gone-1].offset + 1
		kept = slices.Delete(kept, 0, gone)
	}
	f.recent[partition] = kept
	for l := range f.listeners {
		for _, e := range events {
			if e.event.Hunt != l.hunt {
				continue
			}
			select {
			case l.events <- e:
				continue
			default:
			}
			f.drop(l)
			break
		}
	}
}

// listen begins to hear of a hunt of a partition, after an offset if one is given (not negative). It returns the events that are
// kept since, and whether none is missing between. It returns nil if there are too many listeners, or the feed has ended.
func (f *feed) listen(partition int, id string, after int64) (l *listener, missed []told, complete bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || len(f.listeners) >= maxListeners {
		return nil, nil, false
	}
	l = &listener{hunt: id, events: make(chan told, feedQueue)}
	f.listeners[l] = struct{}{}
	if after < 0 {
		return l, nil, true
	}
	for _, e := range f.recent[partition] {
		if e.event.Hunt == id && e.offset > after {
			missed = append(missed, e)
		}
	}
	return l, missed, f.begins[partition] <= after+1
}

// last returns the newest events of a hunt that are kept, the newest first.
func (f *feed) last(partition int, id string, n int) []hunt.Event {
	f.mu.Lock()
	defer f.mu.Unlock()
	var last []hunt.Event
	for _, e := range slices.Backward(f.recent[partition]) {
		if e.event.Hunt == id {
			last = append(last, e.event)
		}
		if len(last) == n {
			break
		}
	}
	return last
}

// leave ends a listener.
func (f *feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.drop(l)
}

// drop closes a listener's channel, once. The caller holds the lock.
func (f *feed) drop(l *listener) {
	if _, there := f.listeners[l]; there {
		delete(f.listeners, l)
		close(l.events)
	}
}

// end drops every listener, and takes no further one.
func (f *feed) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for l := range f.listeners {
		f.drop(l)
	}
}
