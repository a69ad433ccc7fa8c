package lab_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/veltrix/veltrix/lab"
	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/store"
)

// An application whose settings come from etcd: it begins with its own configuration, an operator changes a value, and the
// producer uses it with its next batch. Nothing restarts.
func Example_settingsFromEtcd() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	kafka, etcd, stop := servers(ctx)
	defer stop()

	// The application.
	source, err := store.Open(ctx, store.Options{App: "shop", Endpoints: etcd})
	check(err)
	runtime, err := live.NewRuntime(live.RuntimeOptions{
		App: "shop", ID: "shop-1", Source: source,
		Base:  settings.Values{settings.ProducerLingerMs: settings.Number(10)}, // its own configuration
		Floor: live.Floor{Acks: "all"},                                         // what no document may undercut
	})
	check(err)
	running, end := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runtime.Run(running) }() // watches and reports until its context ends
	producer, err := live.NewProducer(live.ProducerOptions{Runtime: runtime, Brokers: kafka})
	check(err)
	check(producer.Produce(ctx, live.Record{Topic: "orders", Key: []byte("ann"), Value: []byte("a book")}))
	fmt.Println("linger:", runtime.Effective("orders")[settings.ProducerLingerMs])

	// An operator, somewhere else: veltrixctl settings set producer.linger.ms=50 --app shop --reason …
	_, err = source.SetValues(ctx, settings.Values{settings.ProducerLingerMs: settings.Number(50)}, nil, store.Operator{Who: "bob", Why: "fewer requests"})
	check(err)

	// The application again. Its first reading of etcd, that there is no document, is a change as well.
	for changed := runtime.Changed(); runtime.Generation() < 1; changed = runtime.Changed() {
		<-changed
	}
	fmt.Println("linger:", runtime.Effective("orders")[settings.ProducerLingerMs], "of generation", runtime.Generation())
	check(producer.Produce(ctx, live.Record{Topic: "orders", Key: []byte("ann"), Value: []byte("a lamp")}))

	check(producer.Close(ctx))
	end()
	check(<-ended)
	check(source.Close())
	// Output:
	// linger: 10
	// linger: 50 of generation 1
}

// servers starts an in-memory Kafka with a topic and an etcd in this process.
func servers(ctx context.Context) (kafka, etcd []string, stop func()) {
	dir, err := os.MkdirTemp("", "example-")
	check(err)
	k, err := lab.StartKafka(ctx, "fake", lab.Service{}, dir)
	check(err)
	e, err := lab.StartEtcd("embedded", dir)
	check(err)
	check(k.CreateTopic(ctx, "orders", 3))
	return k.Brokers, e.Endpoints, func() { check(errors.Join(e.Stop(), k.Stop(), os.RemoveAll(dir))) }
}

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}
