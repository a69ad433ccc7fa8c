package lab

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/veltrix/veltrix/internal/kafkaserver"
)

// Kafka is a cluster that the lab uses.
type Kafka struct {
	// What names it for people.
	What string
	// Brokers are the addresses to begin with.
	Brokers []string
	// Nodes are the processes of a cluster that the lab started itself; nil otherwise.
	Nodes []*kafkaserver.Node

	stop func() error
}

// Stop stops what the lab started; it leaves a cluster of somebody else's alone.
func (k *Kafka) Stop() error {
	if k.stop == nil {
		return nil
	}
	return k.stop()
}

// StartKafka makes a cluster available: "fake" is an in-memory broker behind service, "real" is Apache Kafka in a
// process of its own with its data in dir, and anything else are the addresses (host:port, separated by commas) of one
// that runs already.
func StartKafka(ctx context.Context, which string, service Service, dir string) (*Kafka, error) {
	switch which {
	case "fake":
		return startFake(service)
	case "real":
		return startReal(ctx, dir)
	}
	brokers := strings.Split(which, ",")
	for _, b := range brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return nil, fmt.Errorf("--kafka %q is neither fake, nor real, nor a list of HOST:PORT: %w", which, err)
		}
	}
	return &Kafka{What: "Kafka at " + which, Brokers: brokers}, nil
}

func startFake(service Service) (*Kafka, error) {
	s := &station{service: service}
	cluster, err := kfake.NewCluster(
		kfake.NumBrokers(1),
		kfake.ListenFn(func(network, address string) (net.Listener, error) {
			l, err := (&net.ListenConfig{}).Listen(context.Background(), network, address)
			if err != nil {
				return nil, err
			}
			return stationListener{Listener: l, station: s}, nil
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("start the in-memory Kafka: %w", err)
	}
	what := fmt.Sprintf("an in-memory broker (%v for a produce request)", service.PerProduce)
	return &Kafka{What: what, Brokers: cluster.ListenAddrs(), stop: func() error { cluster.Close(); return nil }}, nil
}

func startReal(ctx context.Context, dir string) (*Kafka, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for Kafka's data: %w", err)
	}
	c, err := kafkaserver.Start(ctx, kafkaserver.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("Apache Kafka %s", kafkaserver.DefaultVersion)
	return &Kafka{What: what, Brokers: c.Addrs(), Nodes: c.Nodes(), stop: c.Stop}, nil
}
