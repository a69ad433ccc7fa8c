package sidecar

import (
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"github.com/veltrix/veltrix/settings"
	"github.com/veltrix/veltrix/tuner"
)

// Config is the sidecar's configuration file. Unknown keys are refused.
type Config struct {
	// App is the application's name, as in the keys below /veltrix/v1/apps/. Required.
	App string `yaml:"app"`
	// Selector is added to every selector of every expression, for example {job="hunt-engine"}.
	Selector string `yaml:"selector"`
	// Mode is off, shadow (decides and writes nothing) or enforce; shadow if empty. A rule's own mode can only be weaker.
	Mode tuner.Mode `yaml:"mode"`
	// Interval is the time between ticks; 5s, at least 1s.
	Interval model.Duration `yaml:"interval"`
	// Prometheus is where measurements come from. Required.
	Prometheus PrometheusConfig `yaml:"prometheus"`
	// Etcd is where documents go. Required.
	Etcd EtcdConfig `yaml:"etcd"`
	// RuleFiles are shipped packs (pack:NAME), files and patterns of files. A relative path begins at the configuration's folder.
	RuleFiles []RuleFile `yaml:"rule_files"`
	// Load is the expression of the application's load, one series. Required.
	Load string `yaml:"load"`
	// Objectives are what must hold; at least one.
	Objectives []Objective `yaml:"objectives"`
	// Optimize is what is made cheap while every objective holds; nothing if left out.
	Optimize *Optimize `yaml:"optimize"`
	// Bounds are the application's own limits, inside those of the table of settings.
	Bounds settings.Bounds `yaml:"bounds"`
	// Pins are settings that the loop never moves, with the value that they are to have.
	Pins settings.Values `yaml:"pins"`
	// Limits are those of the tuner.
	Limits Limits `yaml:"limits"`
	// Brokers is where broker.* settings are applied; nowhere if it has no endpoints.
	Brokers BrokersConfig `yaml:"brokers"`
	// Grafana gets an annotation for each change; none if its url is empty.
	Grafana GrafanaConfig `yaml:"grafana"`
	// DecisionLog keeps every tick's inputs and result for replay; none if its file is empty.
	DecisionLog DecisionLogConfig `yaml:"decision_log"`

	// dir is the folder of the configuration file.
	dir string
}

// PrometheusConfig says how Prometheus is asked. Beside these keys it takes all of Prometheus's http_config: basic_auth,
// authorization, oauth2, tls_config, proxy_url and the others.
type PrometheusConfig struct {
	// URL is the base of the HTTP API. Required.
	URL string `yaml:"url"`
	// Timeout bounds one query; 45 % of the interval, which is also the most.
	Timeout model.Duration `yaml:"timeout"`
	// MaxConcurrency is the number of queries under way at once; 8.
	MaxConcurrency int `yaml:"max_concurrency"`
	// QueryOffset moves the time of every query into the past, for samples that come late; 0s.
	QueryOffset model.Duration `yaml:"query_offset"`

	HTTP promconfig.HTTPClientConfig `yaml:",inline"`
}

// EtcdConfig says how etcd is reached.
type EtcdConfig struct {
	// Endpoints are the members' URLs. Required.
	Endpoints []string `yaml:"endpoints"`
	// Username is etcd's user, its password is the first line of PasswordFile.
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
	// TLS is for https endpoints.
	TLS EtcdTLS `yaml:"tls_config"`
	// DialTimeout bounds one attempt to connect; 5s. RequestTimeout bounds one request; 5s.
	DialTimeout    model.Duration `yaml:"dial_timeout"`
	RequestTimeout model.Duration `yaml:"request_timeout"`
	// LeaderTTL is how long a sidecar that is not heard of stays the leader, in whole seconds; 10s.
	LeaderTTL model.Duration `yaml:"leader_ttl"`
}

// EtcdTLS names files in PEM.
type EtcdTLS struct {
	// CAFile has the authorities that the server's certificate must be signed by; the system's if empty.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are the client's certificate and key, for mutual TLS; both or neither.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ServerName is the name that the server's certificate must have; the endpoint's if empty.
	ServerName string `yaml:"server_name"`
}

// RuleFile is one entry of rule_files: a text (pack:NAME, a path or a pattern), or a mapping with a range.
type RuleFile struct {
	// Pack is a shipped pack's name, File a path or pattern; exactly one of them.
	Pack string `yaml:"pack"`
	File string `yaml:"file"`
	// Range replaces the range of every range selector; as written if 0.
	Range model.Duration `yaml:"range"`
}

// Objective is one promise.
type Objective struct {
	// Name is unique. Required.
	Name string `yaml:"name"`
	// Expr gives the reading, one series. Required.
	Expr string `yaml:"expr"`
	// Max is the most, Min the least that the reading may be; one of them is required.
	Max *float64 `yaml:"max"`
	Min *float64 `yaml:"min"`
	// Ceiling is where the reading is cut off, such as a histogram's highest bucket; at or above it the objective is broken.
	Ceiling float64 `yaml:"ceiling"`
}

