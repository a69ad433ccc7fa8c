package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

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

	station *station // what every request passes; nil if there is none
	usual   Service  // what a request costs without a fault
	stop    func() error
}

// Slow makes each produce request cost the broker that much more time, one request after the other, as if it had become
// slow; 0 ends it. It fails on a broker that requests reach directly.
func (k *Kafka) Slow(more time.Duration) error {
	if k.station == nil {
		return fmt.Errorf("%s can't be slowed: its requests don't pass the lab; use fake or real", k.What)
	}
	slowed := k.usual
	slowed.PerProduce += more
	k.station.set(slowed)
	return nil
}

// Requests returns how many produce and fetch requests the broker got; 0 if they don't pass the lab.
func (k *Kafka) Requests() (produced, fetched int64) {
	if k.station == nil {
		return 0, 0
	}
	return k.station.produced.Load(), k.station.fetched.Load()
}

// Restart stops the broker in order and starts it again; only one that the lab started can be.
func (k *Kafka) Restart(ctx context.Context) error {
	if len(k.Nodes) == 0 {
		return fmt.Errorf("%s can't be restarted by the lab; use real", k.What)
	}
	for _, n := range k.Nodes {
		if err := n.Stop(); err != nil {
			return fmt.Errorf("restart Kafka: %w", err)
		}
		if err := n.Start(ctx); err != nil {
			return fmt.Errorf("restart Kafka: %w", err)
		}
	}
	return nil
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
		return startReal(ctx, dir, kafkaserver.Options{})
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
	return &Kafka{What: what, Brokers: cluster.ListenAddrs(), station: s, usual: service, stop: func() error { cluster.Close(); return nil }}, nil
}

// startFronted is "real" behind a proxy that counts requests and can slow them; anything else is [StartKafka]'s.
func startFronted(ctx context.Context, which string, service Service, dir string) (*Kafka, error) {
	if which != "real" {
		return StartKafka(ctx, which, service, dir)
	}
	f, err := newFront()
	if err != nil {
		return nil, err
	}
	k, err := startReal(ctx, dir, kafkaserver.Options{Properties: map[string]string{"advertised.listeners": "PLAINTEXT://" + f.addr()}})
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	f.serve(k.Brokers[0])
	direct := k.stop
	k.Brokers, k.station = []string{f.addr()}, f.station
	k.stop = func() error { return errors.Join(direct(), f.close()) }
	return k, nil
}

func startReal(ctx context.Context, dir string, o kafkaserver.Options) (*Kafka, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a folder for Kafka's data: %w", err)
	}
	o.Dir = dir
	c, err := kafkaserver.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("Apache Kafka %s", kafkaserver.DefaultVersion)
	return &Kafka{What: what, Brokers: c.Addrs(), Nodes: c.Nodes(), stop: c.Stop}, nil
}
