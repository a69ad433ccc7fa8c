package live

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"
)

// farewellWithin bounds one attempt to say goodbye for a former member.
const farewellWithin = 5 * time.Second

// formerMember is who a consumer was in its last generation.
type formerMember struct {
	id   string
	end  context.CancelFunc // of the goodbye; nil before it
	said chan struct{}      // closed when the goodbye is over
}

// leave begins to say goodbye for the member, once.
func (f *formerMember) leave(ctx context.Context, c *Consumer) {
	if f.id == "" || f.end != nil {
		return
	}
	ctx, f.end = context.WithCancel(ctx)
	f.said = make(chan struct{})
	go func() {
		defer close(f.said)
		c.farewell(ctx, f.id)
	}()
}

// forget ends the goodbye and waits for it.
func (f *formerMember) forget() {
	if f.end != nil {
		f.end()
		<-f.said
	}
}

// farewell tells the coordinator that a former member of this consumer's is gone, again and again until ctx ends, which it
// does when there is a new membership: a coordinator that has just come back was seen to answer well while it still loaded
// the group, and to remember the member all the same.
//
// kafka-go says goodbye once, when its membership fails; then it joins as somebody new. While the broker is away nobody
// hears it. The next rebalance waits for the member that is remembered, for all members of the group, as long as the
// session timeout: half a minute without a record, after a restart of five seconds.
func (c *Consumer) farewell(ctx context.Context, member string) {
	heard := false
	for failed := (backoff{}); ; {
		err := c.leaveFor(ctx, member)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			c.logger.Debug("the coordinator has not heard yet that the former membership is over", zap.String("member", member), zap.Error(err))
		case !heard:
			heard = true
			c.logger.Info("told the coordinator that the former membership is over", zap.String("member", member))
		}
		if failed.pause(ctx) != nil {
			return
		}
	}
}

// leaveFor leaves the group in the name of a member. A member that the coordinator doesn't know has left.
func (c *Consumer) leaveFor(ctx context.Context, member string) error {
	ctx, cancel := context.WithTimeout(ctx, farewellWithin)
	defer cancel()
	answer, err := c.brokers.client.LeaveGroup(ctx, &kafka.LeaveGroupRequest{
		GroupID: c.opts.Group, Members: []kafka.LeaveGroupRequestMember{{ID: member}},
	})
	if err != nil {
		return err
	}
	for _, err := range []error{answer.Error, answer.Members[0].Error} {
		if err != nil && !errors.Is(err, kafka.UnknownMemberId) {
			return err
		}
	}
	return nil
}
