package lab

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// Two produce requests that arrive together at one broker are served one after the other; a request for metadata
// doesn't wait for either.
func TestABrokerServesOneRequestAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &station{service: Service{PerProduce: 2 * time.Millisecond, PerKiB: time.Millisecond}}
		first, second := served(s, apiProduce, 1024), served(s, apiProduce, 1024)
		metadata := served(s, 3, 1024)
		took := []time.Duration{<-first, <-second}
		require.ElementsMatch(t, []time.Duration{3 * time.Millisecond, 6 * time.Millisecond}, took)
		require.Zero(t, <-metadata)
		require.EqualValues(t, 2, s.produced.Load())
	})
}

// A broker that was idle doesn't save up its time.
func TestAnIdleBrokerSavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &station{service: Service{PerFetch: time.Millisecond}}
		<-served(s, apiFetch, 10)
		time.Sleep(time.Hour)
		require.Equal(t, time.Millisecond, <-served(s, apiFetch, 10))
	})
}

// The connection hands on exactly the bytes it got, however they are read.
func TestTheConnectionHandsOnWholeRequests(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := &stationConn{Conn: server, station: &station{}}
	sent := append(request(apiProduce, "treasure"), request(apiFetch, "map")...)
	go func() {
		_, _ = client.Write(sent)
		_ = client.Close()
	}()
	got := make([]byte, 0, len(sent))
	small := make([]byte, 3)
	for {
		n, err := c.Read(small)
		got = append(got, small[:n]...)
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
	}
	require.Equal(t, sent, got)
}

// A length that no Kafka request has ends the connection instead of taking memory for it.
func TestAnAbsurdLengthEndsTheConnection(t *testing.T) {
	client, server := net.Pipe()
	defer client.Close()
	c := &stationConn{Conn: server, station: &station{}}
	go func() { _, _ = client.Write([]byte{0xff, 0xff, 0xff, 0xff}) }()
	_, err := c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func served(s *station, api int16, size int) <-chan time.Duration {
	took := make(chan time.Duration, 1)
	begin := time.Now()
	go func() {
		s.serve(api, size)
		took <- time.Since(begin)
	}()
	return took
}

func request(api int16, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(2+len(body)))
	b = binary.BigEndian.AppendUint16(b, uint16(api))
	return append(b, body...)
}
