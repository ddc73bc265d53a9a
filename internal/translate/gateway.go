package translate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// gatewayContext is a Gateway on its way through translation.
type gatewayContext struct {
	name     world.Name
	object   *gatewayv1.Gateway
	provider world.Provider
	// parameters is the reference that counts; nil for none.
	parameters *reference
	out        *ir.Gateway
	deps       dependencies
	// addresses that the front is asked for.
	addresses []string
	// declared are the listeners as they were given, those of ListenerSets included. Their order is that of out.Listeners.
	declared []declared
	// repeated are names of listeners that come a second time.
	repeated []string
	// known is what an earlier translation of the Gateway knows.
	known known
	// old are the Sets as they were translated, where that is of use; nil where they are fresh.
	old []*ir.ListenerSet
	// fresh are those that are translated, with what they depend on.
	fresh []freshSet
}

// freshSet is a ListenerSet that is translated, with what it depends on.
type freshSet struct {
	set  *ir.ListenerSet
	deps dependencies
}

// gateway translates a Gateway; nil if its class is not ours.
func (t *translator) gateway(name world.Name, object *gatewayv1.Gateway, known known) *ir.Gateway {
	class := t.classes[string(object.Spec.GatewayClassName)]
	if class == nil {
		return nil
	}
	c := &gatewayContext{
		name: name, object: object, provider: t.w.Providers[class.Controller],
		deps: dependencies{}, known: known,
		out: &ir.Gateway{
			Namespace: name.Namespace, Name: name.Name, UID: string(object.UID),
			Generation: object.Generation, Created: object.CreationTimestamp.Unix(),
			Class: class.Name, Controller: class.Controller,
			Default:  object.Spec.DefaultScope == gatewayv1.GatewayDefaultScopeAll,
			EndsTLS:  t.w.Providers[class.Controller].EndsTLS,
			Deleting: object.DeletionTimestamp != nil,
		},
	}
	if object.CreationTimestamp.IsZero() {
		c.out.Created = 0
	}
	c.deps.on(world.KindGateway, name.Namespace, name.Name)
	c.deps.on(world.KindGatewayClass, "", class.Name)
	c.deps.on(world.KindFront, name.Namespace, name.Name)
	c.deps.on(world.KindProxies, name.Namespace, name.Name)
	c.deps.onMembers()
	c.deps.onSetsOf(name)
	t.gatewayParameters(c, class)
	t.gatewayAddresses(c)
	c.infrastructure()
	t.backendCertificate(c)
	c.out.InsecureFallback = c.insecureFallback()
	t.place(c)
	t.listeners(c)
	c.accept()
	c.acceptSets()
	_, seen := t.w.Fronts[c.name]
	c.out.Serving = !c.out.Deleting && (c.out.Accepted || seen)
	t.front(c)
	c.out.Frozen = !c.out.Accepted && !c.lacksCertificates()
	c.out.Unread = !c.out.Deleting && t.unread(c)
	c.shapes()
	compile.Revise(c.out)
	c.out.Deps = c.deps.sorted()
	return c.out
}

func (c *gatewayContext) refusef(code ir.Code, format string, args ...any) {
	object := ir.Object{Kind: "Gateway", Namespace: c.name.Namespace, Name: c.name.Name}
	c.out.Problems = append(c.out.Problems, code.Problem(object, format, args...))
}

// gatewayParameters decides which parameters count: the Gateway's own (GEP-1867) before the class's.
func (t *translator) gatewayParameters(c *gatewayContext, class *ir.Class) {
	if ref := t.w.Classes[class.Name].Spec.ParametersRef; ref != nil {
		c.parameters = &reference{string(ref.Group), string(ref.Kind), ref.Name}
		c.deps.on(world.Kind(ref.Kind), "", ref.Name)
	}
	if len(class.Problems) > 0 {
		messages := make([]string, 0, len(class.Problems))
		for _, problem := range class.Problems {
			messages = append(messages, problem.Message)
		}
		c.refusef(ir.Code{Type: "Accepted", Reason: class.Problems[0].Reason},
			"GatewayClass %s is not accepted: %s", class.Name, strings.Join(messages, "; "))
	}
	own := c.object.Spec.Infrastructure
	if own == nil || own.ParametersRef == nil {
		return
	}
	c.parameters = &reference{string(own.ParametersRef.Group), string(own.ParametersRef.Kind), own.ParametersRef.Name}
	c.deps.on(world.Kind(own.ParametersRef.Kind), "", own.ParametersRef.Name)
	object := ir.Object{Kind: "Gateway", Namespace: c.name.Namespace, Name: c.name.Name}
	c.out.Problems = append(c.out.Problems,
		t.checkReference(object, "spec.infrastructure.parametersRef", c.provider, *c.parameters)...)
}

