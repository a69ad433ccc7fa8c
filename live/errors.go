package live

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// The errors of this package; errors.Is finds them under what the caller gets.
var (
	// ErrBufferFull: buffer.memory was used up for max.block.ms (Send, Produce), or at this moment (TryProduce). The
	// record was not accepted and not written.
	ErrBufferFull = errors.New("the producer's buffer is full")
	// ErrDeliveryTimeout: delivery.timeout.ms passed without an acknowledgement. The last failed attempt is wrapped
	// beside it, if there was one. The record may have been written if it had been sent.
	ErrDeliveryTimeout = errors.New("the record was not acknowledged within delivery.timeout.ms")
	// ErrRecordTooLarge: the record alone exceeds buffer.memory, or the broker refuses it by max.message.bytes. The
	// record was not written.
	ErrRecordTooLarge = errors.New("the record is too large")
	// ErrClosed: the producer or consumer was closed. A record that is refused on the way in was not written; one
	// that Close gave up because its context ended may have been.
	ErrClosed = errors.New("closed")
)

// The classes of errors, as the label "class" of metrics.
const (
	classTimeout           = "timeout"
	classNotEnoughReplicas = "not_enough_replicas"
	classLeadership        = "leadership"
	classTooLarge          = "too_large"
	classAuth              = "auth"
	classThrottled         = "throttled"
	classNetwork           = "network"
	classBufferFull        = "buffer_full"
	classOther             = "other"
)

// errorClasses returns every class, so that metrics can start each at 0.
func errorClasses() []string {
	return []string{
		classTimeout, classNotEnoughReplicas, classLeadership, classTooLarge, classAuth,
		classThrottled, classNetwork, classBufferFull, classOther,
	}
}

// errorClass names the class of err. A delivery timeout is a timeout, whatever the last attempt failed with.
func errorClass(err error) string {
	switch {
	case errors.Is(err, ErrBufferFull):
		return classBufferFull
	case errors.Is(err, ErrDeliveryTimeout):
		return classTimeout
	case errors.Is(err, ErrRecordTooLarge):
		return classTooLarge
	}
	if code, ok := errors.AsType[kafka.Error](err); ok {
		return codeClass(code)
	}
	return localClass(err)
}

// codeClass names the class of an error that a broker answered with.
func codeClass(code kafka.Error) string {
	switch code { //nolint:exhaustive // every other code is classOther
	case kafka.RequestTimedOut:
		return classTimeout
	case kafka.NotEnoughReplicas, kafka.NotEnoughReplicasAfterAppend:
		return classNotEnoughReplicas
	case kafka.UnknownTopicOrPartition, kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.BrokerNotAvailable,
		kafka.ReplicaNotAvailable, kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch, kafka.KafkaStorageError,
		kafka.ListenerNotFound, kafka.PreferredLeaderNotAvailable, kafka.EligibleLeadersNotAvailable, kafka.UnknownTopicID,
		kafka.GroupCoordinatorNotAvailable, kafka.NotCoordinatorForGroup, kafka.GroupLoadInProgress:
		return classLeadership
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge, kafka.InvalidMessageSize:
		return classTooLarge
	case kafka.TopicAuthorizationFailed, kafka.GroupAuthorizationFailed, kafka.ClusterAuthorizationFailed,
		kafka.TransactionalIDAuthorizationFailed, kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism,
		kafka.IllegalSASLState, kafka.SecurityDisabled, kafka.BrokerAuthorizationFailed, kafka.DelegationTokenAuthorizationFailed:
		return classAuth
	case kafka.ThrottlingQuotaExceeded:
		return classThrottled
	case kafka.NetworkException:
		return classNetwork
	default:
		return classOther
	}
}

// localClass names the class of an error that arose on this side of the connection.
func localClass(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case isNoLeader(err):
		return classLeadership
	case isTLSRefusal(err):
		return classAuth
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		return classTimeout
	case isNetwork(err):
		return classNetwork
	default:
		return classOther
	}
}

// isNoLeader says whether kafka-go's transport could not route a request for want of a known leader.
func isNoLeader(err error) bool {
	return errors.Is(err, protocol.ErrNoLeader) || errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition)
}

// isTLSRefusal says whether one side refused the other's certificate or protocol: waiting doesn't heal it.
func isTLSRefusal(err error) bool {
	var (
		verify  *tls.CertificateVerificationError
		alert   tls.AlertError
		header  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
	)
	return errors.As(err, &verify) || errors.As(err, &alert) || errors.As(err, &header) ||
		errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid)
}

func isNetwork(err error) bool {
	var (
		op    *net.OpError
		dns   *net.DNSError
		errno syscall.Errno
	)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.As(err, &op) || errors.As(err, &dns) || errors.As(err, &errno)
}

// retriable says whether the same request may succeed later: Kafka's own list of retriable codes, a lost connection,
// a missing leader, a request that took too long.
func retriable(err error) bool {
	if code, ok := errors.AsType[kafka.Error](err); ok {
		return code.Temporary() || code == kafka.BrokerNotAvailable
	}
	switch localClass(err) {
	case classLeadership, classTimeout, classNetwork:
		return true
	default:
		return false
	}
}
