package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// errDeadline says that the answer wasn't back in time; the command may still take effect.
var errDeadline = errors.New("the answer was not back in time")

// ask writes a command and waits for its event, until the deadline. The errors: [errFull] and live.ErrBufferFull if there is
// too much to do, [errDeadline], or what the producer says.
func (e *Engine) ask(ctx context.Context, c hunt.Command) (hunt.Event, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, e.options.Deadline, errDeadline)
	defer cancel()
	answer, leave, err := e.view.wait(c.Hunt, c.ID)
	if err != nil {
		return hunt.Event{}, err
	}
	defer leave()
	select {
	case event := <-answer: // a repeated command that was answered before
		return event, nil
	default:
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
	c.Time = time.Now().UTC()
	value, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode the command: %w", err)
	}
	failed := make(chan error, 1)
	record := live.Record{Topic: e.options.Commands, Key: []byte(c.Hunt), Value: value}
	err = e.producer.TryProduce(record, func(_ live.Record, err error) {
		if err != nil {
			failed <- err
		}
	})
	return failed, err
}
