package gather

import (
	"maps"
	"reflect"
	"slices"

	corev1 "k8s.io/api/core/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
)

// AnnotationGateway is on proxy pods and says which Gateway of their namespace they serve.
const AnnotationGateway = dataplanev1alpha1.AnnotationGateway

// contents is what an Assembler holds of one member, from which world.Member is made.
type contents struct {
	state    *MemberState
	services world.Objects[*corev1.Service]
	pods     map[world.Name]map[string]*corev1.Pod
	roots    map[world.Name]*dataplanev1alpha1.ProxyConfig
	problems map[world.Name]string
	// gatewayOf remembers which Gateway a deleted pod or root belonged to.
	gatewayOf map[Key]world.Name
	// dirty are Gateways whose Proxies have to be counted again.
	dirty   map[world.Name]bool
	proxies map[world.Name]world.Proxies
}

func newContents() *contents {
	return &contents{
		pods:      map[world.Name]map[string]*corev1.Pod{},
		roots:     map[world.Name]*dataplanev1alpha1.ProxyConfig{},
		problems:  map[world.Name]string{},
		gatewayOf: map[Key]world.Name{},
		dirty:     map[world.Name]bool{},
		proxies:   map[world.Name]world.Proxies{},
	}
}

func (a *Assembler) applyMember(e *edit, key Key, value any) {
	name := key.Member
	if key.Kind == world.KindMember {
		name = key.Name.Name
	}
	e.members[name] = true
	held := a.members[name]
	if held == nil {
		held = newContents()
		a.members[name] = held
	}
	switch key.Kind {
	case world.KindMember:
		e.changed[world.Key{Kind: key.Kind, Name: key.Name}] = true
		held.state = nil
		if state, ok := value.(MemberState); ok {
			held.state = &state
		}
	case world.KindService:
		e.changed[world.Key{Kind: key.Kind, Name: key.Name}] = true
		setObject(&held.services, key.Name, value)
	case KindPod:
		pod, _ := value.(*corev1.Pod)
		held.putPod(key, pod)
	case KindProxyConfig:
		part, _ := value.(*dataplanev1alpha1.ProxyConfig)
		held.putRoot(key, part)
	case KindProxyProblem:
		set(&held.problems, false, key.Name, value)
		held.dirty[key.Name] = true
	default: // kinds of the hub do not come here
	}
}

func (c *contents) putPod(key Key, pod *corev1.Pod) {
	if old, known := c.gatewayOf[key]; known {
		delete(c.pods[old], key.Name.Name)
		delete(c.gatewayOf, key)
		c.dirty[old] = true
	}
	if pod == nil || pod.Annotations[AnnotationGateway] == "" {
		return
	}
	gateway := world.Name{Namespace: pod.Namespace, Name: pod.Annotations[AnnotationGateway]}
	if c.pods[gateway] == nil {
		c.pods[gateway] = map[string]*corev1.Pod{}
	}
	c.pods[gateway][pod.Name] = pod
	c.gatewayOf[key] = gateway
	c.dirty[gateway] = true
}

func (c *contents) putRoot(key Key, part *dataplanev1alpha1.ProxyConfig) {
	if old, known := c.gatewayOf[key]; known {
		delete(c.roots, old)
		delete(c.gatewayOf, key)
		c.dirty[old] = true
	}
	if part == nil || part.Spec.Part != dataplanev1alpha1.PartRoot {
		return
	}
	gateway := world.Name{Namespace: part.Namespace, Name: part.Spec.Gateway}
	c.roots[gateway] = part
	c.gatewayOf[key] = gateway
	c.dirty[gateway] = true
}

// dropUnannounced leaves out members that nobody announced yet: what they hold waits in contents.
func (a *Assembler) dropUnannounced(names map[string]bool) {
	for name := range names {
		if _, there := a.world.Members[name]; a.members[name].state == nil && !there {
			delete(names, name)
		}
	}
}

func (a *Assembler) finishMember(e *edit, name string) {
	held := a.members[name]
	if held.state == nil {
		delete(e.next.Members, name)
		delete(a.members, name)
		return
	}
	if len(held.dirty) > 0 {
		held.proxies = maps.Clone(held.proxies)
	}
	for gateway := range held.dirty {
		count := countProxies(held.pods[gateway], held.roots[gateway])
		count.Problem = held.problems[gateway]
		before, known := held.proxies[gateway]
		if there := len(held.pods[gateway]) > 0 || held.roots[gateway] != nil || count.Problem != ""; !there {
			delete(held.proxies, gateway)
		} else {
			held.proxies[gateway] = count
			if known && reflect.DeepEqual(before, count) {
				continue // most of what is written to a pod or a root tells nothing of them
			}
		}
		e.changed[world.Key{Kind: world.KindProxies, Name: gateway}] = true
	}
	held.dirty = map[world.Name]bool{}
	e.next.Members[name] = &world.Member{
		Name: name, Labels: held.state.Labels, Unreachable: held.state.Unreachable,
		Services: held.services, Proxies: held.proxies,
	}
}

// countProxies counts pods: a terminating one gets no traffic any more, one that is not ready yet is
// registered already, for the front has its own health check.
func countProxies(pods map[string]*corev1.Pod, root *dataplanev1alpha1.ProxyConfig) world.Proxies {
	var out world.Proxies
	inForce := map[string]dataplanev1alpha1.ProxyStatus{}
	if root != nil {
		for _, proxy := range root.Status.Proxies {
			inForce[proxy.Name] = proxy
		}
	}
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil || pod.Status.PodIP == "" || finished(pod) {
			continue
		}
		out.Addresses = append(out.Addresses, pod.Status.PodIP)
		if pod.Status.HostIP != "" {
			out.Hosts = append(out.Hosts, pod.Status.HostIP)
		}
		if !ready(pod) {
			continue
		}
		out.Ready++
		if report := inForce[pod.Name]; report.Revision != "" {
			out.Revisions = append(out.Revisions, report.Revision)
		} else {
			out.Generation = max(out.Generation, report.GatewayGeneration)
		}
	}
	slices.Sort(out.Revisions)
	out.Revisions = slices.Compact(out.Revisions)
	slices.Sort(out.Addresses)
	slices.Sort(out.Hosts)
	out.Hosts = slices.Compact(out.Hosts)
	return out
}

func finished(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
}

func ready(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}
