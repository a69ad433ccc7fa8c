package live

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// A broker is away for longer than a heartbeat, so that the member can't say goodbye before it joins as somebody new. The
// coordinator remembers it for five minutes; the group goes on at once all the same.
func TestAGroupDoesNotWaitForAMemberThatTheBrokersAbsenceCutOff(t *testing.T) {
	k := newKafka(t, 1, "orders", 2)
	w := newWriter(t, k)
	var l ledger
	session := nimble()
	session[settings.ConsumerSessionTimeoutMs] = settings.Number(int64(5 * time.Minute / time.Millisecond))
	c, _ := consumerOf(t, k, session, func(o *ConsumerOptions) {
		o.Handler = l.handle
		o.RebalanceTimeout = 5 * time.Minute
	})
	consuming := run(t, c.Run)
	w.numbers(0, 0, 10)
	l.requireNumbers(t, 0, 10)

	var away atomic.Bool
	var looked atomic.Int64 // for the coordinator, to join and to leave
	k.Control(func(req kmsg.Request) (kmsg.Response, error, bool) {
		k.KeepControl()
		if !away.Load() {
			return nil, nil, false
		}
		if req.Key() == int16(kmsg.FindCoordinator) {
			looked.Add(1)
		}
		return nil, errors.New("the broker is away"), true
	})
	away.Store(true)
	require.Eventually(t, func() bool { return looked.Load() >= 2 }, patience, time.Millisecond)
	away.Store(false)

	w.numbers(0, 10, 20)
	l.requireAll(t, 0, 20)
	require.NoError(t, consuming.end())
	closeConsumer(t, c)
}
