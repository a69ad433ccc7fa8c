package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/kafkaserver"
)

// kafkaOr is what starts a service. Kafka's image starts by a script of its own, and is the only one that has to be told.
func (s *stack) kafkaOr(service string) []string {
	if service == "kafka" {
		return s.kafka()
	}
	return s.argv(service)
}

// kafka does what the image's start does with the service's environment: server.properties of it, a formatted storage. It
// returns the server's command. The broker is Apache Kafka of the same version, from its jars.
func (s *stack) kafka() []string {
	s.t.Helper()
	require.Equal(s.t, "apache/kafka:"+kafkaserver.DefaultVersion, s.images["kafka"].from, "the tests run another Kafka than the image")
	var err error
	s.jars, err = kafkaserver.Jars(s.t.Context(), kafkaserver.DefaultVersion)
	require.NoError(s.t, err)
	s.launcher("kafka-broker-api-versions.sh", "org.apache.kafka.tools.BrokerApiVersionsCommand")
	s.launcher("kafka-server", "kafka.Kafka")
	s.launcher("kafka-storage", "kafka.tools.StorageTool")

	properties, cluster := s.properties()
	file := filepath.Join(s.dir, "server.properties")
	require.NoError(s.t, os.WriteFile(file, []byte(properties), 0o600))
	s.run(s.command("kafka", "kafka-storage", "format", "-t", cluster, "-c", file))
	return []string{"kafka-server", file}
}

// properties follows the image's rule: KAFKA_X_Y is x.y, but for the variables that are the Java machine's.
func (s *stack) properties() (text, cluster string) {
	var b strings.Builder
	for _, e := range s.environ("kafka") {
		name, value, _ := strings.Cut(e, "=")
		switch {
		case name == "CLUSTER_ID":
			cluster = value
		case slices.Contains([]string{"KAFKA_OPTS", "KAFKA_HEAP_OPTS"}, name):
		case strings.HasPrefix(name, "KAFKA_"):
			b.WriteString(strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "KAFKA_")), "_", ".") + "=" + value + "\n")
		}
	}
	return b.String(), cluster
}

// launcher makes a script that starts a class as Kafka's own scripts do: with KAFKA_OPTS and KAFKA_HEAP_OPTS.
func (s *stack) launcher(name, class string) {
	logging := filepath.Join(s.dir, "log4j2.properties")
	require.NoError(s.t, os.WriteFile(logging, []byte("rootLogger.level = ERROR\n"), 0o600))
	script := "#!/bin/sh\nexec java $KAFKA_HEAP_OPTS $KAFKA_OPTS -Dlog4j2.configurationFile=" + logging +
		" -cp '" + s.jars + "/*' " + class + " \"$@\"\n"
	script = strings.ReplaceAll(script, "$KAFKA_OPTS", "$(echo $KAFKA_OPTS | sed 's|/opt/jmx/|"+s.agent()+"/|')")
	require.NoError(s.t, os.WriteFile(filepath.Join(s.tools, name), []byte(script), 0o700)) //nolint:gosec // it is to be run
}

// agent fetches the exporter that the Dockerfile adds, checks its sum, and returns the folder that has it under the
// Dockerfile's name for it.
func (s *stack) agent() string {
	s.t.Helper()
	add := regexp.MustCompile(`sha256:([0-9a-f]{64}) +\S+/(jmx_prometheus_javaagent)-([\d.]+)\.jar +/opt/jmx/(\S+)`).
		FindStringSubmatch(strings.Join(s.images["kafka"].lines, "\n"))
	require.NotNil(s.t, add)
	cache, err := os.UserCacheDir()
	require.NoError(s.t, err)
	dir := filepath.Join(cache, "veltrix", add[2]+"-"+add[3])
	jar := filepath.Join(dir, add[4])
	if _, err := os.Stat(jar); err != nil {
		require.NoError(s.t, os.MkdirAll(dir, 0o700))
		s.run(exec.CommandContext(s.t.Context(), "mvn", "--batch-mode", "--quiet", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
			"-Dartifact=io.prometheus.jmx:"+add[2]+":"+add[3], "-DoutputDirectory="+dir))
		require.NoError(s.t, os.Rename(filepath.Join(dir, add[2]+"-"+add[3]+".jar"), jar))
	}
	require.Equal(s.t, add[1], sum(s.t, jar))
	return dir
}
