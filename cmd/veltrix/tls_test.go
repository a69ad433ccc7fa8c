package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/veltrix/veltrix/internal/etcdtest"
	"github.com/veltrix/veltrix/store"
)

const secret = "tally-ho-7531"

// secure is a world in which everything speaks mutual TLS, and Prometheus wants a password.
func secure(t *testing.T) (*world, *etcdtest.Certificates) {
	t.Helper()
	c := etcdtest.NewCertificates(t)
	w := &world{t: t, dir: t.TempDir(), etcd: etcdtest.StartWith(t, etcdtest.Options{Certificates: c})}
	w.linger.Store(1000)
	w.prometheus = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "veltrix" || password != secret {
			http.Error(rw, "who are you?", http.StatusUnauthorized)
			return
		}
		w.answer(rw, r)
	}))
	w.prometheus.TLS = &tls.Config{Certificates: []tls.Certificate{pair(t, c.ServerCertFile, c.ServerKeyFile)}, ClientCAs: pool(t, c), ClientAuth: tls.RequireAndVerifyClientCert}
	w.prometheus.StartTLS()
	t.Cleanup(w.prometheus.Close)
	s, err := store.Open(t.Context(), store.Options{
		App: "hunt", Endpoints: w.etcd.Endpoints(), TLS: store.TLSOptions{CAFile: c.CAFile, CertFile: c.ClientCertFile, KeyFile: c.ClientKeyFile},
	})
	require.NoError(t, err)
	w.store = s
	w.instance()
	w.write("password", secret+"\n")
	w.write("rules.yml", rulesFile)
	files := fmt.Sprintf("{ca_file: %s, cert_file: %s, key_file: %s}", c.CAFile, c.ClientCertFile, c.ClientKeyFile)
	w.write("veltrix.yml", fmt.Sprintf(`app: hunt
mode: enforce
interval: 1s
prometheus: {url: %q, basic_auth: {username: veltrix, password_file: password}, tls_config: %s}
etcd: {endpoints: [%q], tls_config: %s, leader_ttl: 1s}
rule_files: [rules.yml]
load: load
objectives: [{name: p99, expr: "max_over_time(latency[2s])", max: 0.150}]
decision_log: {file: decisions.jsonl}
`, w.prometheus.URL, files, w.etcd.Endpoints()[0], files))
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), bcrypt.MinCost)
	require.NoError(t, err)
	w.write("web.yml", fmt.Sprintf(`tls_server_config: {cert_file: %s, key_file: %s, client_ca_file: %s, client_auth_type: RequireAndVerifyClientCert}
basic_auth_users: {ann: %s}
`, c.ServerCertFile, c.ServerKeyFile, c.CAFile, hash))
	return w, c
}

func pair(t *testing.T, cert, key string) tls.Certificate {
	t.Helper()
	p, err := tls.LoadX509KeyPair(cert, key)
	require.NoError(t, err)
	return p
}

func pool(t *testing.T, c *etcdtest.Certificates) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(c.CAFile)
	require.NoError(t, err)
	p := x509.NewCertPool()
	require.True(t, p.AppendCertsFromPEM(pem))
	return p
}

// Etcd, Prometheus and the sidecar's own listener with mutual TLS and passwords: the loop does its work, who lacks a certificate
// or the password gets nothing, and no secret is in anything that the sidecar writes or shows.
func TestEverythingOverMutualTLS(t *testing.T) {
	w, c := secure(t)
	s := w.start(binary(t), "one", "--web.config.file="+w.dir+"/web.yml", "--web.enable-admin-api", "--log.level=debug")
	eventually(t, "it heals", func() bool { return w.linger.Load() == 63 && w.trialOver() })

	with := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: pool(t, c), Certificates: []tls.Certificate{pair(t, c.ClientCertFile, c.ClientKeyFile)}, MinVersion: tls.VersionTLS12,
	}}}
	defer with.CloseIdleConnections()
	without := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool(t, c), MinVersion: tls.VersionTLS12}}}
	defer without.CloseIdleConnections()
	url := strings.Replace(s.url, "http://", "https://", 1)

	_, _, err := ask(t, without, url+"/api/v1/status", secret)
	require.ErrorContains(t, err, "certificate")
	code, _, err := ask(t, with, url+"/api/v1/status", "wrong")
	require.NoError(t, err)
	require.Equal(t, http.StatusUnauthorized, code)
	var all strings.Builder
	for _, path := range []string{"/", "/metrics", "/api/v1/status", "/api/v1/rules", "/api/v1/settings", "/api/v1/decisions", "/api/v1/openapi.yaml", "/-/ready"} {
		code, body, err := ask(t, with, url+path, secret)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, code, path)
		all.WriteString(body)
	}
	for _, name := range []string{"one.log", "decisions.jsonl"} {
		content, err := os.ReadFile(w.dir + "/" + name)
		require.NoError(t, err)
		require.NotEmpty(t, content)
		all.Write(content)
	}
	require.NotContains(t, all.String(), secret)
	require.NotContains(t, all.String(), "PRIVATE KEY")
}

// ask asks as ann.
func ask(t *testing.T, client *http.Client, url, password string) (code int, body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	req.SetBasicAuth("ann", password)
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
