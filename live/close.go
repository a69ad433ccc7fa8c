package live

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// closeGrace is how long Close waits for goroutines that were told to end.
const closeGrace = time.Second

// Flush makes everything that was accepted before the call leave without further linger, and waits until it is
// acknowledged or failed. It returns ctx's error if that ends first. It says nothing about failures; the records do.
func (p *Producer) Flush(ctx context.Context) error {
	e := p.epochs.advance()
	p.nudgeLanes()
	if err := e.wait(ctx); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// Close refuses new records, sends what is waiting, waits for it, and ends the producer's goroutines and its own
// connections. If ctx ends first, what is not yet acknowledged fails with [ErrClosed], and Close returns an error
// that counts it. Further calls wait for the first and return nil. Close must not be called from a callback.
func (p *Producer) Close(ctx context.Context) error {
	if !p.beginClose() {
		select {
		case <-p.ended:
		case <-ctx.Done():
		}
		return nil
	}
	err := p.Flush(ctx)
	p.stop()
	if p.own != nil {
		p.own.close()
	}
	idle := p.awaitIdle()
	if p.own != nil {
		p.own.close() // Again: a request that began while it was closed may have opened it anew.
	}
	p.abandon(err)
	p.metrics.detach(p)
	close(p.ended)
	if lost := p.lost.Load(); lost > 0 {
		err = fmt.Errorf("close the producer: %d records were given up, they may have been written: %w", lost, err)
	}
	return errors.Join(err, idle)
}

// beginClose refuses new records; false if that was done before.
func (p *Producer) beginClose() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Swap(true) {
		return false
	}
	close(p.ending)
	return true
}

// stop ends the goroutines; after it none is started.
func (p *Producer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel()
}

// awaitIdle waits for the goroutines. They end at once, unless the caller's transport ignores the end of a context or
// a callback blocks.
func (p *Producer) awaitIdle() error {
	idle := make(chan struct{})
	go func() {
		p.wg.Wait()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-time.After(closeGrace):
		return errors.New("close the producer: a request or a callback did not end; the transport must heed its context, callbacks must not block")
	}
}

// abandon fails everything that was accepted and not reported.
func (p *Producer) abandon(cause error) {
	p.abandoned.Store(true)
	err := fmt.Errorf("%w before the record was acknowledged", ErrClosed)
	if cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	for _, t := range p.allTopics() {
		t.mu.Lock()
		pen := t.pen
		t.pen = entryList{}
		t.mu.Unlock()
		p.report(pen, err)
		for _, pt := range t.partitions() {
			due, _ := pt.expire(never)
			p.report(due, err)
		}
	}
}
