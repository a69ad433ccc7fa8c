package store

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/settings"
)

// deaf is a network that loses every event of a watch and nothing else.
func deaf(lost *atomic.Int64) grpc.DialOption {
	return grpc.WithChainStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
		s, err := stream(ctx, desc, conn, method, opts...)
		return &deafStream{ClientStream: s, lost: lost}, err
	})
}

type deafStream struct {
	grpc.ClientStream
	lost *atomic.Int64
}

func (s *deafStream) RecvMsg(m any) error {
	for {
		err := s.ClientStream.RecvMsg(m)
		resp, ok := m.(*etcdserverpb.WatchResponse)
		if err != nil || !ok || len(resp.Events) == 0 {
			return err
		}
		s.lost.Add(1)
		resp.Events = nil
		resp.Reset()
	}
}

func TestALostEventIsHealedByTheNextList(t *testing.T) {
	server := etcdtest.Start(t)
	s, err := Open(t.Context(), Options{App: "hunt", Endpoints: server.Endpoints(), RelistEvery: 200 * time.Millisecond})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	var lost atomic.Int64
	s.conn.forget(s.conn.client.Load())
	s.conn.config.DialOptions = append(s.conn.config.DialOptions, deaf(&lost))

	ctx, cancel := context.WithCancel(t.Context())
	updates := make(chan settings.Update, 10)
	done := make(chan error, 1)
	go func() { done <- s.Watch(ctx, func(u settings.Update) { updates <- u }) }()
	require.Equal(t, settings.Update{}, <-updates)
	for linger := range int64(5) {
		d, err := s.SetValues(t.Context(), settings.Values{settings.ProducerLingerMs: settings.Number(linger)}, nil, Operator{Who: "anna"})
		require.NoError(t, err)
		require.Equal(t, settings.Update{Document: d}, <-updates)
	}
	cancel()
	require.NoError(t, <-done)
	require.Positive(t, lost.Load(), "events were lost")
}