// Optimize says what is made cheap.
type Optimize struct {
	// Expr gives the cost, one series. Required.
	Expr string `yaml:"expr"`
	// Goal is minimize or maximize. Required.
	Goal tuner.Goal `yaml:"goal"`
	// NotDuring are times of the week in which nothing is optimised: a sale, a report at night.
	NotDuring []Hours `yaml:"not_during"`
}

// Hours are times of the week, in UTC.
type Hours struct {
	// Days are the days on which they begin, such as saturday; every day if there are none.
	Days []string `yaml:"days"`
	// From and To are times of the day, as 22:00. Where To is not after From, it is the next day's.
	From string `yaml:"from"`
	To   string `yaml:"to"`
}

// Limits are the tuner's limits; package tuner explains them.
type Limits struct {
	AckTimeout       model.Duration `yaml:"ack_timeout"`
	Cooldown         model.Duration `yaml:"cooldown"`
	Stabilization    model.Duration `yaml:"stabilization"`
	MinHistory       model.Duration `yaml:"min_history"`
	FailedFor        model.Duration `yaml:"failed_for"`
	ForeignFor       model.Duration `yaml:"foreign_for"`
	DeadBand         float64        `yaml:"dead_band"`
	OptimizeStep     float64        `yaml:"optimize_step"`
	LoadShift        float64        `yaml:"load_shift"`
	UnhealthyShare   float64        `yaml:"unhealthy_share"`
	ChangesPerHour   int            `yaml:"changes_per_hour"`
	ReversalsPerHour int            `yaml:"reversals_per_hour"`
	BlindTicks       int            `yaml:"blind_ticks"`
	BlindMode        string         `yaml:"blind_mode"`
}

// BrokersConfig says how the Kafka cluster is reached whose broker.* settings the loop may move. Without endpoints it moves
// none. Only the leader does, in the mode enforce.
type BrokersConfig struct {
	// Endpoints are brokers to begin with, as host:port.
	Endpoints []string `yaml:"endpoints"`
	// TLS is used if it has any key.
	TLS *promconfig.TLSConfig `yaml:"tls_config"`
	// SASL is used if it has a mechanism.
	SASL BrokersSASL `yaml:"sasl"`
}

// BrokersSASL is who the sidecar is to the brokers; it needs Alter and DescribeConfigs on the cluster.
type BrokersSASL struct {
	// Mechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.
	Mechanism string `yaml:"mechanism"`
	// Username is the user, its password is the first line of PasswordFile.
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
}

// GrafanaConfig says where changes are annotated. Beside these keys it takes all of Prometheus's http_config; a service
// account's token goes into a file: authorization: {credentials_file: …}.
type GrafanaConfig struct {
	// URL is Grafana's address; nothing is annotated if it is empty.
	URL string `yaml:"url"`
	// Tags are added to veltrix, the application and the decision's reason.
	Tags []string `yaml:"tags"`

	HTTP promconfig.HTTPClientConfig `yaml:",inline"`
}

// DecisionLogConfig says where the decision log goes and when it is rotated.
type DecisionLogConfig struct {
	// File is its path; no log is kept if it is empty.
	File string `yaml:"file"`
	// MaxSizeMB is the size at which it is rotated, in MiB; 64. MaxBackups is the number of old files kept; 10.
	MaxSizeMB  int `yaml:"max_size_mb"`
	MaxBackups int `yaml:"max_backups"`
}

// tuner returns the configuration of the decision; longest is how far back any expression looks.
func (c *Config) tuner(longest time.Duration) tuner.Config {
	l := c.Limits
	t := tuner.Config{
		App: c.App, Mode: c.Mode, Bounds: c.Bounds, Pins: c.Pins,
		Interval: time.Duration(c.Interval), LongestRange: longest,
		AckTimeout: time.Duration(l.AckTimeout), Cooldown: time.Duration(l.Cooldown),
		Stabilization: time.Duration(l.Stabilization), MinHistory: time.Duration(l.MinHistory),
		FailedFor: time.Duration(l.FailedFor), ForeignFor: time.Duration(l.ForeignFor),
		DeadBand: l.DeadBand, OptimizeStep: l.OptimizeStep, LoadShift: l.LoadShift, UnhealthyShare: l.UnhealthyShare,
		ChangesPerHour: l.ChangesPerHour, ReversalsPerHour: l.ReversalsPerHour,
		BlindTicks: l.BlindTicks, BlindMode: l.BlindMode,
	}
	for _, o := range c.Objectives {
		t.Objectives = append(t.Objectives, tuner.Objective{Name: o.Name, Max: o.Max, Min: o.Min, Ceiling: o.Ceiling})
	}
	if c.Optimize != nil {
		t.Goal, t.NoOptimize = c.Optimize.Goal, c.Optimize.calendar()
	}
	return t.WithDefaults()
}
