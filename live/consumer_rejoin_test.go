package live

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/veltrix/veltrix/settings"
)

// The members of a group rejoin for new settings one after the other: nobody leaves before the one before is back.
func TestMembersRejoinOneAfterTheOther(t *testing.T) {
	const members, partitions = 3, 7
	k := newKafka(t, 1, "orders", partitions)
	var (
		mu     sync.Mutex
		events []string
	)
	note := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		events = append(events, what)
	}
	observe(k, kmsg.LeaveGroup, func(kmsg.Request) { note("leave") })
	observe(k, kmsg.JoinGroup, func(r kmsg.Request) {
		join := r.(*kmsg.JoinGroupRequest)
		if join.SessionTimeoutMillis == 10000 && join.MemberID == "" { // a member that was there before names itself
			note("back")
		}
	})
	var l ledger
	var all []*Consumer
	for range members {
		c, _ := consumerOf(t, k, nimble(), func(o *ConsumerOptions) { o.Handler, o.rejoinStep = l.handle, 500*time.Millisecond })
		run(t, c.Run)
		all = append(all, c)
	}
	require.Eventually(t, func() bool { return !slices.ContainsFunc(all, idle) }, patience, time.Millisecond, "everybody has partitions")
	for _, c := range all {
		c.runtime.apply(settings.Update{Document: settings.Document{
			Schema: 1, App: "test", Generation: 1, Settings: settings.Values{settings.ConsumerSessionTimeoutMs: settings.Number(10000)},
		}})
	}
	require.Eventually(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(events) >= 2*members
	}, patience, time.Millisecond)
	mu.Lock()
	defer mu.Unlock()
	require.Equal(t, []string{"leave", "back", "leave", "back", "leave", "back"}, events)
}

// idle says whether c has no partitions.
func idle(c *Consumer) bool {
	s := c.currentSession()
	return s == nil || len(s.parts) == 0
}

// Members find different places from what they were assigned, however the partitions divide.
func TestPlacesDiffer(t *testing.T) {
	for partitions := 1; partitions <= 40; partitions++ {
		for members := 1; members <= partitions; members++ {
			var group []kafka.GroupMember
			for i := range members {
				group = append(group, kafka.GroupMember{ID: string(rune('A' + i)), Topics: []string{"orders"}})
			}
			var all []kafka.Partition
			for i := range partitions {
				all = append(all, kafka.Partition{Topic: "orders", ID: i})
			}
			seen, assigned := map[int]bool{}, 0
			for _, topics := range (rangeBalancer{}).AssignGroups(group, all) {
				var mine []kafka.PartitionAssignment
				for _, id := range topics["orders"] {
					mine = append(mine, kafka.PartitionAssignment{ID: id})
				}
				require.InDelta(t, partitions/members, len(mine), 1)
				place := placeOf([]string{"orders"}, map[string][]kafka.PartitionAssignment{"orders": mine})
				require.False(t, seen[place], "%d partitions, %d members: place %d twice", partitions, members, place)
				seen[place] = true
				assigned += len(mine)
			}
			require.Equal(t, partitions, assigned)
		}
	}
}

// Without partitions a member waits behind the first of those who have some.
func TestIdleMembersAreNotTheFirst(t *testing.T) {
	for range 100 {
		require.Positive(t, placeOf([]string{"orders"}, nil))
	}
}
