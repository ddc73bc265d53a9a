package integration

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// openSet makes a ListenerSet of a shop with one listener.
func (s shop) openSet(t *testing.T, name string) {
	t.Helper()
	set := &gatewayv1.ListenerSet{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.key.Namespace}}
	set.Spec.ParentRef = gatewayv1.ParentGatewayReference{Name: gatewayv1.ObjectName(s.key.Name)}
	set.Spec.Listeners = []gatewayv1.ListenerEntry{{
		Name: "http", Port: 8080, Protocol: gatewayv1.HTTPProtocolType, Hostname: new(gatewayv1.Hostname(name + ".example.com")),
	}}
	create(t, hub, set)
}

func (s shop) set(t *testing.T, name string) *gatewayv1.ListenerSet {
	t.Helper()
	out := &gatewayv1.ListenerSet{}
	if err := hub.client.Get(context.Background(), client.ObjectKey{Namespace: s.key.Namespace, Name: name}, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// setIs waits until a ListenerSet and its listener say why they are programmed or not, in their newest generation.
func (s shop) setIs(t *testing.T, name, reason string) {
	t.Helper()
	eventually(t, fmt.Sprintf("ListenerSet %s should be %s", name, reason), func() string {
		set := s.set(t, name)
		var conditions []metav1.Condition
		for _, listener := range set.Status.Listeners {
			conditions = append(conditions, listener.Conditions...)
		}
		for _, of := range [][]metav1.Condition{set.Status.Conditions, conditions} {
			if found := meta.FindStatusCondition(of, "Programmed"); found == nil || found.Reason != reason || found.ObservedGeneration != set.Generation {
				return fmt.Sprintf("generation %d: %+v", set.Generation, of)
			}
		}
		return ""
	})
}

// published waits until the root in a member names a hostname.
func (s shop) published(t *testing.T, in *api, hostname string) {
	t.Helper()
	eventually(t, "the root should be published", func() string {
		object := &dataplanev1alpha1.ProxyConfig{}
		if err := in.client.Get(t.Context(), s.root(), object); err != nil {
			return err.Error()
		}
		root, err := config.Decode[config.Root](object.Spec.Data, object.Spec.Checksum)
		if err != nil {
			return err.Error()
		}
		for _, listener := range root.Listeners {
			if listener.Hostname == hostname {
				return ""
			}
		}
		return fmt.Sprintf("listeners are %+v", root.Listeners)
	})
}

func (s shop) root() client.ObjectKey {
	return client.ObjectKey{Namespace: s.key.Namespace, Name: s.proxy}
}

// writes counts those of objects of a kind, by name.
type writes struct {
	mu     sync.Mutex
	counts map[string]int
}

func (s shop) count(t *testing.T, list client.ObjectList) *writes {
	t.Helper()
	watching, err := client.NewWithWatch(hub.config, client.Options{Scheme: hub.client.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	if err := watching.List(t.Context(), list, client.InNamespace(s.key.Namespace)); err != nil {
		t.Fatal(err)
	}
	from := &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: list.GetResourceVersion()}}
	events, err := watching.Watch(t.Context(), list, client.InNamespace(s.key.Namespace), from)
	if err != nil {
		t.Fatal(err)
	}
	out := &writes{counts: map[string]int{}}
	var counting sync.WaitGroup
	counting.Go(func() {
		for event := range events.ResultChan() {
			if object, ok := event.Object.(client.Object); ok && event.Type == watch.Modified {
				out.mu.Lock()
				out.counts[object.GetName()]++
				out.mu.Unlock()
			}
		}
	})
	t.Cleanup(func() { events.Stop(); counting.Wait() })
	return out
}

func (w *writes) of(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.counts[name]
}

// TestProgrammedFollowsListenerSets has proxies in two members take a changed ListenerSet one after the other.
func TestProgrammedFollowsListenerSets(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "follows", one, two)
	gateway := s.gateway(t)
	before := gateway.DeepCopy()
	gateway.Spec.AllowedListeners = &gatewayv1.AllowedListeners{Namespaces: &gatewayv1.ListenerNamespaces{From: new(gatewayv1.NamespacesFromSame)}}
	if err := hub.client.Patch(t.Context(), gateway, client.MergeFrom(before)); err != nil {
		t.Fatal(err)
	}
	s.openSet(t, "kept")
	s.openSet(t, "changed")
	cloud := memory.NewCloud(memory.Options{})
	gateways, sets := s.count(t, &gatewayv1.GatewayList{}), s.count(t, &gatewayv1.ListenerSetList{})
	stop := operate(t, cloud)
	for i, in := range []*api{one, two} {
		s.deployed(t, in)
		s.published(t, in, "changed.example.com")
		playPod(t, in, s.key, s.proxy, fmt.Sprintf("10.4.%d.1", i))
	}
	s.condition(t, gatewayv1.GatewayConditionProgrammed, metav1.ConditionTrue)
	s.setIs(t, "kept", "Programmed")
	s.setIs(t, "changed", "Programmed")

	ofGateway, ofKept, ofChanged := gateways.of(s.key.Name), sets.of("kept"), sets.of("changed")
	set := s.set(t, "changed")
	was := set.DeepCopy()
	set.Spec.Listeners[0].Hostname = new(gatewayv1.Hostname("other.example.com"))
	if err := hub.client.Patch(t.Context(), set, client.MergeFrom(was)); err != nil {
		t.Fatal(err)
	}
	s.setIs(t, "changed", "Pending")
	s.published(t, one, "other.example.com")
	playReport(t, one, s.root())
	s.published(t, two, "other.example.com")
	s.setIs(t, "changed", "Pending")
	s.setIs(t, "kept", "Programmed")
	s.condition(t, gatewayv1.GatewayConditionProgrammed, metav1.ConditionTrue)
	playReport(t, two, s.root())
	s.setIs(t, "changed", "Programmed")

	stop()
	operate(t, cloud)
	sign := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "follows-too"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: controllerName}}
	create(t, hub, sign)
	eventually(t, "the operator should have started again", func() string {
		if err := hub.client.Get(context.Background(), client.ObjectKeyFromObject(sign), sign); err != nil {
			return err.Error()
		}
		if accepted := meta.FindStatusCondition(sign.Status.Conditions, "Accepted"); accepted == nil || accepted.Status != metav1.ConditionTrue {
			return "its GatewayClass is not accepted"
		}
		return ""
	})
	time.Sleep(2 * time.Second) // for what should not come
	if got := gateways.of(s.key.Name) - ofGateway; got != 0 {
		t.Errorf("the Gateway was written %d times for a change of a ListenerSet and a restart", got)
	}
	if got := sets.of("kept") - ofKept; got != 0 {
		t.Errorf("another ListenerSet was written %d times", got)
	}
	if got := sets.of("changed") - ofChanged; got != 3 {
		t.Errorf("the ListenerSet was written %d times, want 3: by the test, as awaited, as served", got)
	}
	s.close(t, cloud, one, two)
}
