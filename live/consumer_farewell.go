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

// farewell tells the coordinator that a former member of this consumer's is gone, until it has heard it or ctx ends.
//
// kafka-go says so once, when its membership fails; then it joins as somebody new. While the broker is away nobody hears it.
// A coordinator that comes back remembers the member, and the next rebalance waits for it, for all members of the group, as
// long as the session timeout: half a minute without a record, after a restart of five seconds.
func (c *Consumer) farewell(ctx context.Context, member string) {
	for failed := (backoff{}); ; {
		err := c.leaveFor(ctx, member)
		if err == nil {
			c.logger.Info("told the coordinator that the former membership is over", zap.String("member", member))
			return
		}
		c.logger.Debug("the coordinator has not heard yet that the former membership is over", zap.String("member", member), zap.Error(err))
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
