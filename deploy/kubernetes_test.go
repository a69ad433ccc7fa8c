package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// objects builds a folder as kubectl apply -k does, and decodes what comes out strictly: a field that Kubernetes doesn't know
// fails.
func objects(t *testing.T, dir string) map[string]runtime.Object {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join("kubernetes", dir))
	require.NoError(t, err)
	decode := strictly(t)
	all := map[string]runtime.Object{}
	for _, r := range built.Resources() {
		text, err := r.AsYAML()
		require.NoError(t, err)
		o, err := decode(text)
		require.NoError(t, err, "%s\n%s", r.CurId(), text)
		all[r.GetKind()+"/"+r.OrgId().Name] = o
	}
	return all
}

// strictly decodes one object of the kinds that are used here.
func strictly(t *testing.T) func([]byte) (runtime.Object, error) {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{appsv1.AddToScheme, corev1.AddToScheme, policyv1.AddToScheme, networkingv1.AddToScheme} {
		require.NoError(t, add(scheme))
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	return func(text []byte) (runtime.Object, error) {
		o, _, err := decoder.Decode(text, nil, nil)
		return o, err
	}
}

func TestAMisspeltFieldIsSeen(t *testing.T) {
	decode := strictly(t)
	raw, err := os.ReadFile("kubernetes/base/deployment.yaml")
	require.NoError(t, err)
	_, err = decode(raw)
	require.NoError(t, err)
	_, err = decode([]byte(strings.Replace(string(raw), "restartPolicy:", "restartPolcy:", 1)))
	require.ErrorContains(t, err, "restartPolcy")
}

func TestKubernetesTakesTheManifests(t *testing.T) {
	for _, dir := range []string{"base", "overlays/example"} {
		t.Run(dir, func(t *testing.T) {
			all := objects(t, dir)
			d := all["Deployment/hunt-engine"].(*appsv1.Deployment)
			labels := d.Spec.Template.Labels
			for k, v := range d.Spec.Selector.MatchLabels {
				require.Equal(t, v, labels[k])
			}
			for k, v := range all["Service/hunt-engine"].(*corev1.Service).Spec.Selector {
				require.Equal(t, v, labels[k])
			}
			for k, v := range all["PodDisruptionBudget/hunt-engine"].(*policyv1.PodDisruptionBudget).Spec.Selector.MatchLabels {
				require.Equal(t, v, labels[k])
			}
			for k, v := range all["NetworkPolicy/hunt-engine"].(*networkingv1.NetworkPolicy).Spec.PodSelector.MatchLabels {
				require.Equal(t, v, labels[k])
			}
			require.Contains(t, all, "ServiceAccount/"+d.Spec.Template.Spec.ServiceAccountName)
			pod := d.Spec.Template.Spec
			requireVolumes(t, pod, all)
			for _, c := range append(pod.Containers, pod.InitContainers...) {
				requireProbes(t, c)
				requireHardened(t, pod, c)
			}
		})
	}
}

// Veltrix may neither delay the application nor take it out of service.
func TestTheSidecarIsNative(t *testing.T) {
	pod := objects(t, "base")["Deployment/hunt-engine"].(*appsv1.Deployment).Spec.Template.Spec
	require.Len(t, pod.InitContainers, 1)
	sidecar := pod.InitContainers[0]
	require.Equal(t, "veltrix", sidecar.Name)
	require.Equal(t, corev1.ContainerRestartPolicyAlways, *sidecar.RestartPolicy)
	require.Nil(t, sidecar.StartupProbe)
	require.Nil(t, sidecar.ReadinessProbe)
	require.NotContains(t, strings.Join(sidecar.Args, " "), "admin-api")
}

func requireVolumes(t *testing.T, pod corev1.PodSpec, all map[string]runtime.Object) {
	t.Helper()
	volumes := map[string]bool{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = true
		if v.ConfigMap == nil {
			continue
		}
		require.NotEmpty(t, content(all, v.ConfigMap.Name), "nothing makes the config map %s", v.ConfigMap.Name)
	}
	for _, c := range append(pod.Containers, pod.InitContainers...) {
		for _, m := range c.VolumeMounts {
			require.True(t, volumes[m.Name], "%s mounts %s", c.Name, m.Name)
		}
	}
}

// content is what a config map has, whose name ends with a sum of it.
func content(all map[string]runtime.Object, name string) map[string]string {
	for _, o := range all {
		if c, ok := o.(*corev1.ConfigMap); ok && c.Name == name {
			return c.Data
		}
	}
	return nil
}

func requireProbes(t *testing.T, c corev1.Container) {
	t.Helper()
	ports := map[string]bool{}
	for _, p := range c.Ports {
		ports[p.Name] = true
	}
	require.NotNil(t, c.LivenessProbe, c.Name)
	for _, p := range []*corev1.Probe{c.LivenessProbe, c.ReadinessProbe, c.StartupProbe} {
		if p != nil {
			require.True(t, ports[p.HTTPGet.Port.String()], "%s: %s", c.Name, p.HTTPGet.Port.String())
			require.Contains(t, []string{"/-/healthy", "/-/ready"}, p.HTTPGet.Path)
		}
	}
}

func requireHardened(t *testing.T, pod corev1.PodSpec, c corev1.Container) {
	t.Helper()
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.Equal(t, corev1.SeccompProfileTypeRuntimeDefault, pod.SecurityContext.SeccompProfile.Type)
	s := c.SecurityContext
	require.True(t, *s.ReadOnlyRootFilesystem)
	require.False(t, *s.AllowPrivilegeEscalation)
	require.Equal(t, []corev1.Capability{"ALL"}, s.Capabilities.Drop)
	require.NotEmpty(t, c.Resources.Requests)
	require.Contains(t, c.Resources.Limits, corev1.ResourceMemory)
}

// Each container's arguments and configuration are what its program takes.
func TestTheProgramsTakeTheirArguments(t *testing.T) {
	all := objects(t, "base")
	pod := all["Deployment/hunt-engine"].(*appsv1.Deployment).Spec.Template.Spec
	for _, c := range append(pod.Containers, pod.InitContainers...) {
		dir := t.TempDir()
		for name, text := range configOf(t, pod, c, all) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
		}
		args := []string{"run", "../cmd/" + c.Name, "--config.check"}
		for _, a := range c.Args {
			args = append(args, strings.Replace(a, "/etc/"+c.Name, dir, 1))
		}
		out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "is fine: application hunt-engine")
		require.Equal(t, []string{"/usr/local/bin/" + c.Name}, stages(t)[c.Name].entrypoint)
	}
}

// configOf is what lies in /etc of a container.
func configOf(t *testing.T, pod corev1.PodSpec, c corev1.Container, all map[string]runtime.Object) map[string]string {
	t.Helper()
	for _, m := range c.VolumeMounts {
		if m.MountPath != "/etc/"+c.Name {
			continue
		}
		for _, v := range pod.Volumes {
			if v.Name == m.Name {
				return content(all, v.ConfigMap.Name)
			}
		}
	}
	t.Fatalf("%s has no configuration", c.Name)
	return nil
}
