package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// shop is a class, a Gateway, a route and its backend in a namespace of the test's own.
type shop struct {
	key   client.ObjectKey
	proxy string
	class string
}

func openShop(t *testing.T, name string, members ...*api) shop {
	t.Helper()
	for _, in := range append([]*api{hub}, members...) {
		namespace(t, in, name)
	}
	for _, in := range members {
		create(t, in, &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: name},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}},
		})
	}
	create(t, hub, &gatewayv1.GatewayClass{
		ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: gatewayv1.GatewayClassSpec{ControllerName: controllerName},
	})
	create(t, hub, &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Name: "gw", Namespace: name},
		Spec: gatewayv1.GatewaySpec{
			GatewayClassName: gatewayv1.ObjectName(name),
			Listeners:        []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
		},
	})
	port := gatewayv1.PortNumber(80)
	route := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Name: "route", Namespace: name}}
	route.Spec.ParentRefs = []gatewayv1.ParentReference{{Name: "gw"}}
	route.Spec.Rules = []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{{
		BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: "web", Port: &port}},
	}}}}
	create(t, hub, route)
	return shop{
		key: client.ObjectKey{Namespace: name, Name: "gw"}, class: name,
		proxy: compile.ProxyName(world.Name{Namespace: name, Name: "gw"}),
	}
}

func (s shop) gateway(t *testing.T) *gatewayv1.Gateway {
	t.Helper()
	out := &gatewayv1.Gateway{}
	if err := hub.client.Get(context.Background(), s.key, out); err != nil && !apierrors.IsNotFound(err) {
		t.Fatal(err)
	}
	return out
}

func (s shop) condition(t *testing.T, kind gatewayv1.GatewayConditionType, want metav1.ConditionStatus) {
	t.Helper()
	eventually(t, string(kind)+" should be "+string(want), func() string {
		gateway := s.gateway(t)
		found := meta.FindStatusCondition(gateway.Status.Conditions, string(kind))
		if found == nil || found.Status != want || found.ObservedGeneration != gateway.Generation {
			return fmt.Sprintf("conditions are %+v", gateway.Status.Conditions)
		}
		return ""
	})
}

func (s shop) deployed(t *testing.T, in *api) {
	t.Helper()
	at := client.ObjectKey{Namespace: s.key.Namespace, Name: s.proxy}
	eventually(t, "proxies should be deployed", func() string {
		for _, object := range []client.Object{&dataplanev1alpha1.ProxyConfig{}, &appsv1.Deployment{}, &corev1.Service{}} {
			if err := in.client.Get(context.Background(), at, object); err != nil {
				return err.Error()
			}
		}
		return ""
	})
}

func (s shop) left(t *testing.T, in *api) string {
	t.Helper()
	for _, list := range []client.ObjectList{
		&dataplanev1alpha1.ProxyConfigList{}, &appsv1.DeploymentList{}, &corev1.ServiceAccountList{},
	} {
		if err := in.client.List(context.Background(), list, client.HasLabels{proxies.LabelHub}); err != nil {
			return err.Error()
		}
		if found, _ := meta.ExtractList(list); len(found) > 0 {
			return fmt.Sprintf("%d of %T", len(found), list)
		}
	}
	return ""
}

func (s shop) close(t *testing.T, cloud *memory.Cloud, members ...*api) {
	t.Helper()
	uid := string(s.gateway(t).UID)
	if err := hub.client.Delete(context.Background(), s.gateway(t)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the Gateway should go", func() string {
		if gateway := s.gateway(t); gateway.Name != "" {
			return fmt.Sprintf("it has finalizers %v", gateway.Finalizers)
		}
		return ""
	})
	emptied(t, cloud, ir.Owner{Hub: hubID, UID: uid, Namespace: s.key.Namespace, Name: s.key.Name})
	for _, in := range members {
		eventually(t, "members should be clean", func() string { return s.left(t, in) })
	}
}

func joinBoth(t *testing.T) {
	t.Helper()
	join(t, "one", kubeconfig(t, one.config))
	join(t, "two", kubeconfig(t, two.config))
}

func TestAGatewayComesAndGoes(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "comes", one, two)
	cloud := memory.NewCloud(memory.Options{ActivateAfter: 3})
	operate(t, cloud)
	for i, in := range []*api{one, two} {
		s.deployed(t, in)
		playPod(t, in, s.key, s.proxy, fmt.Sprintf("10.0.%d.1", i))
	}
	s.condition(t, gatewayv1.GatewayConditionAccepted, metav1.ConditionTrue)
	s.condition(t, gatewayv1.GatewayConditionProgrammed, metav1.ConditionTrue)
	gateway := s.gateway(t)
	if len(gateway.Status.Addresses) == 0 || !slices.Contains(gateway.Finalizers, proxies.FinalizerFront) {
		t.Errorf("addresses %v, finalizers %v", gateway.Status.Addresses, gateway.Finalizers)
	}
	eventually(t, "both pods should be registered", func() string {
		return registered(cloud, s, string(gateway.UID), "10.0.0.1", "10.0.1.1")
	})
	s.close(t, cloud, one, two)
}

