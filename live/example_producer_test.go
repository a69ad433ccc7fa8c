package live_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/veltrix/veltrix/live"
	"github.com/veltrix/veltrix/settings"
)

// A producer without any settings source: the application's own values count. With etcd, RuntimeOptions also gets App,
// ID and Source, and the runtime's Run is started beside the application.
func ExampleProducer() {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "orders"))
	if err != nil {
		log.Fatal(err)
	}
	defer cluster.Close()

	runtime, err := live.NewRuntime(live.RuntimeOptions{
		ClientID: "shop",
		Base:     settings.Values{settings.ProducerLingerMs: settings.Number(2)},
	})
	if err != nil {
		log.Fatal(err)
	}
	producer, err := live.NewProducer(live.ProducerOptions{Runtime: runtime, Brokers: cluster.ListenAddrs()})
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()

	// Wait for the acknowledgement.
	err = producer.Produce(ctx, live.Record{Topic: "orders", Key: []byte("customer-1"), Value: []byte("first")})
	fmt.Println("produced:", err)

	// Or be told of it.
	told := make(chan live.Record, 1)
	err = producer.Send(ctx, live.Record{Topic: "orders", Key: []byte("customer-1"), Value: []byte("second")}, func(r live.Record, err error) {
		if err == nil {
			told <- r
		}
	})
	fmt.Println("accepted:", err)
	r := <-told
	fmt.Printf("%s is at offset %d of partition %d\n", r.Value, r.Offset, r.Partition)

	fmt.Println("closed:", producer.Close(ctx))
	// Output:
	// produced: <nil>
	// accepted: <nil>
	// second is at offset 1 of partition 0
	// closed: <nil>
}
