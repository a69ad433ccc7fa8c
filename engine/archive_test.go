package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/veltrix/veltrix/internal/kafkatest"
	"github.com/veltrix/veltrix/live"
)

// library is a log with its archive, and a client to write events with.
type library struct {
	*archive
	logs   *observer.ObservedLogs
	client *kgo.Client
}

// newLibrary makes the topics, with one partition, and the archive.
func newLibrary(t testing.TB, brokers []string) *library {
	t.Helper()
	runtime, err := live.NewRuntime(live.RuntimeOptions{ClientID: "archive"})
	require.NoError(t, err)
	core, logs := observer.New(zap.WarnLevel)
	e, err := New(Options{Brokers: brokers, Runtime: runtime, Instance: "one", Partitions: 1, Logger: zap.New(core)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.close(context.Background())) })
	require.NoError(t, e.topics(t.Context()))
	logs.TakeAll() // that topics had to be waited for
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MaxBufferedRecords(20_000))
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return &library{archive: e.archive, logs: logs, client: client}
}

func inMemory(t testing.TB) *library {
	t.Helper()
	kafka, err := kfake.NewCluster(kfake.NumBrokers(1))
	require.NoError(t, err)
	t.Cleanup(kafka.Close)
	return newLibrary(t, kafka.ListenAddrs())
}

// happen writes events with numbers from one to before another.
func (l *library) happen(t testing.TB, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		l.client.Produce(t.Context(), &kgo.Record{Topic: l.options.Events, Value: eventText(t, i)}, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	require.NoError(t, l.client.Flush(t.Context()))
}

// all returns the state that all events come to, whatever snapshots there are.
func (l *library) all(t testing.TB) string {
	t.Helper()
	s := standing{state: played(t, 0)}
	require.NoError(t, l.read(t.Context(), l.options.Events, 0, 0, func(records []live.Record) error {
		s.apply(records, l.log)
		return nil
	}))
	return text(t, s)
}

func text(t testing.TB, s standing) string {
	t.Helper()
	b, err := s.state.Snapshot()
	require.NoError(t, err)
	return fmt.Sprint(s.next, s.last, string(b))
}

func (l *library) rebuilt(t testing.TB) standing {
	t.Helper()
	s, err := l.rebuild(t.Context(), 0)
	require.NoError(t, err)
	return s
}

// A rebuild reads the newest snapshot and what came after it, and comes to what all events come to.
func testSnapshots(t *testing.T, l *library) {
	t.Helper()
	require.Zero(t, l.rebuilt(t).next)
	for at := 0; at < 4000; at += 1000 {
		l.happen(t, at, at+1000)
		s := l.rebuilt(t)
		require.Equal(t, int64(max(0, at-500)), s.from, "only what came after the last snapshot is read")
		require.Equal(t, l.all(t), text(t, s))
		half := s
		half.state, half.next, half.last = played(t, at+500), int64(at+500), hashOf(eventText(t, at+499))
		require.NoError(t, l.write(t.Context(), 0, half), "a snapshot of an earlier moment")
	}
	records, err := l.records(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, records, 2, "the former snapshots are gone")
	require.Equal(t, l.all(t), text(t, l.rebuilt(t)))
	require.Empty(t, l.logs.TakeAll())
}

func TestSnapshotsInMemory(t *testing.T) { testSnapshots(t, inMemory(t)) }

func TestSnapshotsOnARealBroker(t *testing.T) {
	testSnapshots(t, newLibrary(t, kafkatest.Start(t, kafkatest.Options{Brokers: 1}).Addrs()))
}

// eventText is an event as it is written, by which the end of a snapshot is recognised.
func eventText(t testing.TB, i int) []byte {
	t.Helper()
	b, err := json.Marshal(eventNumber(i))
	require.NoError(t, err)
	return b
}

// A snapshot that can't be used is said in the log and costs nothing but time.
func TestASnapshotThatCannotBeUsedIsPassedOver(t *testing.T) {
	for name, spoil := range map[string]func(*library, standing) error{
		"damaged": func(l *library, s standing) error {
			m, _, err := pack(s.state, s.next, s.last)
			if err != nil {
				return err
			}
			return l.put(t.Context(), 0, m.chunkKey(0), []byte("rubbish"))
		},
		"of another version": func(l *library, _ standing) error {
			return l.put(t.Context(), 0, manifestKey, []byte(`{"version":2}`))
		},
		"of another log": func(l *library, s standing) error {
			s.last = hashOf([]byte("another event"))
			return l.write(t.Context(), 0, s)
		},
		"of a longer log": func(l *library, s standing) error {
			s.next += 7
			return l.write(t.Context(), 0, s)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := inMemory(t)
			l.happen(t, 0, 100)
			require.NoError(t, l.write(t.Context(), 0, l.rebuilt(t)))
			require.Equal(t, int64(100), l.rebuilt(t).from)
			require.Empty(t, l.logs.TakeAll())
			require.NoError(t, spoil(l, l.rebuilt(t)))

			s := l.rebuilt(t)
			require.Zero(t, s.from, "all events are read")
			require.Equal(t, l.all(t), text(t, s))
			require.Equal(t, 1, l.logs.FilterMessageSnippet("a snapshot is passed over").Len())

			l.happen(t, 100, 110)
			require.NoError(t, l.write(t.Context(), 0, l.rebuilt(t)))
			require.Equal(t, int64(110), l.rebuilt(t).from, "the next snapshot is good again")
		})
	}
}

// Where the log has lost its beginning, against the configuration, a snapshot keeps what was there.
func TestASnapshotOutlivesTheLogsBeginning(t *testing.T) {
	l := inMemory(t)
	l.happen(t, 0, 100)
	require.NoError(t, l.write(t.Context(), 0, l.rebuilt(t)))
	l.happen(t, 100, 120)
	want := standing{state: played(t, 100), next: 120, last: hashOf(eventText(t, 119))}
	for i := 110; i < 120; i++ {
		want.state.Apply(eventNumber(i))
	}
	cut := kmsg.NewDeleteRecordsRequestTopic()
	cut.Topic, cut.Partitions = l.options.Events, []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: 110}}
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.TimeoutMillis, request.Topics = 10_000, []kmsg.DeleteRecordsRequestTopic{cut}
	resp, err := request.RequestWith(t.Context(), l.client)
	require.NoError(t, err)
	require.NoError(t, kerr.ErrorForCode(resp.Topics[0].Partitions[0].ErrorCode))
	require.Equal(t, text(t, want), text(t, l.rebuilt(t)))
	require.Equal(t, 1, l.logs.FilterMessageSnippet("the snapshot is what is left").Len())
}

// BenchmarkRebuild rebuilds a partition of a million events, from all of them and from a snapshot with the 50000 after it.
func BenchmarkRebuild(b *testing.B) {
	const events, after = 1_000_000, 50_000
	l := newLibrary(b, kafkatest.Start(b, kafkatest.Options{Brokers: 1}).Addrs())
	l.happen(b, 0, events)
	measure := func(name string, from int64) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := l.rebuilt(b)
				require.Equal(b, int64(events), s.next)
				require.Equal(b, from, s.from)
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/rebuild")
		})
	}
	measure("all", 0)
	begin := time.Now()
	s := standing{state: played(b, events-after), next: events - after, last: hashOf(eventText(b, events-after-1))}
	require.NoError(b, l.write(b.Context(), 0, s))
	b.Logf("made of the state in memory in %v", time.Since(begin))
	measure("snapshot", events-after)
}
