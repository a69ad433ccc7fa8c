package sidecar

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"

	"github.com/veltrix/veltrix/rules"
	"github.com/veltrix/veltrix/tuner"
)

// Defaults of the configuration.
const (
	defaultInterval    = 5 * time.Second
	minInterval        = time.Second
	defaultConcurrency = 8
	queryShare         = 0.45 // of the interval: below half, so that a tick has time for the rest
	defaultLogMB       = 64
	defaultLogBackups  = 10
)

// UnmarshalYAML reads a text or a mapping.
func (f *RuleFile) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		if pack, ok := strings.CutPrefix(n.Value, "pack:"); ok {
			f.Pack = pack
		} else {
			f.File = n.Value
		}
		return nil
	}
	type plain RuleFile
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k := n.Content[i]; !slices.Contains([]string{"pack", "file", "range"}, k.Value) {
			return fmt.Errorf("line %d: unknown key %q in rule_files; known are pack, file, range", k.Line, k.Value)
		}
	}
	if err := n.Decode((*plain)(f)); err != nil {
		return err
	}
	if (f.Pack == "") == (f.File == "") {
		return fmt.Errorf("line %d: an entry of rule_files has either pack or file", n.Line)
	}
	return nil
}

// LoadConfig reads and checks a configuration file. Its error names the file and, where there is one, the line, and says
// what to do; several complaints are joined.
func LoadConfig(path string) (*Config, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(content))
	dec.KnownFields(true)
	c := &Config{dir: filepath.Dir(path)}
	if err := dec.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	c.fill()
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

// fill puts defaults in place of what is left out.
func (c *Config) fill() {
	if c.Mode == "" {
		c.Mode = tuner.ModeShadow
	}
	if c.Interval == 0 {
		c.Interval = model.Duration(defaultInterval)
	}
	p := &c.Prometheus
	if p.Timeout == 0 {
		p.Timeout = model.Duration(queryShare * float64(c.Interval))
	}
	if p.MaxConcurrency == 0 {
		p.MaxConcurrency = defaultConcurrency
	}
	p.HTTP.SetDirectory(c.dir)
	c.Grafana.HTTP.SetDirectory(c.dir)
	c.Brokers.TLS.SetDirectory(c.dir)
	e := &c.Etcd
	for _, path := range []*string{&e.PasswordFile, &e.TLS.CAFile, &e.TLS.CertFile, &e.TLS.KeyFile, &c.Brokers.SASL.PasswordFile, &c.DecisionLog.File} {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(c.dir, *path)
		}
	}
	if c.DecisionLog.MaxSizeMB == 0 {
		c.DecisionLog.MaxSizeMB = defaultLogMB
	}
	if c.DecisionLog.MaxBackups == 0 {
		c.DecisionLog.MaxBackups = defaultLogBackups
	}
}

// Validate says what is wrong, all complaints joined; nil if nothing is. It also reads the rule files.
func (c *Config) Validate() error {
	errs := []error{c.validateParts(), c.validateExpressions(), c.Bounds.Check(), c.Prometheus.HTTP.Validate(), c.Grafana.HTTP.Validate()}
	set, err := c.loadRules(nil)
	if err != nil {
		errs = append(errs, err)
	} else {
		errs = append(errs, c.tuner(set.longest).Validate())
	}
	return errors.Join(errs...)
}

func (c *Config) validateParts() error {
	var errs []error
	refuse := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	u, err := url.Parse(c.Prometheus.URL)
	refuse(c.App == "", "app is missing; name the application")
	refuse(!slices.Contains([]tuner.Mode{tuner.ModeOff, tuner.ModeShadow, tuner.ModeEnforce}, c.Mode), "mode is %q; write off, shadow or enforce", c.Mode)
	refuse(time.Duration(c.Interval) < minInterval, "interval is %s; write at least %s", c.Interval, minInterval)
	refuse(err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https", "prometheus.url is %q; write for example http://prometheus:9090", c.Prometheus.URL)
	sasl := c.Brokers.SASL
	refuse(sasl.Mechanism != "" && !slices.Contains([]string{"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"}, sasl.Mechanism), "brokers.sasl.mechanism is %q; write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", sasl.Mechanism)
	refuse((sasl.Mechanism == "") != (sasl.Username == "") || (sasl.Username == "") != (sasl.PasswordFile == ""), "brokers.sasl needs mechanism, username and password_file together")
	grafana, err := url.Parse(c.Grafana.URL)
	refuse(c.Grafana.URL != "" && (err != nil || grafana.Host == ""), "grafana.url is %q; write for example http://grafana:3000", c.Grafana.URL)
	refuse(2*c.Prometheus.Timeout > c.Interval, "prometheus.timeout is %s; write less than half the interval of %s", c.Prometheus.Timeout, c.Interval)
	refuse(c.Prometheus.MaxConcurrency < 1, "prometheus.max_concurrency is %d; write at least 1", c.Prometheus.MaxConcurrency)
	refuse(len(c.Etcd.Endpoints) == 0, "etcd.endpoints is missing; write for example [http://etcd:2379]")
	refuse(len(c.Objectives) == 0, "objectives is missing; without one there is nothing to keep")
	refuse(c.Load == "", "load is missing; write the expression of the application's load")
	refuse(c.Optimize != nil && c.Optimize.Goal != tuner.Minimize && c.Optimize.Goal != tuner.Maximize, "optimize.goal must be minimize or maximize")
	if c.Optimize != nil {
		for _, h := range c.Optimize.NotDuring {
			_, err := h.tuner()
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// validateExpressions parses every expression and adds the selector, so that a mistake is found at the start.
func (c *Config) validateExpressions() error {
	selector, err := rules.ParseSelector(c.Selector)
	if err != nil {
		return err
	}
	var errs []error
	for name, expr := range c.expressions() {
		if expr == "" {
			if name != exprLoad {
				errs = append(errs, fmt.Errorf("%s has no expr", name))
			}
			continue
		}
		if _, err := rules.Scope(expr, selector); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// scoped returns the configuration's own expressions with the application's selector in them.
func (c *Config) scoped() (map[string]string, error) {
	selector, err := rules.ParseSelector(c.Selector)
	if err != nil {
		return nil, err
	}
	all := c.expressions()
	for name, expr := range all {
		if all[name], err = rules.Scope(expr, selector); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

// The names of the configuration's own expressions; an objective's has its own behind it.
const (
	exprLoad      = "load"
	exprObjective = "objective "
	exprOptimize  = "optimize"
)

// expressions returns the configuration's own expressions by a name for people.
func (c *Config) expressions() map[string]string {
	all := map[string]string{exprLoad: c.Load}
	for _, o := range c.Objectives {
		all[exprObjective+o.Name] = o.Expr
	}
	if c.Optimize != nil {
		all[exprOptimize] = c.Optimize.Expr
	}
	return all
}

// longestRange returns how far back any expression looks.
func (c *Config) longestRange(set *rules.Set) time.Duration {
	longest := set.LongestRange()
	for _, expr := range c.expressions() {
		longest = max(longest, rules.LongestRange(expr))
	}
	return longest
}
