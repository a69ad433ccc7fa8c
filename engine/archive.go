package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// archive rebuilds the states of partitions from the log: from the newest snapshot and the events after it, or from all events
// where no snapshot can be used. It is safe for concurrent use.
type archive struct {
	options   Options
	log       *zap.Logger
	transport *kafka.Transport
}

func newArchive(o Options) *archive {
	return &archive{options: o, log: o.Logger, transport: &kafka.Transport{ClientID: o.Runtime.ClientID()}}
}

func (a *archive) close() { a.transport.CloseIdleConnections() }

// standing is a partition's state and where in the log it stands.
type standing struct {
	state *hunt.State
	// next is the offset of the first event that is not in the state, and last the hash of the one before.
	next int64
	last string
	// from is the offset from which events were read, because no snapshot holds them.
	from int64
}

// apply takes events in as they come from the log.
func (s *standing) apply(records []live.Record, log *zap.Logger) {
	for _, e := range decodeEvents(records, log) {
		s.state.Apply(e)
	}
	if n := len(records); n > 0 {
		s.next, s.last = records[n-1].Offset+1, hashOf(records[n-1].Value)
	}
}

// rebuild returns a partition's state with everything that is in the log.
func (a *archive) rebuild(ctx context.Context, partition int) (standing, error) {
	if partition >= a.options.Partitions {
		return standing{}, fmt.Errorf("%w: %s was given more than its %d partitions, so that hunts are not where their events are; restore it", errTopic, a.options.Commands, a.options.Partitions)
	}
	s, err := a.restore(ctx, partition)
	if err == nil {
		err = a.read(ctx, a.options.Events, partition, s.next, func(records []live.Record) error {
			s.apply(records, a.log)
			return nil
		})
	}
	if err != nil {
		return standing{}, fmt.Errorf("rebuild partition %d from %s: %w", partition, a.options.Events, err)
	}
	return s, nil
}

// restore returns a partition's state from its snapshot, or the state before the first event where there is none that can be
// used: then everything is read anew, which takes longer and loses nothing.
func (a *archive) restore(ctx context.Context, partition int) (standing, error) {
	empty := standing{state: hunt.NewState()}
	records, err := a.records(ctx, partition)
	if err != nil {
		return empty, err
	}
	m, state, err := unpack(records)
	if err == nil {
		err = a.recognise(ctx, partition, m)
	}
	switch {
	case err == nil:
		return standing{state: state, next: m.Next, last: m.Last, from: m.Next}, nil
	case errors.Is(err, errNoSnapshot):
		return empty, nil
	case errors.Is(err, errSnapshot):
		a.log.Warn("a snapshot is passed over, and all events are read instead", zap.Int("partition", partition), zap.Error(err))
		return empty, nil
	}
	return empty, err
}

// errSeen ends a reading that has seen what it looked for.
var errSeen = errors.New("seen")

// recognise returns errSnapshot unless the log has the event that a snapshot ends with: a log that was made anew, or lost its
// end, is another one.
func (a *archive) recognise(ctx context.Context, partition int, m manifest) error {
	var seen live.Record
	err := a.read(ctx, a.options.Events, partition, m.Next-1, func(records []live.Record) error {
		seen = records[0]
		return errSeen
	})
	switch {
	case err == nil:
		return fmt.Errorf("%w: it ends with event %d, and the log before that", errSnapshot, m.Next-1)
	case !errors.Is(err, errSeen):
		return err
	case seen.Offset >= m.Next:
		a.log.Warn("the events that a snapshot ends with are gone from the log; the snapshot is what is left of them",
			zap.Int("partition", partition), zap.Int64("next", m.Next), zap.Int64("first", seen.Offset))
		return nil
	case hashOf(seen.Value) != m.Last:
		return fmt.Errorf("%w: it ends with event %d, and the log has another one there", errSnapshot, m.Next-1)
	}
	return nil
}

// records returns what a partition of the snapshots' topic holds, by key.
func (a *archive) records(ctx context.Context, partition int) (map[string][]byte, error) {
	all := map[string][]byte{}
	err := a.read(ctx, a.options.Snapshots, partition, 0, func(records []live.Record) error {
		for _, r := range records {
			if len(r.Value) == 0 {
				delete(all, string(r.Key))
				continue
			}
			all[string(r.Key)] = r.Value
		}
		return nil
	})
	return all, err
}

// read reads a partition from an offset to its end.
func (a *archive) read(ctx context.Context, topic string, partition int, from int64, handle func([]live.Record) error) error {
	_, err := live.ReadPartition(ctx, live.ReadOptions{
		Runtime: a.options.Runtime, Brokers: a.options.Brokers, Topic: topic, Partition: partition, From: from,
		Transport: a.transport, Logger: a.log, Handler: func(_ context.Context, records []live.Record) error { return handle(records) },
	})
	return err
}

// writeWithin bounds the writing of one record of a snapshot.
const writeWithin = 30 * time.Second

// write makes a state the snapshot that counts, then lets go of what the former ones left behind.
func (a *archive) write(ctx context.Context, partition int, s standing) error {
	m, chunks, err := pack(s.state, s.next, s.last)
	if err != nil {
		return err
	}
	former, err := a.records(ctx, partition)
	if err != nil {
		return err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("write a manifest: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(chunks)) {
		if err := a.put(ctx, partition, key, chunks[key]); err != nil {
			return err
		}
	}
	if err := a.put(ctx, partition, manifestKey, text); err != nil {
		return err
	}
	for key := range former {
		if _, kept := chunks[key]; kept || key == manifestKey {
			continue
		}
		if err := a.put(ctx, partition, key, nil); err != nil {
			return err
		}
	}
	return nil
}

// put writes one record to a partition of the snapshots' topic; a nil value deletes the key. Unlike the engine's producer it
// chooses the partition: snapshots stand where their events do, whatever their keys.
func (a *archive) put(ctx context.Context, partition int, key string, value []byte) error {
	client := &kafka.Client{Addr: kafka.TCP(a.options.Brokers...), Transport: a.transport, Timeout: writeWithin}
	resp, err := client.Produce(ctx, &kafka.ProduceRequest{
		Topic: a.options.Snapshots, Partition: partition, RequiredAcks: kafka.RequireAll,
		Records: kafka.NewRecordReader(kafka.Record{Key: kafka.NewBytes([]byte(key)), Value: kafka.NewBytes(value)}),
	})
	if err == nil {
		err = cmp.Or(resp.Error, errors.Join(mapValues(resp.RecordErrors)...))
	}
	if err != nil {
		return fmt.Errorf("write %s to partition %d of %s: %w", key, partition, a.options.Snapshots, err)
	}
	return nil
}

func mapValues(m map[int]error) []error { return slices.Collect(maps.Values(m)) }
