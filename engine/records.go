package engine

import (
	"encoding/json"
	"fmt"

	"go.uber.org/zap"

	"github.com/veltrix/veltrix/engine/hunt"
	"github.com/veltrix/veltrix/live"
)

// recordOf returns a command or an event as a record of a topic, keyed by its hunt: so all of a hunt is in one partition, and
// in the same one of both topics.
func recordOf(topic, huntID string, value any) (live.Record, error) {
	b, err := json.Marshal(value)
	if err != nil {
		return live.Record{}, fmt.Errorf("encode a record of %s for hunt %s: %w", topic, huntID, err)
	}
	return live.Record{Topic: topic, Key: []byte(huntID), Value: b}, nil
}

func decodeEvents(records []live.Record, log *zap.Logger) []hunt.Event {
	events, _ := decode[hunt.Event](records, log)
	return events
}

func decodeCommands(records []live.Record, log *zap.Logger) []hunt.Command {
	commands, _ := decode[hunt.Command](records, log)
	return commands
}

// decode returns what the records hold, and their offsets. One that can't be read, which somebody else must have written, is logged and passed
// over: it would stop its partition for ever.
func decode[T any](records []live.Record, log *zap.Logger) (values []T, offsets []int64) {
	values, offsets = make([]T, 0, len(records)), make([]int64, 0, len(records))
	for _, r := range records {
		var v T
		if err := json.Unmarshal(r.Value, &v); err != nil {
			log.Error("a record can't be read and is passed over",
				zap.String("topic", r.Topic), zap.Int("partition", r.Partition), zap.Int64("offset", r.Offset), zap.Error(err))
			continue
		}
		values, offsets = append(values, v), append(offsets, r.Offset)
	}
	return values, offsets
}
