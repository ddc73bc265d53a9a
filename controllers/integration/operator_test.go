package integration

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/testr"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/front"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/memory"
	"github.com/fleetgate/fleetgate/providers/service"
)

const (
	controllerName    = "gateway.company.com/memory"
	serviceController = "gateway.company.com/service"
	hubID             = "hub-under-test"
	patience          = 60 * time.Second
)

// operate runs an operator until stop is called, and then proves that nothing of it runs on.
func operate(t *testing.T, cloud *memory.Cloud) (stop func()) {
	t.Helper()
	quiet := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx, testr.New(t), cloud) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("the operator ended with %v", err)
			}
		case <-time.After(patience):
			t.Error("the operator does not stop")
		}
		_ = hub.client.List(context.Background(), &gatewayv1.GatewayList{}) // keeps the test's own connection as it was
		if err := goleak.Find(quiet, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"),
			goleak.IgnoreAnyFunction("golang.org/x/net/http2.(*ClientConn).readLoop"),
			goleak.IgnoreAnyFunction("net/http.(*http2clientConnReadLoop).run"),
			goleak.IgnoreAnyFunction("net/http/internal/http2.(*ClientConn).readLoop")); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func run(ctx context.Context, log logr.Logger, cloud *memory.Cloud) error {
	scheme, err := controllers.Scheme()
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(hub.config, ctrl.Options{
		Scheme: scheme, Logger: log, Metrics: metricsserver.Options{BindAddress: "0"},
		Cache: cache.Options{DefaultTransform: cache.TransformStripManagedFields()},
	})
	if err != nil {
		return err
	}
	provider := memory.New(cloud)
	pace := fleet.DefaultPace()
	pace.Probe, pace.ProbeTimeout, pace.Backoff, pace.MaxBackoff = time.Second, 2*time.Second, 200*time.Millisecond, time.Second
	fronts := front.DefaultPace()
	fronts.Pending, fronts.MaxPending = 50*time.Millisecond, 200*time.Millisecond
	settings := proxies.DefaultSettings()
	settings.Image = "proxy:test"
	services := &fleet.Services{}
	inMembers := service.New(services)
	if err := controllers.Add(mgr, controllers.Options{
		Services: services,
		HubID:    hubID, Proxies: settings, ClusterNamespace: "default",
		HubMember: controllers.HubMemberAuto, HubMemberName: "hub", Fleet: pace, Fronts: fronts, Settle: 5 * time.Second,
		Providers: map[string]controllers.Provider{
			controllerName: {Provider: provider, Facts: world.Provider{EndsTLS: true, Features: provider.Features()}},
			serviceController: {Provider: inMembers, Facts: world.Provider{
				Group: "gateway.company.com", Kind: "ServiceConfig", StaticAddresses: true, Features: inMembers.Features(),
			}},
		},
	}); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// eventually waits until check has nothing to complain about.
func eventually(t *testing.T, what string, check func() string) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		complaint := check()
		if complaint == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s", what, complaint)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// playPod makes a proxy pod that is ready and has the newest generation in force, as a kubelet and a proxy would.
func playPod(t *testing.T, in *api, gateway client.ObjectKey, proxy, address string) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "proxy", Image: "proxy:test"}}}}
	pod.Namespace, pod.Name = gateway.Namespace, proxy+"-played"
	pod.Labels = map[string]string{dataplanev1alpha1.LabelProxy: proxy, proxies.LabelHub: hubID}
	pod.Annotations = map[string]string{gather.AnnotationGateway: gateway.Name}
	create(t, in, pod)
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: address, PodIPs: []corev1.PodIP{{IP: address}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}},
	}
	if err := in.client.Status().Update(t.Context(), pod); err != nil {
		t.Fatal(err)
	}
	playReport(t, in, client.ObjectKey{Namespace: gateway.Namespace, Name: proxy})
	return pod
}

// playReport has the pod that playPod made report the newest root, as a proxy would that has it in force.
func playReport(t *testing.T, in *api, proxy client.ObjectKey) {
	t.Helper()
	eventually(t, "the root should be reported", func() string {
		object := &dataplanev1alpha1.ProxyConfig{}
		if err := in.client.Get(t.Context(), proxy, object); err != nil {
			return err.Error()
		}
		root, err := config.Decode[config.Root](object.Spec.Data, object.Spec.Checksum)
		if err != nil {
			return err.Error()
		}
		object.Status.Proxies = []dataplanev1alpha1.ProxyStatus{
			{Name: proxy.Name + "-played", GatewayGeneration: root.Generation, Revision: root.Revision},
		}
		if err := in.client.Status().Update(t.Context(), object); err != nil {
			return err.Error()
		}
		return ""
	})
}
