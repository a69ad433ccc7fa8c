package engine

import (
	"context"
	"errors"
	"time"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// maxCommand is the most bytes that a command may have, below what a broker takes as one record by default.
const maxCommand = 900 << 10

var (
	// errDeadline says that the answer wasn't back in time; the command may still take effect.
	errDeadline = errors.New("the answer was not back in time")
	// errTooLarge says that a command is larger than what Kafka takes.
	errTooLarge = errors.New("the command is too large")
)

// ask writes a command and waits for its event, until the deadline. The errors: [errFull] and live.ErrBufferFull if there is
// too much to do, [errTooLarge], [errDeadline], the context's own, or what the producer says.
func (e *Engine) ask(ctx context.Context, c hunt.Command) (hunt.Event, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, e.options.Deadline, errDeadline)
	defer cancel()
	c.Time = time.Now().UTC()
	c, err := c.Sealed()
	if err != nil {
		return hunt.Event{}, err
	}
	// First a seat, then a look at what is known: so no event can pass between the two.
	answer, leave, err := e.room.enter(c)
	if err != nil {
		return hunt.Event{}, err
	}
	defer leave()
	if former, ok := e.view.answer(c); ok {
		return former, nil
	}
	failed, err := e.send(c)
	if err != nil {
		return hunt.Event{}, err
	}
	select {
	case event := <-answer:
		return event, nil
	case err := <-failed:
		return hunt.Event{}, err
	case <-ctx.Done():
		return hunt.Event{}, context.Cause(ctx)
	}
}

// send hands the command to the producer. The channel gets the error if it could not be written.
func (e *Engine) send(c hunt.Command) (<-chan error, error) {
	record, err := recordOf(e.options.Commands, c.Hunt, c)
	if err != nil {
		return nil, err
	}
	if len(record.Value) > maxCommand {
		return nil, errTooLarge
	}
	failed := make(chan error, 1)
	err = e.producer.TryProduce(record, func(_ live.Record, err error) {
		if err != nil {
			failed <- err
		}
	})
	return failed, err
}
