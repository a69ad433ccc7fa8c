package kafkaserver

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// DefaultVersion is the version of Apache Kafka that runs if Options.Version is empty.
const DefaultVersion = "4.3.1"

//go:embed pom.xml
var pom []byte

// ErrUnavailable is wrapped by every error that says that this machine can't run Kafka at all.
var ErrUnavailable = errors.New("a real Kafka needs java (17 or newer) and mvn on the PATH")

// Available returns nil if Java and Maven are on the PATH, and else an error that wraps [ErrUnavailable] and names
// what is missing. It does not look at their versions.
func Available() error {
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%w: %s is missing", ErrUnavailable, tool)
		}
	}
	return nil
}

// Jars returns the folder with the server's jars, fetching them first if this user never did. Several processes may
// do so at once: each fetches into a folder of its own, and the first to finish wins.
func Jars(ctx context.Context, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder for Kafka's jars: %w", err)
	}
	home := filepath.Join(cache, "veltrix", "kafka-"+version)
	if complete(home) {
		return home, nil
	}
	if err := os.MkdirAll(filepath.Dir(home), 0o755); err != nil {
		return "", fmt.Errorf("make a folder for Kafka's jars: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(home), "fetching-")
	if err != nil {
		return "", fmt.Errorf("make a folder for Kafka's jars: %w", err)
	}
	defer os.RemoveAll(tmp)
	if err := fetch(ctx, tmp, version); err != nil {
		return "", err
	}
	if err := os.Rename(tmp, home); err != nil && !complete(home) {
		return "", fmt.Errorf("keep Kafka's jars: %w", err)
	}
	return home, nil
}

func complete(home string) bool {
	found, err := filepath.Glob(filepath.Join(home, "kafka_2.13-*.jar"))
	return err == nil && len(found) > 0
}

func fetch(ctx context.Context, dir, version string) error {
	project := filepath.Join(dir, "pom.xml")
	if err := os.WriteFile(project, pom, 0o600); err != nil {
		return fmt.Errorf("write the pom for Kafka's jars: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mvn", "--batch-mode", "--quiet", "--file", project,
		"dependency:copy-dependencies", "-Dkafka.version="+version, "-DoutputDirectory="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("fetch Apache Kafka %s by Maven: %w\n%s", version, err, out)
	}
	return nil
}
