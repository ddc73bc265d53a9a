package status_test

import (
	"maps"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// operator is the core of one, with an API server that takes every status at once.
type operator struct {
	t       *testing.T
	w       *world.World
	meant   ir.IR
	history *status.History
}

// operate begins with one Gateway in two members, this many ListenerSets, and proxies that have all of it in force.
func operate(t *testing.T, sets int) *operator {
	t.Helper()
	w := worldtest.Many(sets, false)
	worldtest.InSets(w, sets)
	w.Fronts[web] = world.Front{Generation: 1, Active: true, Addresses: []world.Address{{IP: "192.0.2.1"}}}
	o := &operator{t: t, w: w}
	o.restart()
	o.report("east", o.revision())
	o.report("west", o.revision())
	return o
}

// restart begins anew with what the API server has, and gives the names of what is written.
func (o *operator) restart() []string {
	o.history = status.NewHistory()
	o.meant = translate.All(o.w)
	return o.write(o.history.Changed(o.w, ir.IR{}, o.meant))
}

// change makes a pass after a change of the World, and gives the names of what is written.
func (o *operator) change(edit func(*world.World), key world.Key) []string {
	next := *o.w
	edit(&next)
	o.w = &next
	before := o.meant
	o.meant = translate.Change(before, o.w, []world.Key{key})
	return o.write(o.history.Changed(o.w, before, o.meant))
}

func (o *operator) write(patches []status.Patch) []string {
	var written []string
	next := *o.w
	next.Gateways = maps.Clone(next.Gateways)
	for _, patch := range patches {
		switch patch.Key.Kind {
		case world.KindGateway:
			if object, changed := patch.Into(next.Gateways[patch.Key.Name], now); changed {
				next.Gateways[patch.Key.Name] = as[*gatewayv1.Gateway](o.t, object)
				written = append(written, patch.Key.Name.Name)
			}
		case world.KindListenerSet:
			if object, changed := patch.Into(next.ListenerSets.Get(patch.Key.Name), now); changed {
				next.ListenerSets = next.ListenerSets.With(patch.Key.Name, as[*gatewayv1.ListenerSet](o.t, object))
				written = append(written, patch.Key.Name.Name)
			}
		default: // classes and routes tell nothing here
		}
	}
	o.w = &next
	return written
}

func as[T any](t *testing.T, object any) T {
	t.Helper()
	out, ok := object.(T)
	if !ok {
		t.Fatalf("got %T", object)
	}
	return out
}

// revision is that of the root of now.
func (o *operator) revision() string { return o.meant.Gateways[0].Revision }

// report has the ready proxies of a member report what they have in force.
func (o *operator) report(member string, revisions ...string) []string {
	return o.proxies(member, world.Proxies{Ready: max(1, len(revisions)), Revisions: slices.Sorted(slices.Values(revisions))})
}

func (o *operator) proxies(member string, proxies world.Proxies) []string {
	return o.change(func(w *world.World) {
		held := *w.Members[member]
		held.Proxies = map[world.Name]world.Proxies{web: proxies}
		w.Members = maps.Clone(w.Members)
		w.Members[member] = &held
	}, world.Key{Kind: world.KindProxies, Name: web})
}

// rename gives the listener of a ListenerSet another hostname.
func (o *operator) rename(set, hostname string) []string {
	name := world.Name{Namespace: "infra", Name: set}
	return o.change(func(w *world.World) {
		other := w.ListenerSets.Get(name).DeepCopy()
		other.Generation++
		other.Spec.Listeners[0].Hostname = new(gatewayv1.Hostname(hostname))
		w.ListenerSets = w.ListenerSets.With(name, other)
	}, world.Key{Kind: world.KindListenerSet, Name: name})
}

// move gives the listener of a ListenerSet another port.
func (o *operator) move(set string, port int32) []string {
	name := world.Name{Namespace: "infra", Name: set}
	return o.change(func(w *world.World) {
		other := w.ListenerSets.Get(name).DeepCopy()
		other.Generation++
		other.Spec.Listeners[0].Port = port
		w.ListenerSets = w.ListenerSets.With(name, other)
	}, world.Key{Kind: world.KindListenerSet, Name: name})
}

// front has the provider tell something else of the front.
func (o *operator) front(edit func(*world.Front)) []string {
	return o.change(func(w *world.World) {
		front := w.Fronts[web]
		edit(&front)
		w.Fronts = map[world.Name]world.Front{web: front}
	}, world.Key{Kind: world.KindFront, Name: web})
}

// says is what the status of a ListenerSet says in short, or of the Gateway if set is "".
func (o *operator) says(set string) string {
	o.t.Helper()
	if set == "" {
		gateway := o.w.Gateways[web]
		return in(o.t, gateway.Status.Conditions, gateway.Status.Listeners[0].Conditions, gateway.Generation)
	}
	object := o.w.ListenerSets.Get(world.Name{Namespace: "infra", Name: set})
	return in(o.t, object.Status.Conditions, object.Status.Listeners[0].Conditions, object.Generation)
}

// in are the reason of Programmed of an object and, if it is another one, that of its first listener.
func in(t *testing.T, object, listener []metav1.Condition, generation int64) string {
	t.Helper()
	all := meta.FindStatusCondition(object, "Programmed")
	one := meta.FindStatusCondition(listener, "Programmed")
	if all == nil || one == nil || all.ObservedGeneration != generation || one.ObservedGeneration != generation {
		t.Fatalf("not told for generation %d: %v, %v", generation, all, one)
	}
	if all.Reason != one.Reason {
		return all.Reason + " " + one.Reason
	}
	return all.Reason
}

func (o *operator) want(reason, set, says string) {
	o.t.Helper()
	if got := o.says(set); got != says {
		o.t.Errorf("%s: %q says %s, want %s", reason, set, got, says)
	}
}

func (o *operator) wrote(reason string, got []string, want ...string) {
	o.t.Helper()
	if !slices.Equal(got, want) {
		o.t.Errorf("%s: %d statuses were written (%.9q), want %q", reason, len(got), got, want)
	}
}

// TestAChangedListenerSetIsWrittenTwice counts the writes of a change among many ListenerSets: one says that it is awaited, and one
// that it serves.
func TestAChangedListenerSetIsWrittenTwice(t *testing.T) {
	o := operate(t, 200)
	before := o.revision()
	o.want("proxies have all", "", "Programmed")
	o.want("proxies have all", "set-7", "Programmed")

	o.wrote("the ListenerSet alone is another", o.rename("set-7", "other.example.com"), "set-7")
	o.want("no proxy has it", "set-7", "Pending")
	o.want("what did not change serves on", "", "Programmed")
	o.want("what did not change serves on", "set-8", "Programmed")

	o.wrote("one member is not all", o.report("east", o.revision()))
	o.want("one member is not all", "set-7", "Pending")
	o.wrote("a second proxy there is still behind", o.report("east", before, o.revision()))
	o.wrote("every member has it", o.report("west", before, o.revision()), "set-7")
	o.want("every member has it", "set-7", "Programmed")
	o.wrote("the last proxy has it", o.report("west", o.revision()))
}

// TestProgrammedGoesByTheRoot holds what each kind of report counts for.
func TestProgrammedGoesByTheRoot(t *testing.T) {
	cases := []struct {
		name, reason string
		do           func(o *operator, first string)
		// gateway, changed and other are what the Gateway, the ListenerSet that changed and another one say in the end.
		gateway, changed, other string
	}{
		{"behind", "a proxy has an earlier root: what changed since is not in it", func(*operator, string) {}, "Programmed", "Pending", "Programmed"},
		{"in between", "a proxy skipped none and has not the newest", func(o *operator, _ string) {
			between := o.revision()
			o.rename("set-8", "eight.example.com")
			o.report("east", between)
			o.report("west", between)
		}, "Programmed", "Programmed", "Pending"},
		{"back", "the root is again what proxies have", func(o *operator, _ string) { o.rename("set-7", "set-7.example.com") }, "Programmed", "Programmed", "Programmed"},
		{"back by way of another", "a root that came twice has what it had the first time", func(o *operator, first string) {
			o.rename("set-7", "set-7.example.com")
			o.rename("set-8", "eight.example.com")
			o.report("east", first)
		}, "Programmed", "Programmed", "Pending"},
		{"gone", "no proxy is ready in one member", func(o *operator, _ string) { o.proxies("west", world.Proxies{}) }, "Pending", "ParentNotProgrammed Pending", "ParentNotProgrammed Pending"},
		{"silent", "a new proxy has reported nothing yet", func(o *operator, _ string) { o.report("west") }, "Pending", "Pending", "Pending"},
		{"of an older version", "it reports its generation, and no more can be asked of it", func(o *operator, _ string) {
			o.proxies("east", world.Proxies{Ready: 1, Generation: 1})
			o.proxies("west", world.Proxies{Ready: 1, Generation: 1})
		}, "Programmed", "Programmed", "Programmed"},
		{"of an older version and behind", "its generation is not that of the Gateway", func(o *operator, _ string) {
			o.proxies("east", world.Proxies{Ready: 1})
		}, "Pending", "Pending", "Pending"},
		{"of an older operator", "a root that was not seen may have what is programmed, and has not what is not", func(o *operator, _ string) {
			o.restart()
			o.report("east", "unseen")
			o.report("west", "unseen")
		}, "Programmed", "Pending", "Programmed"},
		{"of another generation", "the Gateway changed, and its ListenerSets did not", func(o *operator, _ string) {
			o.change(func(w *world.World) {
				other := w.Gateways[web].DeepCopy()
				other.Generation++
				w.Gateways = maps.Clone(w.Gateways)
				w.Gateways[web] = other
			}, world.Key{Kind: world.KindGateway, Name: web})
		}, "Pending", "Pending", "Programmed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := operate(t, 20)
			first := o.revision()
			o.rename("set-7", "other.example.com")
			c.do(o, first)
			o.want(c.reason, "", c.gateway)
			o.want(c.reason, "set-7", c.changed)
			o.want(c.reason, "set-8", c.other)
		})
	}
}

