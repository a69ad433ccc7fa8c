package deploy_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"

	"github.com/veltrix/veltrix/internal/freeport"
	"github.com/veltrix/veltrix/internal/kafkatest"
)

// patience bounds what must happen on a busy machine.
const patience = 4 * time.Minute

// load reads docker-compose.yml as the compose tool does, with its schema, and with every profile.
func load(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithProfiles([]string{"*"}), cli.WithResolvedPaths(true))
	require.NoError(t, err)
	project, err := options.LoadProject(t.Context())
	require.NoError(t, err)
	return project
}

// stack runs the services of a project as processes of this machine. Where a container has an address or a path, a process
// has one of its own; everything else, commands, environment and files, is the project's.
type stack struct {
	t       *testing.T
	dir     string
	project *types.Project
	images  map[string]stage
	ports   map[string]string // by service:port
	tools   string            // comes first in PATH
	jars    string            // of Kafka
}

func newStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{
		t: t, dir: t.TempDir(), project: load(t), images: stages(t), ports: map[string]string{}, tools: t.TempDir(),
	}
	for _, tool := range []string{"curl", "sed", "wget"} {
		_, err := exec.LookPath(tool)
		kafkatest.Need(t, err)
	}
	if os.Geteuid() != 0 { // giving files away is root's, and here everything runs as one user
		require.NoError(t, os.WriteFile(filepath.Join(s.tools, "chown"), []byte("#!/bin/sh\n"), 0o700)) //nolint:gosec // it is to be run
	}
	s.build("./cmd/veltrix", "./cmd/veltrixctl", "./cmd/hunt", "./cmd/lab", "go.etcd.io/etcd/etcdctl/v3")
	s.run(exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(s.tools, "etcd"), "go.etcd.io/etcd/server/v3"))
	return s
}

func (s *stack) build(packages ...string) {
	cmd := exec.CommandContext(s.t.Context(), "go", append([]string{"build", "-o", s.tools}, packages...)...)
	cmd.Dir = ".."
	s.run(cmd)
	if _, err := os.Stat(filepath.Join(s.tools, "v3")); err == nil { // older Go names a binary after the last element
		require.NoError(s.t, os.Rename(filepath.Join(s.tools, "v3"), filepath.Join(s.tools, "etcdctl")))
	}
}

func (s *stack) run(cmd *exec.Cmd) string {
	s.t.Helper()
	out, err := cmd.CombinedOutput()
	require.NoError(s.t, err, "%s\n%s", cmd, out)
	return string(out)
}

// address is where a service's port is on this machine.
func (s *stack) address(service, port string) string {
	key := service + ":" + port
	if s.ports[key] == "" {
		addr, err := freeport.Address()
		require.NoError(s.t, err)
		s.ports[key] = addr
	}
	return s.ports[key]
}

// local rewrites what a service reads: other services' addresses, its own, and the paths of its mounts.
func (s *stack) local(service, text string) string {
	names := append(s.project.ServiceNames(), "0.0.0.0", "127.0.0.1", "localhost")
	slices.SortFunc(names, func(a, b string) int { return len(b) - len(a) })
	addresses := regexp.MustCompile(`\b(` + strings.ReplaceAll(strings.Join(names, "|"), ".", `\.`) + `):(\d{4,5})\b`)
	text = addresses.ReplaceAllStringFunc(text, func(m string) string {
		host, port, _ := strings.Cut(m, ":")
		if _, err := s.project.GetService(host); err != nil {
			host = service
		}
		return s.address(host, port)
	})
	config, err := s.project.GetService(service)
	require.NoError(s.t, err)
	mounts := slices.Clone(config.Volumes)
	slices.SortFunc(mounts, func(a, b types.ServiceVolumeConfig) int { return len(b.Target) - len(a.Target) })
	var paths []string // in one pass, because a path may be a part of another's
	for _, v := range mounts {
		to := s.mounted(service, v.Target)
		if v.Type == types.VolumeTypeVolume {
			to = filepath.Join(s.dir, "volumes", v.Source)
		}
		paths = append(paths, v.Target, to)
	}
	return strings.NewReplacer(paths...).Replace(text)
}

func (s *stack) mounted(service, target string) string { return filepath.Join(s.dir, service, target) }

