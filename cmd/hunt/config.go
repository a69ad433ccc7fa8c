package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// config is the engine's configuration file. Unknown keys are refused.
type config struct {
	// App is the application's name, as in the keys below /veltrix/v1/apps/; hunt-engine if empty.
	App string `yaml:"app"`
	// Instance is unique among the application's instances; the host's name and the process id if empty.
	Instance string      `yaml:"instance"`
	Kafka    kafkaConfig `yaml:"kafka"`
	// Etcd is where Veltrix writes settings; without endpoints the engine runs on its own.
	Etcd etcdConfig `yaml:"etcd"`
	// Settings are the application's own values; the table's defaults where a name is missing.
	Settings settings.Values `yaml:"settings"`
	// Bounds and Floor are what no document from etcd may leave or undercut.
	Bounds settings.Bounds `yaml:"bounds"`
	Floor  floorConfig     `yaml:"floor"`
	// Deadline is how long a request waits for its answer; 1s.
	Deadline model.Duration `yaml:"deadline"`
	// MaxWaiting is the number of requests that may wait at once; 10000.
	MaxWaiting int `yaml:"max_waiting"`
}

type kafkaConfig struct {
	// Brokers are addresses to begin with, host:port. Required.
	Brokers []string `yaml:"brokers"`
	// Commands and Events are the topics; hunt.commands and hunt.events.
	Commands string `yaml:"commands"`
	Events   string `yaml:"events"`
	// Snapshots is the compacted topic that bounds how long a start takes; hunt.snapshots.
	Snapshots string `yaml:"snapshots"`
	// SnapshotEvery is the number of a partition's events after which a new snapshot is made; 50000.
	SnapshotEvery int `yaml:"snapshot_every"`
	// Group is the referees' consumer group; hunt-referee.
	Group string `yaml:"group"`
	// Partitions and Replication are what the topics are created with; 6 and 1.
	Partitions  int `yaml:"partitions"`
	Replication int `yaml:"replication"`
}

type etcdConfig struct {
	Endpoints    []string `yaml:"endpoints"`
	Username     string   `yaml:"username"`
	PasswordFile string   `yaml:"password_file"`
	TLS          struct {
		CAFile     string `yaml:"ca_file"`
		CertFile   string `yaml:"cert_file"`
		KeyFile    string `yaml:"key_file"`
		ServerName string `yaml:"server_name"`
	} `yaml:"tls_config"`
	// CacheFile keeps the last good document for a start while etcd is away.
	CacheFile string `yaml:"cache_file"`
}

type floorConfig struct {
	// Acks is the weakest acknowledgement that a document may ask for: all or 1; all.
	Acks string `yaml:"acks"`
}

// What a request may wait for its answer. A stop gives requests under way 10 s.
const (
	minDeadline = 10 * time.Millisecond
	maxDeadline = 9 * time.Second
)

// loadConfig reads and checks the file. Its error names the file and what to do.
func loadConfig(path string) (*config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c := &config{App: "hunt-engine", Deadline: model.Duration(time.Second)}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configuration %s: there is a second document in it; write one", path)
	}
	if d := time.Duration(c.Deadline); d < minDeadline || d > maxDeadline {
		return nil, fmt.Errorf("configuration %s: deadline is %v; it must be %v to %v, because a stop waits no longer for requests under way", path, d, minDeadline, maxDeadline)
	}
	if k := c.Kafka; k.Partitions < 0 || k.Replication < 0 || k.SnapshotEvery < 0 || c.MaxWaiting < 0 {
		return nil, fmt.Errorf("configuration %s: partitions, replication, snapshot_every and max_waiting must not be negative; leave them out for the defaults", path)
	}
	if c.Instance == "" {
		host, _ := os.Hostname() // without a name the process id has to do
		c.Instance = fmt.Sprintf("%s-%d", host, os.Getpid())
	}
	if len(c.Kafka.Brokers) == 0 {
		return nil, fmt.Errorf("configuration %s: kafka.brokers is missing; write for example [localhost:9092]", path)
	}
	// A runtime without a source checks values, bounds and floor against each other.
	if _, err := live.NewRuntime(c.runtime()); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

func (c *config) runtime() live.RuntimeOptions {
	return live.RuntimeOptions{
		App: c.App, ID: c.Instance, ClientID: c.App, Base: c.Settings, Bounds: c.Bounds, Floor: live.Floor{Acks: c.Floor.Acks},
	}
}

func (c *config) store() store.Options {
	e := c.Etcd
	return store.Options{
		App: c.App, Endpoints: e.Endpoints, Username: e.Username, PasswordFile: e.PasswordFile, CacheFile: e.CacheFile,
		TLS: store.TLSOptions{CAFile: e.TLS.CAFile, CertFile: e.TLS.CertFile, KeyFile: e.TLS.KeyFile, ServerName: e.TLS.ServerName},
	}
}
