package kafkaserver

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/veltrix/veltrix/internal/freeport"
)

// Options says what to run.
type Options struct {
	// Brokers is the number of nodes; 1 if 0.
	Brokers int
	// Version is Kafka's; [DefaultVersion] if empty.
	Version string
	// HeapMB is the heap of each node's Java machine in MiB; 512 if 0.
	HeapMB int
	// Dir is where data, configuration and logs go. It must exist, and it is left as it is by Stop.
	Dir string
	// Properties are added to server.properties of each node, and win over the defaults.
	Properties map[string]string
}

// Cluster is a running Kafka. Its methods may be called from several goroutines, but not Start or Stop of one node at once.
type Cluster struct {
	options Options
	jars    string
	nodes   []*Node
}

// readyWithin bounds the start of a cluster: some 10 s are usual, and machines that test are often busy.
const readyWithin = 3 * time.Minute

// Start fetches Kafka if need be, formats the nodes' storage, starts them and waits until every node is registered as a
// broker. It returns an error that wraps [ErrUnavailable] if Java or Maven are missing, and one with the end of the
// server's own log if a node doesn't come up. The caller must Stop the cluster.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	lib, err := Jars(ctx, o.Version)
	if err != nil {
		return nil, err
	}
	c := &Cluster{options: o, jars: lib}
	if err := c.layOut(ctx); err != nil {
		return nil, err
	}
	if err := c.startAll(ctx); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (o Options) withDefaults() Options {
	o.Brokers = max(o.Brokers, 1)
	if o.Version == "" {
		o.Version = DefaultVersion
	}
	if o.HeapMB == 0 {
		o.HeapMB = 512
	}
	return o
}

// layOut chooses ports, then writes configuration and formats storage: the ports of all nodes stand in each one's configuration.
func (c *Cluster) layOut(ctx context.Context) error {
	ports, err := freeport.Find(2 * c.options.Brokers)
	if err != nil {
		return err
	}
	for i := range c.options.Brokers {
		c.nodes = append(c.nodes, &Node{ID: i + 1, cluster: c, port: ports[2*i], controllerPort: ports[2*i+1]})
	}
	id := clusterID()
	var group errgroup.Group
	for _, n := range c.nodes {
		group.Go(func() error { return n.format(ctx, id) })
	}
	return group.Wait()
}

func (c *Cluster) startAll(ctx context.Context) error {
	for _, n := range c.nodes {
		if err := n.launch(); err != nil {
			return err
		}
	}
	return c.WaitReady(ctx)
}

// WaitReady waits until every node that runs is registered as a broker and answers, for at most three minutes.
func (c *Cluster) WaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	for {
		err := c.registered(ctx)
		if err == nil {
			return nil
		}
		for _, n := range c.nodes {
			if died := n.diedEarly(); died != nil {
				return died
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for Kafka at %s: %w\n%s", c.Bootstrap(), err, c.nodes[0].logTail())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// registered returns nil if each running node answers and knows all the others that run.
func (c *Cluster) registered(ctx context.Context) error {
	running := 0
	for _, n := range c.nodes {
		if n.Running() {
			running++
		}
	}
	for _, n := range c.nodes {
		if !n.Running() {
			continue
		}
		client := &kafka.Client{Addr: kafka.TCP(n.Addr()), Timeout: 5 * time.Second, Transport: &kafka.Transport{}}
		meta, err := client.Metadata(ctx, &kafka.MetadataRequest{})
		client.Transport.(*kafka.Transport).CloseIdleConnections()
		if err != nil {
			return err
		}
		if len(meta.Brokers) < running {
			return fmt.Errorf("%d of %d brokers are registered", len(meta.Brokers), running)
		}
	}
	return nil
}

// Stop stops every node, politely first, and waits for them.
func (c *Cluster) Stop() error {
	var group errgroup.Group
	for _, n := range c.nodes {
		group.Go(n.Stop)
	}
	return group.Wait()
}

// Nodes returns the nodes in the order of their ids, which begin at 1.
func (c *Cluster) Nodes() []*Node { return c.nodes }

// Addrs returns the addresses of all nodes, running or not.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = n.Addr()
	}
	return addrs
}

// Bootstrap returns the addresses of all nodes, separated by commas, as bootstrap.servers wants them.
func (c *Cluster) Bootstrap() string { return strings.Join(c.Addrs(), ",") }

// clusterID returns a random identifier in the form that Kafka's storage tool makes: 16 bytes in URL-safe base64.
func clusterID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	b[0] &= 0x7f           // an identifier that begins with '-' reads as a flag
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func mkdir(path string) error {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("make a folder for Kafka: %w", err)
	}
	return nil
}
