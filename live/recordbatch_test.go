package live

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/stretchr/testify/require"
)

// kafka-go's decoder reads back what the encoder wrote, whatever the records look like and however they are compressed.
func TestBatchesAreReadBackByKafkaGo(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		for _, n := range []int{1, 2, 100, 1000} {
			t.Run(fmt.Sprint(codec, "/", n), func(t *testing.T) {
				var list entryList
				for range n {
					list.push(&entry{rec: randomRecord(rng)})
				}
				var enc batchEncoder
				size, err := enc.encode(&list, codec, numbering{identity: identity{id: -1}})
				require.NoError(t, err)
				require.Len(t, enc.buf, size+4)
				var set protocol.RecordSet
				read, err := set.ReadFrom(bytes.NewReader(enc.buf))
				require.NoError(t, err)
				require.EqualValues(t, len(enc.buf), read)
				require.Equal(t, protocol.Attributes(codec), set.Attributes)
				offset := int64(0)
				for e := list.head; e != nil; e = e.next {
					requireSame(t, &set, &e.rec, offset)
					offset++
				}
				if codec == 0 {
					require.LessOrEqual(t, size, list.bytes+batchHeaderSize, "the estimate is an upper bound")
				}
			})
		}
	}
}

func requireSame(t *testing.T, set *protocol.RecordSet, want *Record, offset int64) {
	t.Helper()
	got, err := set.Records.ReadRecord()
	require.NoError(t, err)
	require.Equal(t, offset, got.Offset)
	require.Equal(t, want.Time.UnixMilli(), got.Time.UnixMilli())
	require.Equal(t, want.Key == nil, got.Key == nil)
	require.Equal(t, want.Value == nil, got.Value == nil)
	key, err := protocol.ReadAll(got.Key)
	require.NoError(t, err)
	value, err := protocol.ReadAll(got.Value)
	require.NoError(t, err)
	require.True(t, bytes.Equal(want.Key, key))
	require.True(t, bytes.Equal(want.Value, value))
	require.Len(t, got.Headers, len(want.Headers))
	for i, h := range want.Headers {
		require.Equal(t, h.Key, got.Headers[i].Key)
		require.True(t, bytes.Equal(h.Value, got.Headers[i].Value))
	}
}

func randomRecord(rng *rand.Rand) Record {
	some := func(limit int) []byte {
		if rng.IntN(5) == 0 {
			return nil
		}
		b := make([]byte, rng.IntN(limit))
		for i := range b {
			b[i] = byte(rng.IntN(16))
		}
		return b
	}
	r := Record{Key: some(40), Value: some(300), Time: time.UnixMilli(1_700_000_000_000 + rng.Int64N(100_000) - 50_000)}
	for range rng.IntN(3) {
		r.Headers = append(r.Headers, Header{Key: string(some(20)), Value: some(100)})
	}
	return r
}

// The hash is Kafka's: it agrees with kafka-go's port of it for every length of key.
func TestKeysGoWhereKafkasOwnClientsPutThem(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	ids := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
	theirs := kafka.Murmur2Balancer{Consistent: true}
	for n := range 200 {
		key := make([]byte, n%37)
		for i := range key {
			key[i] = byte(rng.IntN(256))
		}
		require.Equal(t, theirs.Balance(kafka.Message{Key: key}, ids...), keyPartition(key, len(ids)))
	}
}

// The size of a varint is known before it is written.
func TestVarintSizes(t *testing.T) {
	for _, x := range []int64{0, 1, -1, 63, 64, -64, -65, 8191, 8192, 1 << 40, -1 << 62} {
		require.Len(t, binary.AppendVarint(nil, x), varintSize(x))
	}
}