// registered complains about addresses that the cloud's targets lack.
func registered(cloud *memory.Cloud, s shop, uid string, addresses ...string) string {
	text := fmt.Sprintf("%+v", cloud.Owned(ir.Owner{Hub: hubID, UID: uid, Namespace: s.key.Namespace, Name: s.key.Name}))
	for _, address := range addresses {
		if !strings.Contains(text, address) {
			return address + " is not in " + text
		}
	}
	return ""
}

func TestABrokenMemberHoldsUpNobody(t *testing.T) {
	joinBoth(t)
	join(t, "garbage", []byte("]]: not a kubeconfig"))
	down := *one.config
	down.Host = "https://127.0.0.1:1"
	join(t, "down", kubeconfig(t, &down))
	s := openShop(t, "broken", one, two)
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)
	for i, in := range []*api{one, two} {
		s.deployed(t, in)
		playPod(t, in, s.key, s.proxy, fmt.Sprintf("10.1.%d.1", i))
	}
	s.condition(t, gatewayv1.GatewayConditionProgrammed, metav1.ConditionTrue)
	eventually(t, "a condition should name both", func() string {
		var messages []string
		for _, condition := range s.gateway(t).Status.Conditions {
			messages = append(messages, condition.Message)
		}
		text := strings.Join(messages, "\n")
		if !strings.Contains(text, "garbage") || !strings.Contains(text, "down") {
			return text
		}
		return ""
	})
	s.close(t, cloud, one, two)
}

func TestARestartLosesNothing(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "restart", one, two)
	cloud := memory.NewCloud(memory.Options{ActivateAfter: 5})
	stop := operate(t, cloud)
	eventually(t, "the finalizer should come", func() string {
		return strings.Repeat("not there", 1-min(1, len(s.gateway(t).Finalizers)))
	})
	stop()
	stop = operate(t, cloud)
	for i, in := range []*api{one, two} {
		s.deployed(t, in)
		playPod(t, in, s.key, s.proxy, fmt.Sprintf("10.2.%d.1", i))
	}
	s.condition(t, gatewayv1.GatewayConditionProgrammed, metav1.ConditionTrue)
	before := s.gateway(t)
	stop()
	revisions := cloud.Revisions()
	stop = operate(t, cloud)
	s.condition(t, gatewayv1.GatewayConditionProgrammed, metav1.ConditionTrue)
	if err := hub.client.Delete(t.Context(), s.gateway(t)); err != nil {
		t.Fatal(err)
	}
	stop()
	if got := s.gateway(t); got.Name != "" && got.Status.Conditions[0].LastTransitionTime != before.Status.Conditions[0].LastTransitionTime {
		t.Errorf("a restart changed the conditions from %+v to %+v", before.Status.Conditions, got.Status.Conditions)
	}
	operate(t, cloud)
	eventually(t, "the Gateway should go", func() string {
		return strings.Repeat("still there", min(1, len(s.gateway(t).Name)))
	})
	if cloud.Revisions() <= revisions {
		t.Error("nothing was deleted from the cloud")
	}
	for _, in := range []*api{one, two} {
		eventually(t, "members should be clean", func() string { return s.left(t, in) })
	}
}

func TestAMemberThatWasAwayIsCleanedWhenItIsBack(t *testing.T) {
	join(t, "one", kubeconfig(t, one.config))
	join(t, "two", kubeconfig(t, two.config))
	s := openShop(t, "away", one, two)
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)
	s.deployed(t, one)
	s.deployed(t, two)
	kubeconfigOfTwo := func(raw []byte) {
		secret := &corev1.Secret{}
		if err := hub.client.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "two-kubeconfig"}, secret); err != nil {
			t.Fatal(err)
		}
		secret.Data["value"] = raw
		if err := hub.client.Update(t.Context(), secret); err != nil {
			t.Fatal(err)
		}
	}
	kubeconfigOfTwo([]byte("]]"))
	eventually(t, "two should be unreachable", func() string {
		for _, condition := range s.gateway(t).Status.Conditions {
			if strings.Contains(condition.Message, "not a valid kubeconfig") {
				return ""
			}
		}
		return "no condition tells"
	})
	s.close(t, cloud, one)
	if s.left(t, two) == "" {
		t.Fatal("two was reached although it could not be")
	}
	kubeconfigOfTwo(kubeconfig(t, two.config))
	eventually(t, "two should be cleaned", func() string { return s.left(t, two) })
}
