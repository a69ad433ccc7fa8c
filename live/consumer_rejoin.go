package live

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	// rejoinMargin is added to the heartbeat interval: by then a member knows that another one has left.
	rejoinMargin = time.Second
	// idlePlaces is how many places members without partitions draw from.
	idlePlaces = 10
)

// watchSettings ends the membership when its settings are out of date and it is this member's turn. What is undone
// meanwhile doesn't count.
//
// Only one member leaves at a time, without any of them talking to another: each waits its place in the order of the
// partitions times as long as it takes to learn of a rebalance. The first leaves; the others see the group rebalance,
// which ends their sessions and their waits, and find their places anew.
func (s *session) watchSettings(ctx context.Context) {
	c := s.consumer
	for {
		changed := c.runtime.Changed()
		if c.groupSettings() != s.conf {
			if sleep(ctx, time.Duration(s.place+1)*s.step()) != nil {
				return
			}
			if c.groupSettings() != s.conf {
				s.stop(errRejoin)
				return
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// step is how long after one member the next one leaves.
func (s *session) step() time.Duration {
	return orDefault(s.consumer.opts.rejoinStep, s.conf.heartbeatInterval+rejoinMargin)
}

// placeOf returns a member's place among those of its group, which nobody tells it: a rangeBalancer assigns ranges of
// nearly equal length, the longer ones first, so that the number of the first partition, divided by how many there are,
// differs from member to member. Members without partitions draw lots behind the first of the others.
func placeOf(topics []string, assigned map[string][]kafka.PartitionAssignment) int {
	for _, topic := range slices.Sorted(slices.Values(topics)) {
		if mine := assigned[topic]; len(mine) > 0 {
			first := mine[0].ID
			for _, a := range mine {
				first = min(first, a.ID)
			}
			return first / len(mine)
		}
	}
	return 1 + rand.N(idlePlaces)
}

// rangeBalancer assigns as Kafka's RangeAssignor does: each member gets a range of every topic that it reads, in the
// order of the members' ids, and the first ones get one partition more where they don't divide. kafka-go's own spreads
// the longer ranges out, which places can't be told from.
type rangeBalancer struct{}

// ProtocolName returns the name that Kafka's own assignor has, so that a group may have members of other clients.
func (rangeBalancer) ProtocolName() string { return "range" }

// UserData returns nothing: the members' topics say it all.
func (rangeBalancer) UserData() ([]byte, error) { return nil, nil }

// AssignGroups divides every topic's partitions among the members that read it.
func (rangeBalancer) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	all := make(kafka.GroupMemberAssignments, len(members))
	readers := make(map[string][]string)
	for _, m := range members {
		all[m.ID] = make(map[string][]int)
		for _, topic := range m.Topics {
			readers[topic] = append(readers[topic], m.ID)
		}
	}
	byTopic := make(map[string][]int)
	for _, p := range partitions {
		byTopic[p.Topic] = append(byTopic[p.Topic], p.ID)
	}
	for topic, ids := range readers {
		slices.Sort(ids)
		rest := slices.Sorted(slices.Values(byTopic[topic]))
		for i, id := range ids {
			left := len(ids) - i
			n := (len(rest) + left - 1) / left
			all[id][topic], rest = rest[:n:n], rest[n:]
		}
	}
	return all
}
