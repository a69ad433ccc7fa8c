package live_test

import (
	"context"
	"fmt"
	"log"
	"os/signal"
	"syscall"
	"time"

	"github.com/veltrix/veltrix/live"
)

// A consumer with a handler: partitions in parallel, the records of each in order, committed after they were handled.
func ExampleConsumer_Run() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "billing"})
	if err != nil {
		log.Panic(err)
	}
	consumer, err := live.NewConsumer(live.ConsumerOptions{
		Runtime: runtime, Brokers: []string{"localhost:9092"}, Group: "billing", Topics: []string{"orders"},
		Handler: func(_ context.Context, topic string, partition int, records []live.Record) error {
			fmt.Printf("%d records of %s[%d]\n", len(records), topic, partition)
			return nil
		},
	})
	if err != nil {
		log.Panic(err)
	}
	if err := consumer.Run(ctx); err != nil {
		log.Panic(err)
	}
}

// A consumer that is polled: a call says that what the call before returned was handled.
func ExampleConsumer_Poll() {
	ctx := context.Background()
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "billing"})
	if err != nil {
		log.Panic(err)
	}
	consumer, err := live.NewConsumer(live.ConsumerOptions{
		Runtime: runtime, Brokers: []string{"localhost:9092"}, Group: "billing", Topics: []string{"orders"},
	})
	if err != nil {
		log.Panic(err)
	}
	for range 10 {
		records, err := consumer.Poll(ctx)
		if err != nil {
			log.Panic(err)
		}
		fmt.Println(len(records), "records")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := consumer.Close(ctx); err != nil {
		log.Print(err)
	}
}

// A view that every instance has: all of a topic, from its beginning on, without a group.
func ExampleTail_Run() {
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "billing"})
	if err != nil {
		log.Panic(err)
	}
	tail, err := live.NewTail(live.TailOptions{
		Runtime: runtime, Brokers: []string{"localhost:9092"}, Topic: "prices",
		Handler:    func(_ context.Context, records []live.Record) error { fmt.Println(len(records), "prices"); return nil },
		OnCaughtUp: func(partition int) { fmt.Println("partition", partition, "is up to date") },
	})
	if err != nil {
		log.Panic(err)
	}
	if err := tail.Run(context.Background()); err != nil {
		log.Panic(err)
	}
}
