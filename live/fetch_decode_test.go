package live

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/stretchr/testify/require"
)

// encoded returns a batch of this package's own encoder, based at an offset.
func encoded(t testing.TB, base int64, compression kafka.Compression, records ...Record) []byte {
	t.Helper()
	var (
		entries entryList
		enc     batchEncoder
	)
	for i := range records {
		entries.push(&entry{rec: records[i]})
	}
	size, err := enc.encode(&entries, compression, numbering{identity: identity{id: -1}})
	require.NoError(t, err)
	b := enc.buf[4 : 4+size]
	binary.BigEndian.PutUint64(b, uint64(base))
	return b
}

// with returns a copy of a batch after change, with a checksum that fits.
func with(batch []byte, change func(b []byte)) []byte {
	b := bytes.Clone(batch)
	change(b)
	binary.BigEndian.PutUint32(b[batchChecksumAt:], crc32.Checksum(b[batchAttributesAt:], castagnoli))
	return b
}

func plain(values ...string) []Record {
	records := make([]Record, len(values))
	for i, v := range values {
		records[i] = Record{Value: []byte(v), Time: time.UnixMilli(1000 + int64(i))}
	}
	return records
}

func valuesOf(c chunk) []string {
	var out []string
	for _, r := range c.records {
		out = append(out, fmt.Sprintf("%d=%s", r.Offset, r.Value))
	}
	return out
}

// What the encoder writes is read back, with every compression.
func TestBatchesAreReadBack(t *testing.T) {
	for _, compression := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		rng := rand.New(rand.NewPCG(7, uint64(compression)))
		var want []Record
		for range 200 {
			want = append(want, randomRecord(rng))
		}
		set := append(encoded(t, 100, compression, want[:120]...), encoded(t, 220, compression, want[120:]...)...)
		c, err := decodeChunk(set, "orders", 3, 100)
		require.NoError(t, err)
		require.Equal(t, int64(300), c.next)
		require.Len(t, c.records, len(want))
		require.GreaterOrEqual(t, c.bytes, len(set))
		for i, got := range c.records {
			require.Equal(t, "orders", got.Topic)
			require.Equal(t, 3, got.Partition)
			require.Equal(t, int64(100+i), got.Offset)
			require.Equal(t, want[i].Key, got.Key)
			require.Equal(t, want[i].Value, got.Value)
			require.Equal(t, want[i].Time.UnixMilli(), got.Time.UnixMilli())
			require.Len(t, got.Headers, len(want[i].Headers))
			for j, h := range got.Headers {
				require.Equal(t, want[i].Headers[j].Key, h.Key)
				require.Equal(t, want[i].Headers[j].Value, h.Value)
			}
		}
	}
}

// Reading goes on behind what holds no records: compacted ends, empty batches, markers of transactions.
func TestReadingNeverStandsStill(t *testing.T) {
	batch := encoded(t, 10, 0, plain("a", "b", "c")...)
	compacted := with(batch, func(b []byte) { binary.BigEndian.PutUint32(b[batchLastDeltaAt:], 9) }) // 13 to 19 are gone
	empty := with(batch[:batchHeaderSize], func(b []byte) {
		binary.BigEndian.PutUint32(b[batchLengthAt:], batchHeaderSize-batchLengthFrom)
		binary.BigEndian.PutUint32(b[batchCountAt:], 0)
	})
	marker := with(batch, func(b []byte) { b[batchAttributesAt+1] |= controlBatch | 0x10 })
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	for name, c := range map[string]struct {
		set      []byte
		position int64
		want     []string
		next     int64
	}{
		"nothing":                       {nil, 10, nil, 10},
		"from the middle of a batch":    {batch, 11, []string{"11=b", "12=c"}, 13},
		"a compacted end":               {compacted, 10, []string{"10=a", "11=b", "12=c"}, 20},
		"inside the compacted end":      {compacted, 15, nil, 20},
		"an empty batch":                {empty, 10, nil, 13},
		"an empty batch, then another":  {append(bytes.Clone(empty), encoded(t, 13, 0, plain("d")...)...), 11, []string{"13=d"}, 14},
		"a marker":                      {marker, 10, nil, 13},
		"a whole batch and half of one": {append(bytes.Clone(batch), cut(encoded(t, 13, 0, plain("d")...))...), 10, []string{"10=a", "11=b", "12=c"}, 13},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeChunk(c.set, "orders", 0, c.position)
			require.NoError(t, err)
			require.Equal(t, c.want, valuesOf(got))
			require.Equal(t, c.next, got.next)
		})
	}
	for _, useless := range [][]byte{cut(batch), encoded(t, 0, 0, plain("old")...)} {
		_, err := decodeChunk(useless, "orders", 0, 10)
		require.ErrorContains(t, err, "raise consumer.max.partition.fetch.bytes", "it is waited out, not asked for again at once")
	}
}