// TestAnOperatorThatStartsWritesNothing holds that nothing is told otherwise by one that has not seen how it came to be.
func TestAnOperatorThatStartsWritesNothing(t *testing.T) {
	o := operate(t, 50)
	o.wrote("all proxies have the root of now", o.restart())
	o.rename("set-7", "other.example.com")
	o.wrote("a change was on its way", o.restart())
	o.want("no proxy has it", "set-7", "Pending")
	o.report("east", o.revision())
	o.wrote("proxies have what came before the start", o.report("west", o.revision()), "set-7")
	o.want("proxies have it", "set-7", "Programmed")
}

// TestProgrammedFollowsTheFront has a ListenerSet bring a port that the front does not have, though proxies do.
func TestProgrammedFollowsTheFront(t *testing.T) {
	o := operate(t, 20)
	port := func(number int32) world.FrontPort { return world.FrontPort{Port: number, Protocol: ir.FrontHTTP} }
	o.wrote("it has what it is asked for", o.front(func(f *world.Front) { f.Ports = []world.FrontPort{port(80)} }))
	o.move("set-7", 81)
	o.report("east", o.revision())
	o.wrote("proxies have the port, and the front has not", o.report("west", o.revision()))
	o.want("the front has not", "set-7", "Pending")
	o.want("nothing of it is at that port", "set-8", "Programmed")

	o.wrote("a pass came to nothing", o.front(func(f *world.Front) { f.Pending = "something else" }))
	o.wrote("the front has the port", o.front(func(f *world.Front) { f.Ports = []world.FrontPort{port(80), port(81)} }), "set-7")
	o.want("the front has the port", "set-7", "Programmed")

	o.wrote("the operator starts", o.front(func(f *world.Front) { f.Ports, f.Remembered = nil, true }))
	o.want("it was programmed", "set-7", "Programmed")
	o.move("set-7", 82)
	o.report("east", o.revision())
	o.report("west", o.revision())
	o.want("this generation was not", "set-7", "Pending")
}

// TestWhatHasNoGenerationCounts holds that conditions follow what changes a listener without a change of its object.
func TestWhatHasNoGenerationCounts(t *testing.T) {
	o := operate(t, 20)
	o.wrote("the front sends from other networks, which proxies have to know",
		o.front(func(f *world.Front) { f.Subnets = []string{"10.0.0.0/24"} }), "web")
	o.want("no proxy has it", "", "Pending")
	o.want("its listeners are the same", "set-7", "Programmed")
	o.report("east", o.revision())
	o.wrote("proxies have it", o.report("west", o.revision()), "web")

	name := world.Name{Namespace: "infra", Name: "set-7"}
	o.wrote("it says something that is no matter of proxies", o.change(func(w *world.World) {
		other := w.ListenerSets.Get(name).DeepCopy()
		other.Generation++
		w.ListenerSets = w.ListenerSets.With(name, other)
	}, world.Key{Kind: world.KindListenerSet, Name: name}), "set-7")
	o.want("proxies have it already", "set-7", "Programmed")
}
