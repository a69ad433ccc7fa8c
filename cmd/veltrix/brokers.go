package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/prometheus/common/config"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
	"go.uber.org/zap"

	"github.com/veltrix/veltrix/broker"
	"github.com/veltrix/veltrix/sidecar"
	"github.com/veltrix/veltrix/store"
)

// newActuator returns what applies broker settings while this sidecar leads; nil if none is configured.
func newActuator(c *sidecar.Config, s *store.Store, log *zap.Logger) (func(context.Context), error) {
	b := c.Brokers
	if len(b.Endpoints) == 0 {
		return nil, nil //nolint:nilnil // none is wanted
	}
	transport := &kafka.Transport{ClientID: "veltrix-" + c.App}
	if b.TLS != nil {
		tls, err := config.NewTLSConfig(b.TLS)
		if err != nil {
			return nil, fmt.Errorf("brokers.tls_config: %w", err)
		}
		transport.TLS = tls
	}
	var err error
	if transport.SASL, err = mechanism(b.SASL); err != nil {
		return nil, err
	}
	a, err := broker.New(broker.Options{App: c.App, Brokers: b.Endpoints, Transport: transport, Source: s, Logger: log})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) {
		defer transport.CloseIdleConnections()
		a.Run(ctx)
	}, nil
}

// mechanism reads the password and returns how to log in; nil if nobody is to.
func mechanism(c sidecar.BrokersSASL) (sasl.Mechanism, error) {
	if c.Mechanism == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	content, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return nil, fmt.Errorf("brokers.sasl.password_file: %w", err)
	}
	password, _, _ := strings.Cut(string(content), "\n")
	switch c.Mechanism {
	case "PLAIN":
		return plain.Mechanism{Username: c.Username, Password: password}, nil
	case "SCRAM-SHA-256":
		return scram.Mechanism(scram.SHA256, c.Username, password)
	default:
		return scram.Mechanism(scram.SHA512, c.Username, password)
	}
}
