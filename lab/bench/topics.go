package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/veltrix/veltrix/lab"
)

// newTopic makes a topic of its own for a scenario, named after it and the time.
func newTopic(ctx context.Context, k *lab.Kafka, s Scenario) (string, error) {
	name := fmt.Sprintf("bench-%s-%s", s, strconv.FormatInt(time.Now().UnixMilli(), 36))
	return name, k.CreateTopic(ctx, name, s.Partitions)
}

// dropTopic removes a topic, also after an interruption, so that the next scenario doesn't share the disk with it.
func dropTopic(k *lab.Kafka, name string) error { return k.DeleteTopic(context.Background(), name) }
