package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/createtopics"
	"github.com/segmentio/kafka-go/protocol/listoffsets"
	"go.uber.org/zap"
)

const (
	// Pauses after what failed: from pauseFirst, doubled up to pauseLast, give or take a half, so that many
	// partitions do not come back at once.
	pauseFirst = 20 * time.Millisecond
	pauseLast  = time.Second
	// askTimeout bounds a request whose answer is not waited for on purpose.
	askTimeout = 5 * time.Second
)

// backoff counts failures in a row.
type backoff struct{ failures int }

// pause waits before the next attempt, or until ctx ends; it returns ctx's error then.
func (b *backoff) pause(ctx context.Context) error {
	d := pauseLast
	if b.failures < 8 {
		d = min(pauseLast, pauseFirst<<b.failures)
	}
	b.failures++
	return sleep(ctx, time.Duration(float64(d)*(0.5+rand.Float64())))
}

// sleep waits for d, or until ctx ends; it returns ctx's error then.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// brokers is a cluster as the fetchers of one consumer or tail see it.
type brokers struct {
	client   *kafka.Client
	clientID string
	logger   *zap.Logger
	own      *connections // of an own transport; nil if the transport was given

	mu      sync.Mutex // held while metadata is renewed
	renewed time.Time
}

// newBrokers returns a cluster that is asked through transport, or through an own one if that is nil.
func newBrokers(addresses []string, transport kafka.RoundTripper, dialer *kafka.Dialer, clientID string, logger *zap.Logger) *brokers {
	b := &brokers{client: &kafka.Client{Addr: kafka.TCP(addresses...), Transport: transport}, clientID: clientID, logger: logger}
	if transport == nil {
		b.own = newConnections(dialFunc(dialer))
		b.client.Transport = fetchTransport(b.own, clientID, dialer)
	}
	return b
}

// close ends the connections of an own transport.
func (b *brokers) close() {
	if b.own == nil {
		return
	}
	b.client.Transport.(*kafka.Transport).CloseIdleConnections()
	b.own.close()
}

// bootstrap returns the addresses to begin with, one an element, or what is wrong with them.
func bootstrap(brokers []string) ([]string, error) {
	addr, err := brokerAddr(brokers)
	if err != nil {
		return nil, err
	}
	return strings.Split(addr.String(), ","), nil
}

func (b *brokers) addr() net.Addr { return b.client.Addr }

// renew makes the transport fetch metadata anew, at most every renewEvery. kafka-go does so by itself only from time
// to time, and after a request to create topics; so it is sent one that names none, which changes nothing.
func (b *brokers) renew(ctx context.Context) {
	if !b.mu.TryLock() {
		return // Somebody else is at it.
	}
	defer b.mu.Unlock()
	if time.Since(b.renewed) < renewEvery {
		return
	}
	b.renewed = time.Now()
	ctx, cancel := context.WithTimeout(ctx, askTimeout/2)
	defer cancel()
	if _, err := b.client.Transport.RoundTrip(ctx, b.addr(), &createtopics.Request{ValidateOnly: true}); err != nil {
		b.logger.Debug("renewing metadata failed, waiting for the transport to do so", zap.Error(err))
	}
}

// partitions returns the number of partitions of topic; 0 if there is no such topic.
func (b *brokers) partitions(ctx context.Context, topic string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	m, err := b.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return 0, fmt.Errorf("look up the partitions of %s: %w", topic, err)
	}
	for i := range m.Topics {
		if m.Topics[i].Name == topic {
			return len(m.Topics[i].Partitions), nil
		}
	}
	return 0, nil
}

// offset returns kafka.FirstOffset or kafka.LastOffset of a partition as a number. It asks until it is told, or ctx
// ends, or the answer is that it may not know.
func (b *brokers) offset(ctx context.Context, topic string, partition int, which int64) (int64, error) {
	var failed backoff
	for {
		offset, err := b.askOffset(ctx, topic, partition, which)
		if err == nil {
			return offset, nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
		err = fmt.Errorf("ask for an offset of %s[%d]: %w", topic, partition, err)
		if fatal(err) {
			return 0, err
		}
		if failed.failures == 0 {
			b.logger.Warn("no answer yet, asking again", zap.Error(err))
		}
		b.renew(ctx)
		if err := failed.pause(ctx); err != nil {
			return 0, err
		}
	}
}

func (b *brokers) askOffset(ctx context.Context, topic string, partition int, which int64) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	m, err := b.client.Transport.RoundTrip(ctx, b.addr(), &listoffsets.Request{
		ReplicaID: -1,
		Topics: []listoffsets.RequestTopic{{
			Topic:      topic,
			Partitions: []listoffsets.RequestPartition{{Partition: int32(partition), CurrentLeaderEpoch: -1, Timestamp: which}},
		}},
	})
	if err != nil {
		return 0, err
	}
	answer, ok := m.(*listoffsets.Response)
	if !ok || len(answer.Topics) != 1 || len(answer.Topics[0].Partitions) != 1 {
		return 0, fmt.Errorf("the broker's answer does not mention the partition: %w", kafka.NetworkException)
	}
	part := answer.Topics[0].Partitions[0]
	if part.ErrorCode != 0 {
		return 0, kafka.Error(part.ErrorCode)
	}
	return part.Offset, nil
}

// fatal says whether waiting won't heal err: the client is not who it would have to be.
func fatal(err error) bool { return errorClass(err) == classAuth }
