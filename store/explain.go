package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
)

// cause holds what went wrong last within one request. Etcd's client tries again until the context ends and then
// returns the context's error, which says nothing of a refused connection or a bad certificate.
type cause struct{ last atomic.Pointer[string] }

type causeKey struct{}

func withCause(ctx context.Context, c *cause) context.Context {
	return context.WithValue(ctx, causeKey{}, c)
}

func causeOf(ctx context.Context) *cause {
	c, _ := ctx.Value(causeKey{}).(*cause)
	return c
}

// rememberCause is the interceptor that fills it.
func rememberCause(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, req, reply, conn, opts...)
	if c := causeOf(ctx); c != nil && err != nil {
		if text := plainly(err); text != "" {
			c.last.Store(&text)
		}
	}
	return err
}

// text says what the last attempt met; empty if that is not known.
func (c *cause) text() string {
	if text := c.last.Load(); text != nil {
		return *text
	}
	return ""
}

// plainly takes out of a gRPC error what happened on the network. It is empty if the error only says that a context
// ended.
func plainly(err error) string {
	text := status.Convert(err).Message()
	if _, detail, ok := strings.Cut(text, "latest balancer error: "); ok {
		text = detail
	}
	for _, noise := range []string{"last connection error: ", "connection error: ", "desc = "} {
		text = strings.ReplaceAll(text, noise, "")
	}
	if strings.Contains(text, "context deadline exceeded") || strings.Contains(text, "context canceled") {
		return ""
	}
	return strings.Trim(text, `"`)
}

// explain turns the error of a request into a sentence: what was being done to which key of which etcd, what is wrong
// and, where that is known, what to do. The error itself stays wrapped.
func (s *Store) explain(doing, key string, err error, c *cause) error {
	return fmt.Errorf("%s %s in etcd at %s: %w", doing, key, strings.Join(s.opts.Endpoints, ", "), s.remedy(err, c))
}

func (s *Store) remedy(err error, c *cause) error {
	switch {
	case refusesLogin(err):
		return fmt.Errorf("etcd refuses the name or the password of user %q; check them and %s: %w", s.opts.Username, s.opts.PasswordFile, err)
	case errors.Is(err, rpctypes.ErrPermissionDenied):
		return fmt.Errorf("user %q may not do this; grant its role what it needs below %s: %w", s.opts.Username, s.keys.prefix, err)
	case errors.Is(err, rpctypes.ErrUserEmpty):
		return fmt.Errorf("etcd wants a user name; configure one with its password file: %w", err)
	case errors.Is(err, rpctypes.ErrNoSpace):
		return fmt.Errorf("etcd's space quota is used up; compact and defragment it, then disarm its alarm: %w", err)
	case errors.Is(err, rpctypes.ErrRequestTooLarge):
		return fmt.Errorf("etcd takes smaller requests than its default; raise --max-request-bytes to 1.5 MiB: %w", err)
	}
	tried := c.text()
	switch {
	case tried == "" || !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled):
		return err
	case strings.Contains(tried, "x509: ") || strings.Contains(tried, "tls: "):
		return fmt.Errorf("no TLS connection (%s); check the authorities, the client certificate and the server's name: %w", tried, err)
	case strings.HasPrefix(s.opts.Endpoints[0], "https://") && s.opts.TLS.CertFile == "":
		// A server that misses one hangs up, sometimes before it can say so.
		return fmt.Errorf("no answer (%s); no client certificate is configured, and etcd may ask for one: %w", tried, err)
	}
	return fmt.Errorf("no answer (%s): %w", tried, err)
}