// infrastructure takes over labels and annotations (GEP-1762).
func (c *gatewayContext) infrastructure() {
	own := c.object.Spec.Infrastructure
	if own == nil {
		return
	}
	for key, value := range own.Labels {
		if c.out.Labels == nil {
			c.out.Labels = map[string]string{}
		}
		c.out.Labels[string(key)] = string(value)
	}
	for key, value := range own.Annotations {
		if c.out.Annotations == nil {
			c.out.Annotations = map[string]string{}
		}
		c.out.Annotations[string(key)] = string(value)
	}
}

// accept decides about the Gateway as a whole, once its listeners are known.
func (c *gatewayContext) accept() {
	good, bad := sortOut(c.out.Own())
	for _, name := range c.repeated {
		bad = append(bad, name+" (named a second time)")
	}
	serves := slices.ContainsFunc(c.out.Listeners, func(l ir.Listener) bool { return l.Serves })
	usable := serves && !slices.ContainsFunc(c.out.Problems, func(p ir.Problem) bool { return p.Type == "Accepted" })
	if len(bad) > 0 {
		c.refusef(ir.ListenersNotValid, "listeners that cannot serve: %s; listeners that serve: %s; see their own conditions",
			strings.Join(bad, ", "), orNone(good))
	}
	c.out.Accepted = usable
}

// lacksCertificates says that the Gateway could be accepted but for certificates that the front may have the last good ones of.
func (c *gatewayContext) lacksCertificates() bool {
	refused := slices.ContainsFunc(c.out.Problems, func(p ir.Problem) bool {
		return p.Type == ir.ListenersNotValid.Type && p.Reason != ir.ListenersNotValid.Reason
	})
	return !refused && slices.ContainsFunc(c.out.Front.Ports, func(p ir.FrontPort) bool { return p.Spoilt })
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// shapes says what routes can see of the Gateway, and of each of its sets, and what those depend on.
func (c *gatewayContext) shapes() {
	members := make([]string, 0, len(c.out.Members))
	for _, member := range c.out.Members {
		members = append(members, fmt.Sprintf("%s %t", member.Name, member.Unreachable == ""))
	}
	c.out.Shape = shape(c.out.Controller, c.out.Deleting, members, c.seen(0, len(c.out.Own())))
	for i, set := range c.out.Sets {
		if old := c.old[i]; old != nil {
			c.sameRevision(set, old)
		}
	}
	for _, fresh := range c.fresh {
		fresh.set.Shape = shape(c.seen(fresh.set.First, fresh.set.Count))
		fresh.set.Deps = fresh.deps.sorted()
	}
}

// seenListener is what routes can see of a listener.
type seenListener struct {
	Name, Protocol, Hostname string
	Port                     int32
	Kinds                    []ir.RouteKind
	Allowed                  *gatewayv1.AllowedRoutes
}

// seen are count listeners from the first one on.
func (c *gatewayContext) seen(first, count int) []seenListener {
	out := make([]seenListener, 0, count)
	for i := first; i < first+count; i++ {
		listener := &c.out.Listeners[i]
		out = append(out, seenListener{
			listener.Name, listener.Protocol, listener.Hostname, listener.Port, listener.Kinds, c.declared[i].spec.AllowedRoutes,
		})
	}
	return out
}

func shape(parts ...any) string {
	text, err := json.Marshal(parts)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// placedMembers are the members of a Gateway as the World has them. All members answer for a Gateway that is
// placed in none: its routes are not to blame.
func (t *translator) placedMembers(gateway *ir.Gateway) []*world.Member {
	if len(gateway.Members) == 0 {
		all := make([]*world.Member, 0, len(t.w.Members))
		for _, name := range slices.Sorted(maps.Keys(t.w.Members)) {
			all = append(all, t.w.Members[name])
		}
		return all
	}
	out := make([]*world.Member, 0, len(gateway.Members))
	for _, member := range gateway.Members {
		if found := t.w.Members[member.Name]; found != nil {
			out = append(out, found)
		}
	}
	return out
}
