package translate

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// routeContext is a route on its way through translation.
type routeContext struct {
	t      *translator
	key    ir.RouteKey
	name   world.Name
	source *source
	labels labels.Set
	// hostnames in lower case; the one "" if the route has none.
	hostnames []string
	// served are the hostnames that some listener has.
	served map[string]bool
	deps   dependencies
}

func (r *routeContext) problem(code ir.Code, format string, args ...any) ir.Problem {
	return code.Problem(ir.Object{Kind: r.key.Kind, Namespace: r.name.Namespace, Name: r.name.Name}, format, args...)
}

// route translates a route; nil if there is none. One that names none of our Gateways has no Parents; it is
// kept for its Deps, since a Gateway that it names may become ours.
func (t *translator) route(key ir.RouteKey) *ir.Route {
	read := sourceOf(t.w, key)
	if read == nil {
		return nil
	}
	name := world.Name(key.Key)
	r := &routeContext{
		t: t, key: key, name: name, source: read,
		labels: namespaceLabels(t.w, name.Namespace), served: map[string]bool{}, deps: dependencies{},
	}
	r.deps.on(world.Kind(key.Kind), name.Namespace, name.Name)
	r.deps.on(world.KindNamespace, "", name.Namespace)
	for i := range read.hostnames {
		r.hostnames = append(r.hostnames, hostnameOf(&read.hostnames[i]))
	}
	if len(r.hostnames) == 0 {
		r.hostnames = []string{""}
	}
	out := &ir.Route{Kind: key.Kind, Namespace: name.Namespace, Name: name.Name, Generation: read.Generation, Created: read.created()}
	for i := range read.parentRefs {
		r.parentRef(out, &read.parentRefs[i], i)
	}
	r.defaultGateways(out)
	r.ignoredHostnames(out)
	slices.SortFunc(out.Gateways, func(a, b ir.RouteGateway) int { return cmp.Compare(a.Gateway, b.Gateway) })
	for i := range out.Gateways {
		sortHosts(&out.Gateways[i])
	}
	out.Deps = r.deps.sorted()
	return out
}

// parentRef answers one parentRef.
func (r *routeContext) parentRef(out *ir.Route, ref *gatewayv1.ParentReference, index int) {
	p := r.parentOf(ref)
	if p == nil {
		return
	}
	key := p.gateway.Key()
	answer := ir.RouteParent{Index: index, Gateway: key.String(), Controller: p.gateway.Controller}
	hosts, listeners, problem := r.attach(p, ref)
	if problem != nil {
		answer.Problems = append(answer.Problems, *problem)
	}
	rules := r.compileRules(p, hosts)
	answer.Accepted = problem == nil && !rules.allBroken()
	if problem == nil {
		answer.Listeners = listeners
		r.addGateway(out, key, hosts, rules)
	}
	answer.Problems = append(answer.Problems, rules.problems(r, problem == nil)...)
	answer.Notes = rules.notes
	for i := range answer.Problems {
		answer.Problems[i].Parent = index
	}
	out.Parents = append(out.Parents, answer)
}

// addGateway gives the proxies of a Gateway the route at these hosts. Several parentRefs may lead to one Gateway.
func (r *routeContext) addGateway(out *ir.Route, key ir.Key, hosts []ir.RouteHost, rules *ruleSet) {
	at := slices.IndexFunc(out.Gateways, func(part ir.RouteGateway) bool { return part.Gateway == key.String() })
	if at < 0 {
		at = len(out.Gateways)
		out.Gateways = append(out.Gateways, ir.RouteGateway{Gateway: key.String()})
	}
	part := &out.Gateways[at]
	part.Hosts = append(part.Hosts, hosts...)
	if part.Rules == nil {
		part.Rules = rules.made
	}
	if part.Passed == nil {
		part.Passed = rules.passed
	}
	part.Pools = mergePools(part.Pools, rules.sortedPools())
	part.Policies = append(part.Policies, rules.policies...)
	slices.Sort(part.Policies)
	part.Policies = slices.Compact(part.Policies)
}

// mergePools joins two lists that are sorted by key; what has one key is the same.
func mergePools(have, more []ir.Pool) []ir.Pool {
	if len(have) == 0 {
		return more
	}
	out := append(slices.Clone(have), more...)
	slices.SortFunc(out, func(a, b ir.Pool) int { return cmp.Compare(a.Key, b.Key) })
	return slices.CompactFunc(out, func(a, b ir.Pool) bool { return a.Key == b.Key })
}

// sortHosts orders the hosts of a route and drops repeats.
func sortHosts(part *ir.RouteGateway) {
	slices.SortFunc(part.Hosts, func(a, b ir.RouteHost) int {
		return cmp.Or(cmp.Compare(a.Listener, b.Listener), cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.Tier, b.Tier))
	})
	part.Hosts = slices.CompactFunc(part.Hosts, func(a, b ir.RouteHost) bool {
		return a.Listener == b.Listener && a.Hostname == b.Hostname
	})
}

// ignoredHostnames tells of hostnames that no listener has, while others of the route are served.
func (r *routeContext) ignoredHostnames(out *ir.Route) {
	var ignored []string
	for _, hostname := range r.hostnames {
		if !r.served[hostname] {
			ignored = append(ignored, hostname)
		}
	}
	if len(ignored) == 0 || len(r.served) == 0 {
		return
	}
	for i := range out.Parents {
		parent := &out.Parents[i]
		if !parent.Accepted {
			continue
		}
		problem := r.problem(ir.HostnameIgnored,
			"hostname %s is not served: no listener that this route is attached to has it: "+
				"remove it from hostnames, or add a listener with that hostname and a parentRef to it",
			strings.Join(ignored, ", "))
		problem.Parent = parent.Index
		parent.Problems = append(parent.Problems, problem)
	}
}
