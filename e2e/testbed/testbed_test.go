package testbed

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"

	"github.com/fleetgate/fleetgate/e2e/testbed/image"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

const probeImage = "fleetgate/probe:test"

// TestClusters brings a hub and a member up beside whatever testbed runs, tries every way
// that the suites rely on, and takes them down without a trace.
func TestClusters(t *testing.T) {
	if os.Getenv("FLEETGATE_E2E") != "1" {
		t.Skip("needs root and real clusters: set FLEETGATE_E2E=1")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	options := Options{
		Prefix: "fgself", Members: []string{"member"},
		Network:  netip.MustParsePrefix("10.214.0.0/16"),
		PodCIDRs: map[string]netip.Prefix{"member": netip.MustParsePrefix("10.215.7.0/24")},
	}
	f, err := Up(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { checkDown(t, f) })

	again, err := Up(ctx, options)
	if err != nil || !again.journal.Ready.Equal(f.journal.Ready) {
		t.Fatalf("a whole testbed is not taken over: %v", err)
	}
	if err := f.RegisterMembers(ctx); err != nil {
		t.Fatal(err)
	}
	loadProbe(ctx, t, f)
	hub, member := f.Hub, f.Members[0]
	hubPod, memberPod := startProbe(ctx, t, hub), startProbe(ctx, t, member)
	service := exposeProbe(ctx, t, member)

	t.Run("pod to pod across clusters keeps the client's address", func(t *testing.T) {
		expect(t, via(hubPod, "http://"+memberPod), "client "+hubPod+":")
	})
	t.Run("pod to Service", func(t *testing.T) {
		expect(t, via(memberPod, "http://"+service), "pod probe")
	})
	t.Run("host and pods of other clusters to a load balancer", func(t *testing.T) {
		address := balanceProbe(ctx, t, member)
		expect(t, "http://"+address, "pod probe")
		expect(t, via(hubPod, "http://"+address), "pod probe")
	})
	t.Run("pod to its API through the Service kubernetes", func(t *testing.T) {
		address := member.ServiceCIDR.Addr().Next().String()
		expect(t, via(memberPod, "https://"+address+"/version"), "v1.")
	})
	t.Run("pod on the hub to the member's API", func(t *testing.T) {
		expect(t, via(hubPod, "https://"+member.APIServer.String()+"/version"), "v1.")
	})
	t.Run("pods go on without their API server", func(t *testing.T) {
		if err := member.StopAPIServer(ctx); err != nil {
			t.Fatal(err)
		}
		expect(t, via(hubPod, "http://"+memberPod), "pod probe")
		expect(t, via(memberPod, "http://"+service), "pod probe")
		if err := member.StartAPIServer(ctx); err != nil {
			t.Fatal(err)
		}
		expect(t, via(hubPod, "https://"+member.APIServer.String()+"/version"), "v1.")
	})
}

// checkDown takes the testbed down, and looks for what it might have left.
func checkDown(t *testing.T, f *Fleet) {
	ctx, cancel := context.WithTimeout(context.Background(), downTimeout)
	defer cancel()
	if err := f.Down(ctx); err != nil {
		t.Fatal(err)
	}
	if marked := f.daemons.Marked(); len(marked) > 0 {
		t.Errorf("processes left: %v", marked)
	}
	if trees := cgroupTrees(f.options.cgroup()); len(trees) > 0 {
		t.Errorf("cgroups left: %v", trees)
	}
	if links, _ := filepath.Glob("/sys/class/net/" + f.options.Prefix + "*"); len(links) > 0 {
		t.Errorf("network interfaces left: %v", links)
	}
	if _, err := os.Stat(f.options.Dir); err == nil {
		t.Errorf("folder left: %s", f.options.Dir)
	}
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	if strings.Contains(string(mounts), f.options.Dir) {
		t.Errorf("mounts left:\n%s", mounts)
	}
}

func loadProbe(ctx context.Context, t *testing.T, f *Fleet) {
	t.Helper()
	dir := t.TempDir()
	binary, tar := filepath.Join(dir, "probe"), filepath.Join(dir, "probe.tar")
	if err := kubebin.Build(ctx, "e2e/testbed/probe", binary); err != nil {
		t.Fatal(err)
	}
	if err := image.Build(tar, image.Spec{Name: probeImage, Binary: binary, User: "65532:65532"}); err != nil {
		t.Fatal(err)
	}
	for _, c := range f.Clusters() {
		if err := c.LoadImages(ctx, tar); err != nil {
			t.Fatal(err)
		}
	}
}

// startProbe runs the probe in a pod of the cluster and returns the pod's address.
func startProbe(ctx context.Context, t *testing.T, c *Cluster) string {
	t.Helper()
	pods := clientOf(t, c).CoreV1().Pods(metav1.NamespaceDefault)
	nonRoot := true
	_, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "probe", Labels: map[string]string{"app": "probe"}},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: &nonRoot,
				Sysctls:      []corev1.Sysctl{{Name: "net.ipv4.ip_unprivileged_port_start", Value: "0"}},
			},
			Containers: []corev1.Container{{
				Name: "probe", Image: probeImage, ImagePullPolicy: corev1.PullIfNotPresent,
				ReadinessProbe: &corev1.Probe{
					PeriodSeconds: 1,
					ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(80)}},
				},
			}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var address string
	err = poll(ctx, "pod in "+c.Name, func(ctx context.Context) (bool, error) {
		pod, err := pods.Get(ctx, "probe", metav1.GetOptions{})
		if err != nil {
			return false, err
		}
		address = pod.Status.PodIP
		for _, condition := range pod.Status.Conditions {
			if condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue {
				return true, nil
			}
		}
		return false, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func exposeProbe(ctx context.Context, t *testing.T, c *Cluster) string {
	t.Helper()
	service, err := clientOf(t, c).CoreV1().Services(metav1.NamespaceDefault).Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "probe"},
		Spec: corev1.ServiceSpec{
			Selector: map[string]string{"app": "probe"},
			Ports:    []corev1.ServicePort{{Port: 80}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return service.Spec.ClusterIP
}

// balanceProbe makes a Service of type LoadBalancer and returns its address.
func balanceProbe(ctx context.Context, t *testing.T, c *Cluster) string {
	t.Helper()
	services := clientOf(t, c).CoreV1().Services(metav1.NamespaceDefault)
	_, err := services.Create(ctx, &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "balanced"},
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeLoadBalancer, Selector: map[string]string{"app": "probe"},
			Ports: []corev1.ServicePort{{Port: 80}},
		},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var address string
	err = poll(ctx, "an address", func(ctx context.Context) (bool, error) {
		service, err := services.Get(ctx, "balanced", metav1.GetOptions{})
		if err != nil || len(service.Status.LoadBalancer.Ingress) == 0 {
			return false, err
		}
		address = service.Status.LoadBalancer.Ingress[0].IP
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func clientOf(t *testing.T, c *Cluster) kubernetes.Interface {
	t.Helper()
	config, err := c.RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// via is the URL by which a pod's probe, asked from the host, fetches a target.
func via(pod, target string) string {
	return fmt.Sprintf("http://%s/fetch?url=%s", pod, url.QueryEscape(target))
}

// expect fetches until the answer has the text: kube-proxy takes a moment for a new Service.
func expect(t *testing.T, address, want string) {
	t.Helper()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{Proxy: nil}}
	var last string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		response, err := client.Get(address)
		if err != nil {
			last = err.Error()
			continue
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if last = string(body); strings.Contains(last, want) {
			return
		}
	}
	t.Errorf("%s: got %q, want %q in it", address, last, want)
}