// mount puts the service's files and volumes into place.
func (s *stack) mount(service string) {
	config, err := s.project.GetService(service)
	require.NoError(s.t, err)
	for _, v := range config.Volumes {
		if v.Type == types.VolumeTypeVolume {
			require.Contains(s.t, s.project.Volumes, v.Source)
			require.NoError(s.t, os.MkdirAll(filepath.Join(s.dir, "volumes", v.Source), 0o700))
			continue
		}
		require.NoError(s.t, filepath.WalkDir(v.Source, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			below, err := filepath.Rel(v.Source, path)
			if err != nil {
				return err
			}
			to := filepath.Join(s.mounted(service, v.Target), below)
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return err
			}
			return os.WriteFile(to, []byte(s.local(service, string(text))), 0o600)
		}), "%s mounts %s", service, v.Source)
	}
}

// argv is what the container would run: its entrypoint and command, or the image's where the service says nothing.
func (s *stack) argv(service string) []string {
	config, err := s.project.GetService(service)
	require.NoError(s.t, err)
	image := stage{entrypoint: []string{filepath.Base(strings.Split(config.Image, ":")[0])}} // as of prom/prometheus
	if config.Build != nil {
		image = s.images[config.Build.Target]
	}
	entrypoint, command := []string(config.Entrypoint), []string(config.Command)
	if config.Entrypoint == nil {
		entrypoint = image.entrypoint
	}
	if config.Command == nil && config.Entrypoint == nil {
		command = image.command
	}
	argv := append(slices.Clone(entrypoint), command...)
	require.NotEmpty(s.t, argv, service)
	for i, a := range argv {
		argv[i] = s.local(service, a)
	}
	argv[0] = filepath.Base(argv[0])
	return argv
}

// environ is the service's environment, with the tools of this machine in the path.
func (s *stack) environ(service string) []string {
	config, err := s.project.GetService(service)
	require.NoError(s.t, err)
	env := []string{"PATH=" + s.tools + ":" + os.Getenv("PATH"), "HOME=" + s.dir}
	for k, v := range config.Environment {
		require.NotNil(s.t, v, "%s: %s has no value", service, k)
		env = append(env, k+"="+s.local(service, *v))
	}
	return env
}

func (s *stack) command(service string, argv ...string) *exec.Cmd {
	path := argv[0]
	if _, err := os.Stat(filepath.Join(s.tools, path)); err == nil {
		path = filepath.Join(s.tools, path)
	}
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), path, argv[1:]...)
	cmd.Env, cmd.Dir = s.environ(service), s.dir
	return cmd
}

// once runs a service that ends by itself.
func (s *stack) once(service string) string {
	s.t.Helper()
	s.mount(service)
	return s.run(s.command(service, s.argv(service)...))
}

// up starts a service and waits until its own health check agrees. What it depends on must be up.
func (s *stack) up(service string) {
	s.t.Helper()
	s.mount(service)
	argv := s.kafkaOr(service)
	s.start(service, s.command(service, argv...))
	s.healthy(service)
}

func (s *stack) start(service string, cmd *exec.Cmd) {
	s.t.Helper()
	log := filepath.Join(s.dir, service+".log")
	out, err := os.Create(log)
	require.NoError(s.t, err)
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	require.NoError(s.t, cmd.Start(), "%s: %s", service, cmd)
	s.t.Cleanup(func() {
		if s.t.Failed() {
			text, _ := os.ReadFile(log)
			s.t.Logf("the end of %s's log:\n%s", service, text[max(0, len(text)-600):])
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		kill := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		_ = cmd.Wait()
	})
}

// healthy runs the service's health check until it succeeds.
func (s *stack) healthy(service string) {
	s.t.Helper()
	config, err := s.project.GetService(service)
	require.NoError(s.t, err)
	require.NotNil(s.t, config.HealthCheck, service)
	var cmd *exec.Cmd
	var out []byte
	for give := time.Now().Add(patience); time.Now().Before(give); time.Sleep(300 * time.Millisecond) {
		cmd = s.check(service, config.HealthCheck.Test)
		if out, err = cmd.CombinedOutput(); err == nil {
			return
		}
	}
	require.NoError(s.t, err, "%s is not healthy: %s\n%s", service, cmd, out)
}

func (s *stack) check(service string, test []string) *exec.Cmd {
	argv := make([]string, len(test)-1)
	for i, a := range test[1:] {
		argv[i] = s.local(service, a)
	}
	if test[0] == "CMD-SHELL" {
		argv = []string{"sh", "-c", strings.ReplaceAll(argv[0], "/opt/kafka/bin/", s.tools+"/")}
	}
	return s.command(service, argv...)
}
