package gather

import (
	"cmp"
	"maps"
	"slices"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Assembler builds Worlds. A World that was handed out is never changed again: the maps that a change
// touches are copied, the others are shared. Not safe for concurrent use.
type Assembler struct {
	// Remember tells what a Gateway itself says of its front, from before the operator started.
	Remember func(*gatewayv1.Gateway) (world.Front, bool)

	world   world.World
	members map[string]*contents
}

// NewAssembler starts from what does not come from events: hub id, providers, version.
func NewAssembler(base world.World) *Assembler {
	base.Classes = map[string]*gatewayv1.GatewayClass{}
	base.ALBConfigs = map[string]*awsv1alpha1.ALBConfig{}
	base.ServiceConfigs = map[string]*gatewayv1alpha1.ServiceConfig{}
	base.Gateways = map[world.Name]*gatewayv1.Gateway{}
	base.BackendTLS = map[world.Name]*gatewayv1.BackendTLSPolicy{}
	base.BackendTraffic = map[world.Name]*gatewayxv1alpha1.XBackendTrafficPolicy{}
	base.Grants = map[world.Name]*gatewayv1.ReferenceGrant{}
	base.Namespaces = map[string]*corev1.Namespace{}
	base.Secrets = map[world.Name]*corev1.Secret{}
	base.ConfigMaps = map[world.Name]*corev1.ConfigMap{}
	base.TrustBundles = map[world.Name]*certificatesv1.ClusterTrustBundle{}
	base.Members = map[string]*world.Member{}
	base.Fronts = map[world.Name]world.Front{}
	return &Assembler{world: base, members: map[string]*contents{}}
}

// Delta is how a World differs from the one before.
type Delta struct {
	// Changed are the keys of all that may mean something else, sorted.
	Changed []world.Key
	// Written are Gateways, ListenerSets and routes whose status may be another, sorted, though they mean what they did.
	Written []world.Key
}

// Apply gives the World after changes, and what may differ from the World before.
func (a *Assembler) Apply(changes map[Key]any) (*world.World, Delta) {
	next := a.world
	step := &edit{
		next: &next, copied: map[world.Kind]bool{}, members: map[string]bool{}, remember: a.Remember,
		changed: map[world.Key]bool{}, written: map[world.Key]bool{},
	}
	for key, value := range changes {
		if key.Kind == world.KindMember || key.Member != "" {
			a.applyMember(step, key, value)
			continue
		}
		step.hub(key, value)
	}
	a.dropUnannounced(step.members)
	if len(step.members) > 0 {
		next.Members = maps.Clone(next.Members)
	}
	for name := range step.members {
		a.finishMember(step, name)
	}
	a.world = next
	out := next
	return &out, Delta{
		Changed: slices.SortedFunc(maps.Keys(step.changed), compareKeys),
		Written: slices.SortedFunc(maps.Keys(step.written), compareKeys),
	}
}

func compareKeys(a, b world.Key) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), a.Name.Compare(b.Name))
}

// edit is one step from World to World.
type edit struct {
	next    *world.World
	copied  map[world.Kind]bool
	members map[string]bool
	changed map[world.Key]bool
	written map[world.Key]bool
	// remember is Assembler.Remember.
	remember func(*gatewayv1.Gateway) (world.Front, bool)
}

// fresh tells, once for each kind, that its map has to be copied before it is written.
func (e *edit) fresh(kind world.Kind) bool {
	was := e.copied[kind]
	e.copied[kind] = true
	return !was
}

