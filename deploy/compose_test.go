package deploy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
	"github.com/stretchr/testify/require"
)

func sum(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	h := sha256.Sum256(raw)
	return hex.EncodeToString(h[:])
}

// What runs for long is checked, pinned and reachable from this machine alone; what is not ours can't become root by us.
func TestServicesAreFitToRun(t *testing.T) {
	project, images := load(t), stages(t)
	pinned := regexp.MustCompile(`:v?\d+\.\d+\.\d+$|^veltrix/\w+:dev$`)
	short := map[string]bool{"secrets": true, "etcd-users": true, "ctl": true, "load": true}
	for _, s := range project.AllServices() {
		require.Regexp(t, pinned, s.Image, s.Name)
		if s.Build != nil {
			require.Contains(t, images, s.Build.Target, s.Name)
			require.Equal(t, "veltrix/"+s.Build.Target+":dev", s.Image, s.Name)
		}
		if !short[s.Name] {
			require.NotNil(t, s.HealthCheck, "%s has no health check", s.Name)
			require.Equal(t, types.RestartPolicyUnlessStopped, s.Restart, s.Name)
		}
		for _, p := range s.Ports {
			require.Equal(t, "127.0.0.1", p.HostIP, "%s is open to the network", s.Name)
		}
		if strings.HasPrefix(s.Image, "veltrix/") && s.Name != "secrets" && s.Name != "kafka" && s.Name != "etcd-users" {
			require.True(t, s.ReadOnly, s.Name)
			require.Equal(t, []string{"ALL"}, s.CapDrop, s.Name)
		}
	}
	require.Equal(t, "0:0", project.Services["secrets"].User)
	require.Equal(t, "none", project.Services["secrets"].NetworkMode)
}

// No password stands in a file, and each part sees its own alone.
func TestNoPasswordIsWrittenDown(t *testing.T) {
	project := load(t)
	users := map[string][]string{}
	for _, s := range project.AllServices() {
		for k := range s.Environment {
			if strings.Contains(k, "PASSWORD") {
				require.True(t, strings.HasSuffix(k, "__FILE"), "%s: %s", s.Name, k)
			}
		}
		for _, v := range s.Volumes {
			if secret, ok := strings.CutPrefix(v.Source, "secret-"); ok && s.Name != "secrets" {
				require.True(t, v.ReadOnly, s.Name)
				users[secret] = append(users[secret], s.Name)
			}
		}
	}
	require.ElementsMatch(t, []string{"etcd-users"}, users["etcd"])
	require.ElementsMatch(t, []string{"hunt-1", "hunt-2"}, users["hunt"])
	require.ElementsMatch(t, []string{"veltrix-1", "veltrix-2"}, users["veltrix"])
	require.ElementsMatch(t, []string{"ctl"}, users["operator"])
	require.ElementsMatch(t, []string{"grafana"}, users["grafana"])
}
