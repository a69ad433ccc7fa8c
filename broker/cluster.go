package broker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/veltrix/veltrix/settings"
)

const (
	// readBackWithin is how long a broker may take to show a change that it accepted.
	readBackWithin = 10 * time.Second
	readBackEvery  = 50 * time.Millisecond
	// ramp is the most that Kafka lets a thread pool grow or shrink by at once.
	ramp = 2
	// dynamicBroker is Kafka's number of the source of a value that was set on one broker while it ran.
	dynamicBroker = 2
)

// cluster is Kafka as far as the actuator needs it.
type cluster struct{ client *kafka.Client }

// ids returns the brokers, in the order of their ids.
func (c *cluster) ids(ctx context.Context) ([]int, error) {
	meta, err := c.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{}})
	if err != nil {
		return nil, fmt.Errorf("list the brokers: %w", err)
	}
	ids := make([]int, 0, len(meta.Brokers))
	for _, b := range meta.Brokers {
		ids = append(ids, b.ID)
	}
	slices.Sort(ids)
	if len(ids) == 0 {
		return nil, errors.New("list the brokers: the cluster names none")
	}
	return ids, nil
}

// kafkaName is how Kafka calls a setting.
func kafkaName(name settings.Name) string { return strings.TrimPrefix(string(name), "broker.") }

// shown is a value as a broker shows it.
type shown struct {
	value   int64
	dynamic bool // it was set on this broker while it ran
}

// show reads settings of one broker.
func (c *cluster) show(ctx context.Context, id int, names []settings.Name) (map[settings.Name]shown, error) {
	wanted := make([]string, len(names))
	for i, n := range names {
		wanted[i] = kafkaName(n)
	}
	resp, err := c.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeBroker, ResourceName: strconv.Itoa(id), ConfigNames: wanted}},
	})
	if err != nil {
		return nil, fmt.Errorf("read the configuration of broker %d: %w", id, err)
	}
	all := make(map[settings.Name]shown, len(names))
	for _, r := range resp.Resources {
		if r.Error != nil {
			return nil, fmt.Errorf("read the configuration of broker %d: %w", id, r.Error)
		}
		for _, e := range r.ConfigEntries {
			n, err := strconv.ParseInt(e.ConfigValue, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("read the configuration of broker %d: %s is %q, not a number", id, e.ConfigName, e.ConfigValue)
			}
			all[settings.Name("broker."+e.ConfigName)] = shown{n, e.ConfigSource == dynamicBroker}
		}
	}
	for _, n := range names {
		if _, ok := all[n]; !ok {
			return nil, fmt.Errorf("read the configuration of broker %d: it doesn't know %s", id, kafkaName(n))
		}
	}
	return all, nil
}

// alter changes one setting of one broker: it is validated first, then made.
func (c *cluster) alter(ctx context.Context, id int, change kafka.IncrementalAlterConfigsRequestConfig) error {
	for _, validateOnly := range []bool{true, false} {
		resp, err := c.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
			ValidateOnly: validateOnly,
			Resources: []kafka.IncrementalAlterConfigsRequestResource{{
				ResourceType: kafka.ResourceTypeBroker, ResourceName: strconv.Itoa(id), Configs: []kafka.IncrementalAlterConfigsRequestConfig{change},
			}},
		})
		if err == nil && len(resp.Resources) == 1 {
			err = resp.Resources[0].Error
		}
		if err != nil {
			return fmt.Errorf("change %s of broker %d: %w; nothing more is changed", change.Name, id, err)
		}
	}
	return nil
}

// set leads a setting of one broker to a value, by steps of at most a factor of two, and reads each back.
func (c *cluster) set(ctx context.Context, id int, name settings.Name, to int64) error {
	for {
		now, err := c.show(ctx, id, []settings.Name{name})
		if err != nil {
			return err
		}
		at := now[name].value
		if at == to {
			return nil
		}
		step := next(at, to)
		change := kafka.IncrementalAlterConfigsRequestConfig{Name: kafkaName(name), Value: strconv.FormatInt(step, 10), ConfigOperation: kafka.ConfigOperationSet}
		if err := c.alter(ctx, id, change); err != nil {
			return err
		}
		if err := c.await(ctx, id, name, func(s shown) bool { return s.value == step }); err != nil {
			return err
		}
	}
}

// next is the value on the way from one to another that Kafka allows.
func next(from, to int64) int64 {
	if to > from {
		return min(to, max(ramp*from, from+1))
	}
	return max(to, (from+ramp-1)/ramp)
}

// unset takes what was set on one broker away, so that its own configuration counts again. Kafka demands small steps of a
// deletion, too, and kafka-go can't tell which value would count (it drops the request's wish for synonyms where it splits it
// by brokers); so that Kafka's refusal says which way to go first.
func (c *cluster) unset(ctx context.Context, id int, name settings.Name) error {
	for {
		now, err := c.show(ctx, id, []settings.Name{name})
		if err != nil || !now[name].dynamic {
			return err
		}
		at := now[name].value
		err = c.alter(ctx, id, kafka.IncrementalAlterConfigsRequestConfig{Name: kafkaName(name), ConfigOperation: kafka.ConfigOperationDelete})
		switch {
		case err == nil:
			return c.await(ctx, id, name, func(s shown) bool { return !s.dynamic })
		case strings.Contains(err.Error(), "at least half") && at > 1:
			err = c.set(ctx, id, name, next(at, 1))
		case strings.Contains(err.Error(), "greater than double"):
			err = c.set(ctx, id, name, ramp*at)
		}
		if err != nil {
			return err
		}
	}
}

// await reads a setting back until it is as it should be.
func (c *cluster) await(ctx context.Context, id int, name settings.Name, good func(shown) bool) error {
	ctx, cancel := context.WithTimeout(ctx, readBackWithin)
	defer cancel()
	for {
		now, err := c.show(ctx, id, []settings.Name{name})
		if err == nil && good(now[name]) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("broker %d accepted a change of %s and doesn't show it after %s", id, kafkaName(name), readBackWithin), err)
		case <-time.After(readBackEvery):
		}
	}
}
