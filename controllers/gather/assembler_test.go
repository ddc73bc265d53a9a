package gather

import (
	"reflect"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

var gw = world.Name{Namespace: "ns", Name: "gw"}

func pod(name, ip string, ready bool, edit func(*corev1.Pod)) (Key, *corev1.Pod) {
	out := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: name, Annotations: map[string]string{AnnotationGateway: "gw"},
	}}
	out.Status.PodIP = ip
	if ready {
		out.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	if edit != nil {
		edit(out)
	}
	return Key{Member: "m", Kind: KindPod, Name: world.Name{Namespace: "ns", Name: name}}, out
}

func TestProxiesAreCounted(t *testing.T) {
	changes := map[Key]any{{Kind: world.KindMember, Name: world.Name{Name: "m"}}: MemberState{}}
	add := func(key Key, pod *corev1.Pod) { changes[key] = pod }
	add(pod("ready", "10.0.0.2", true, nil))
	add(pod("other", "10.0.0.5", true, nil))
	add(pod("third", "10.0.0.6", true, nil))
	add(pod("old", "10.0.0.7", true, nil))
	add(pod("starting", "10.0.0.1", false, nil))
	add(pod("no-address", "", false, nil))
	add(pod("leaving", "10.0.0.3", true, func(p *corev1.Pod) { now := metav1.Now(); p.DeletionTimestamp = &now }))
	add(pod("failed", "10.0.0.4", false, func(p *corev1.Pod) { p.Status.Phase = corev1.PodFailed }))
	root := &dataplanev1alpha1.ProxyConfig{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "gw-root"}}
	root.Spec.Gateway, root.Spec.Part = "gw", dataplanev1alpha1.PartRoot
	root.Status.Proxies = []dataplanev1alpha1.ProxyStatus{
		{Name: "ready", GatewayGeneration: 3, Revision: "b"},
		{Name: "other", GatewayGeneration: 2, Revision: "a"},
		{Name: "third", GatewayGeneration: 3, Revision: "b"},
		{Name: "old", GatewayGeneration: 1},
		{Name: "starting", GatewayGeneration: 9, Revision: "c"},
		{Name: "leaving", GatewayGeneration: 9},
	}
	changes[Key{Member: "m", Kind: KindProxyConfig, Name: world.Name{Namespace: "ns", Name: "gw-root"}}] = root
	w, delta := NewAssembler(world.World{}).Apply(changes)
	want := world.Proxies{
		Addresses: []string{"10.0.0.1", "10.0.0.2", "10.0.0.5", "10.0.0.6", "10.0.0.7"}, Ready: 4, Revisions: []string{"a", "b"}, Generation: 1,
	}
	if got := w.Members["m"].Proxies[gw]; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if want := []world.Key{{Kind: world.KindMember, Name: world.Name{Name: "m"}}, {Kind: world.KindProxies, Name: gw}}; !reflect.DeepEqual(delta.Changed, want) {
		t.Errorf("changed %v, want %v", delta.Changed, want)
	}
}

func TestAWorldThatWasHandedOutIsFrozen(t *testing.T) {
	a := NewAssembler(world.World{})
	member := Key{Kind: world.KindMember, Name: world.Name{Name: "m"}}
	service := func(name string) Key {
		return Key{Member: "m", Kind: world.KindService, Name: world.Name{Namespace: "ns", Name: name}}
	}
	first, _ := a.Apply(map[Key]any{
		member: MemberState{}, service("one"): &corev1.Service{}, {Kind: world.KindGateway, Name: gw}: &gatewayv1.Gateway{},
	})
	key, running := pod("p", "10.0.0.1", true, nil)
	second, _ := a.Apply(map[Key]any{
		service("one"): nil, service("two"): &corev1.Service{}, key: running, {Kind: world.KindGateway, Name: gw}: nil,
	})
	third, _ := a.Apply(map[Key]any{member: nil})
	if len(first.Gateways) != 1 || first.Members["m"].Services.Get(service("one").Name) == nil || first.Members["m"].Services.Len() != 1 || len(first.Members["m"].Proxies) != 0 {
		t.Errorf("the first World changed: %+v", first)
	}
	if len(second.Gateways) != 0 || second.Members["m"].Services.Get(service("two").Name) == nil || second.Members["m"].Services.Len() != 1 || len(second.Members["m"].Proxies) != 1 {
		t.Errorf("the second World is wrong: %+v", second)
	}
	if len(third.Members) != 0 || len(second.Members) != 1 {
		t.Error("the member did not leave, or left the World before")
	}
}

func TestWhatComesBeforeItsMemberWaits(t *testing.T) {
	a := NewAssembler(world.World{})
	key, running := pod("p", "10.0.0.1", true, nil)
	if w, _ := a.Apply(map[Key]any{key: running}); len(w.Members) != 0 {
		t.Error("a member that nobody announced is there")
	}
	w, _ := a.Apply(map[Key]any{{Kind: world.KindMember, Name: world.Name{Name: "m"}}: MemberState{}})
	if w.Members["m"].Proxies[gw].Ready != 1 {
		t.Errorf("the pod is lost: %+v", w.Members["m"])
	}
}