// The broker's own time counts where the topic says so.
func TestTheBrokersTimeCountsWhereItIsSet(t *testing.T) {
	b := with(encoded(t, 0, 0, plain("a", "b")...), func(b []byte) {
		b[batchAttributesAt+1] |= logAppendTime
		binary.BigEndian.PutUint64(b[batchMaxTimeAt:], 5000)
	})
	c, err := decodeChunk(b, "orders", 0, 0)
	require.NoError(t, err)
	for _, r := range c.records {
		require.Equal(t, int64(5000), r.Time.UnixMilli())
	}
}

// Damage is noticed; what came before it is handed out first.
func TestDamageIsNoticed(t *testing.T) {
	good, bad := encoded(t, 0, 0, plain("a", "b")...), encoded(t, 2, 0, plain("c")...)
	bad[len(bad)-1] ^= 1
	c, err := decodeChunk(append(bytes.Clone(good), bad...), "orders", 0, 0)
	require.NoError(t, err)
	require.Equal(t, []string{"0=a", "1=b"}, valuesOf(c))
	require.Equal(t, int64(2), c.next)
	_, err = decodeChunk(bad, "orders", 0, c.next)
	require.ErrorIs(t, err, kafka.InvalidMessage)
	require.ErrorContains(t, err, "the batch at offset 2 of orders[0]")
	for name, change := range map[string]func(b []byte){
		"more records than there are": func(b []byte) { binary.BigEndian.PutUint32(b[batchCountAt:], 1<<30) },
		"an unknown compression":      func(b []byte) { b[batchAttributesAt+1] |= 7 },
		"a lie about the compression": func(b []byte) { b[batchAttributesAt+1] |= 4 },
		"an unknown format":           func(b []byte) { b[batchMagicAt] = 9 },
		"a negative length":           func(b []byte) { binary.BigEndian.PutUint32(b[batchLengthAt:], 1<<31) },
	} {
		_, err := decodeChunk(with(good, change), "orders", 0, 0)
		require.ErrorIs(t, err, kafka.InvalidMessage, name)
	}
}

// Messages of brokers before 0.11 are read, too, compressed and not.
func TestOldMessagesAreRead(t *testing.T) {
	for _, compression := range []protocol.Attributes{0, protocol.Gzip} {
		set := protocol.RecordSet{Version: 1, Attributes: compression, Records: protocol.NewRecordReader(
			protocol.Record{Offset: 0, Time: time.UnixMilli(1000), Key: protocol.NewBytes([]byte("k")), Value: protocol.NewBytes([]byte("a"))},
			protocol.Record{Offset: 1, Time: time.UnixMilli(2000), Value: protocol.NewBytes([]byte("b"))},
		)}
		var buf bytes.Buffer
		_, err := set.WriteTo(&buf)
		require.NoError(t, err)
		c, err := decodeChunk(buf.Bytes()[4:], "orders", 0, 0)
		require.NoError(t, err)
		require.Len(t, c.records, 2)
		require.Equal(t, "k", string(c.records[0].Key))
		require.Equal(t, "b", string(c.records[1].Value))
		require.Positive(t, c.next)
	}
}

// Whatever a broker sends, decoding ends, does not panic, and never goes back.
func FuzzDecodeChunk(f *testing.F) {
	f.Add(encoded(f, 5, 0, plain("a", "b")...), int64(5))
	f.Add(encoded(f, 5, kafka.Gzip, plain("a", "b")...), int64(6))
	f.Add(append(encoded(f, 0, 0, plain("a")...), encoded(f, 1, kafka.Lz4, plain("b")...)...), int64(0))
	f.Fuzz(func(t *testing.T, set []byte, position int64) {
		c, err := decodeChunk(set, "orders", 0, position)
		require.GreaterOrEqual(t, c.next, position)
		if err != nil {
			return
		}
		for _, r := range c.records {
			require.GreaterOrEqual(t, r.Offset, position)
		}
	})
}

func BenchmarkDecodeChunk(b *testing.B) {
	var records []Record
	for range 1000 {
		records = append(records, Record{Key: make([]byte, 8), Value: make([]byte, 200), Time: time.UnixMilli(1000)})
	}
	set := encoded(b, 0, 0, records...)
	b.SetBytes(int64(len(set)))
	b.ReportAllocs()
	for b.Loop() {
		if c, err := decodeChunk(set, "orders", 0, 0); err != nil || len(c.records) != 1000 {
			b.Fatal(err)
		}
	}
}