// hub puts one object of the hub in its map. One case for each kind: a dispatch table.
func (e *edit) hub(key Key, value any) {
	if e.counted(key, value) {
		return
	}
	first := e.fresh(key.Kind)
	e.changed[world.Key{Kind: key.Kind, Name: key.Name}] = true
	switch key.Kind {
	case world.KindGatewayClass:
		set(&e.next.Classes, first, key.Name.Name, value)
	case world.KindALBConfig:
		set(&e.next.ALBConfigs, first, key.Name.Name, value)
	case world.KindNamespace:
		set(&e.next.Namespaces, first, key.Name.Name, value)
	case world.KindServiceConfig:
		set(&e.next.ServiceConfigs, first, key.Name.Name, value)
	case world.KindBackendTLSPolicy:
		set(&e.next.BackendTLS, first, key.Name, value)
	case world.KindTrafficPolicy:
		set(&e.next.BackendTraffic, first, key.Name, value)
	case world.KindReferenceGrant:
		set(&e.next.Grants, first, key.Name, value)
	case world.KindGatewayAPI:
		if installed, ok := value.(Installed); ok {
			e.next.GatewayAPI, e.next.Experimental, e.next.Absent = installed.Version, installed.Experimental, installed.Absent
		}
	case world.KindFront:
		set(&e.next.Fronts, first, key.Name, value)
	case world.KindSecret:
		if _, missing := value.(Missing); missing {
			value = (*corev1.Secret)(nil)
		}
		set(&e.next.Secrets, first, key.Name, value)
	case world.KindConfigMap:
		if _, missing := value.(Missing); missing {
			value = (*corev1.ConfigMap)(nil)
		}
		set(&e.next.ConfigMaps, first, key.Name, value)
	case world.KindTrustBundle:
		if _, missing := value.(Missing); missing {
			value = (*certificatesv1.ClusterTrustBundle)(nil)
		}
		set(&e.next.TrustBundles, first, key.Name, value)
	default: // kinds of members do not come here
	}
}

// counted puts a Gateway, a ListenerSet or a route in its map, and says whether it is one.
func (e *edit) counted(key Key, value any) bool {
	switch key.Kind {
	case world.KindGateway:
		e.forgetFront(key.Name, value)
		mark(e, key, e.next.Gateways[key.Name], value)
		set(&e.next.Gateways, e.fresh(key.Kind), key.Name, value)
	case world.KindListenerSet:
		setCounted(e, &e.next.ListenerSets, key, value)
		e.written[world.Key{Kind: key.Kind, Name: key.Name}] = true // another of its name may mean the same and have no status
	case world.KindHTTPRoute:
		setCounted(e, &e.next.HTTPRoutes, key, value)
	case world.KindGRPCRoute:
		setCounted(e, &e.next.GRPCRoutes, key, value)
	case world.KindTLSRoute:
		setCounted(e, &e.next.TLSRoutes, key, value)
	case world.KindTCPRoute:
		setCounted(e, &e.next.TCPRoutes, key, value)
	case world.KindUDPRoute:
		setCounted(e, &e.next.UDPRoutes, key, value)
	default:
		return false
	}
	return true
}

// generated is an object of which the API server counts the changes of all but status and metadata.
type generated interface {
	comparable
	metav1.Object
}

func setCounted[V generated](e *edit, into *world.Objects[V], key Key, value any) {
	mark(e, key, into.Get(key.Name), value)
	setObject(into, key.Name, value)
}

// mark tells an object whose status alone was written, most often by us, from one that may mean something else.
func mark[V generated](e *edit, key Key, old V, value any) {
	var none V
	same := old != none
	if now, there := value.(V); same {
		same = there && now.GetUID() == old.GetUID() && now.GetGeneration() == old.GetGeneration() && now.GetGeneration() > 0
	}
	if at := (world.Key{Kind: key.Kind, Name: key.Name}); same {
		e.written[at] = true
	} else {
		e.changed[at] = true
	}
}

// forgetFront drops what was known of the front of a Gateway that went, or that another of its name replaced;
// of a new one, its own status tells until the front was looked at.
func (e *edit) forgetFront(name world.Name, value any) {
	old := e.next.Gateways[name]
	now, there := value.(*gatewayv1.Gateway)
	if there && old != nil && old.UID == now.UID {
		return
	}
	var front any
	if there && e.remember != nil {
		if known, ok := e.remember(now); ok {
			front = known
		}
	}
	e.changed[world.Key{Kind: world.KindFront, Name: name}] = true
	set(&e.next.Fronts, e.fresh(world.KindFront), name, front)
}

func set[K comparable, V any](into *map[K]V, first bool, key K, value any) {
	if first {
		*into = maps.Clone(*into)
	}
	if typed, ok := value.(V); ok {
		(*into)[key] = typed
	} else {
		delete(*into, key)
	}
}

func setObject[V any](into *world.Objects[V], name world.Name, value any) {
	if typed, ok := value.(V); ok {
		*into = into.With(name, typed)
	} else {
		*into = into.Without(name)
	}
}