func TestAGatewayThatReplacesAnotherHasNoFrontOfIt(t *testing.T) {
	a := NewAssembler(world.World{})
	a.Remember = func(g *gatewayv1.Gateway) (world.Front, bool) {
		return world.Front{Pending: string(g.UID)}, g.UID == "known"
	}
	gateway := func(uid string) map[Key]any {
		out := &gatewayv1.Gateway{}
		out.UID = types.UID(uid)
		return map[Key]any{{Kind: world.KindGateway, Name: gw}: out}
	}
	first, _ := a.Apply(gateway("known"))
	if first.Fronts[gw].Pending != "known" {
		t.Error("what the Gateway tells of its front is not taken")
	}
	a.Apply(map[Key]any{{Kind: world.KindFront, Name: gw}: world.Front{Active: true}})
	same, _ := a.Apply(gateway("known"))
	if !same.Fronts[gw].Active {
		t.Error("an update of the Gateway forgot its front")
	}
	other, _ := a.Apply(gateway("new"))
	if _, has := other.Fronts[gw]; has {
		t.Error("the new Gateway has the front of the old one")
	}
}

func TestARouteOfWhichTheStatusAloneWasWrittenMeansWhatItDid(t *testing.T) {
	key := Key{Kind: world.KindHTTPRoute, Name: gw}
	route := func(uid string, generation int64) *gatewayv1.HTTPRoute {
		return &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{UID: types.UID(uid), Generation: generation}}
	}
	cases := []struct {
		name, reason string
		next         any
		written      bool
	}{
		{"same", "the API server counts changes of the spec", route("a", 1), true},
		{"changed", "it counted one", route("a", 2), false},
		{"replaced", "another of the same name", route("b", 1), false},
		{"gone", "it means nothing any more", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := NewAssembler(world.World{})
			a.Apply(map[Key]any{key: route("a", 1)})
			w, delta := a.Apply(map[Key]any{key: c.next})
			if got := len(delta.Written) == 1 && len(delta.Changed) == 0; got != c.written {
				t.Errorf("%s: got %+v", c.reason, delta)
			}
			if c.next != nil && w.HTTPRoutes.Get(gw) != c.next {
				t.Error("the World has another route than the newest")
			}
		})
	}
}

// TestAGatewayOfWhichTheStatusAloneWasWrittenMeansWhatItDid: the number of attached routes is in it, so that it is written often.
func TestAGatewayOfWhichTheStatusAloneWasWrittenMeansWhatItDid(t *testing.T) {
	key := Key{Kind: world.KindGateway, Name: gw}
	first := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{UID: "a", Generation: 1}}
	a := NewAssembler(world.World{})
	a.Apply(map[Key]any{key: first})
	counted := first.DeepCopy()
	counted.Status.Listeners = []gatewayv1.ListenerStatus{{Name: "http", AttachedRoutes: 7}}
	w, delta := a.Apply(map[Key]any{key: counted})
	if want := (Delta{Written: []world.Key{{Kind: world.KindGateway, Name: gw}}}); !reflect.DeepEqual(delta, want) {
		t.Errorf("got %+v, want %+v", delta, want)
	}
	if w.Gateways[gw] != counted {
		t.Error("the World has another Gateway than the newest")
	}
	changed := counted.DeepCopy()
	changed.Generation++
	if _, delta = a.Apply(map[Key]any{key: changed}); !slices.Contains(delta.Changed, world.Key{Kind: world.KindGateway, Name: gw}) {
		t.Errorf("a changed Gateway is not translated: %+v", delta)
	}
}

func TestASecretThatWasLookedForIsKnownToBeMissing(t *testing.T) {
	inbox := NewInbox()
	inbox.PutSecret(world.Name{Namespace: "ns", Name: "tls"}, nil)
	select {
	case <-inbox.Wake():
	case <-time.After(time.Second):
		t.Fatal("nobody was woken")
	}
	w, _ := NewAssembler(world.World{}).Apply(inbox.Take())
	if secret, known := w.Secrets[world.Name{Namespace: "ns", Name: "tls"}]; !known || secret != nil {
		t.Errorf("got %v, %v", secret, known)
	}
}

func TestWhatTellsNothingOfProxiesChangesNothing(t *testing.T) {
	a := NewAssembler(world.World{})
	key, running := pod("p", "10.0.0.1", true, nil)
	a.Apply(map[Key]any{{Kind: world.KindMember, Name: world.Name{Name: "m"}}: MemberState{}, key: running})
	again := running.DeepCopy()
	again.Labels = map[string]string{"touched": "yes"}
	if _, delta := a.Apply(map[Key]any{key: again}); len(delta.Changed) != 0 {
		t.Errorf("another label of a pod changed %v", delta.Changed)
	}
	again = again.DeepCopy()
	again.Status.Conditions = nil
	if w, delta := a.Apply(map[Key]any{key: again}); len(delta.Changed) != 1 || w.Members["m"].Proxies[gw].Ready != 0 {
		t.Errorf("a pod that is not ready any more changed %v", delta.Changed)
	}
}
