package compile

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// ProxyConfigs are the objects that carry the configuration of a Gateway into a member: the root first, then
// its chunks by number. None when no proxies should run there.
func ProxyConfigs(r ir.IR, gateway world.Name, member string) ([]dataplanev1alpha1.ProxyConfig, error) {
	return NewCache().ProxyConfigs(r, gateway, member)
}

// Cache remembers what was encoded, so that only roots that differ and chunks whose routes changed are encoded again.
// The answers are those of ProxyConfigs. It is not safe for concurrent use.
type Cache struct {
	targets map[target]*compiled
	roots   *Roots
}

// NewCache makes an empty Cache.
func NewCache() *Cache { return NewCacheOf(nil) }

// NewCacheOf makes an empty Cache that shares encoded roots with others; nil for one that does not.
func NewCacheOf(roots *Roots) *Cache {
	if roots == nil {
		roots = NewRoots()
	}
	return &Cache{targets: map[target]*compiled{}, roots: roots}
}

// target is a Gateway in a member.
type target struct {
	gateway world.Name
	member  string
}

// compiled is what a Cache has of a target.
type compiled struct {
	target
	*layout
	// from is the Gateway that root and listeners are of.
	from      *ir.Gateway
	listeners names
	// revision is that of the root, which is another one too when there is another number of chunks; "" tells nothing.
	revision string
	// stale are the numbers of the chunks that have to be encoded again.
	stale map[int]bool
	// objects are the root and the chunks.
	objects []dataplanev1alpha1.ProxyConfig
}

// ProxyConfigs answers like the function of that name. The answer is the Cache's own: do not write to it. It is good until the
// next call for the same.
func (c *Cache) ProxyConfigs(r ir.IR, gateway world.Name, member string) ([]dataplanev1alpha1.ProxyConfig, error) {
	here := target{gateway, member}
	found := placed(r, gateway, member)
	if found == nil {
		if c.targets[here] != nil {
			c.roots.forget(gateway, member)
		}
		delete(c.targets, here)
		return nil, nil
	}
	have := c.of(r, here)
	have.listen(found)
	if err := have.encode(found, c.roots); err != nil {
		delete(c.targets, here)
		return nil, fmt.Errorf("compile Gateway %s: %w", gateway, err)
	}
	return have.objects, nil
}

// BackendNamespaces are the namespaces of the Services that a Gateway and its routes name, sorted. The answer is the Cache's own.
func (c *Cache) BackendNamespaces(r ir.IR, gateway world.Name, member string) []string {
	found := c.of(r, target{gateway, member}).backends()
	own := r.Gateway(gateway.Namespace, gateway.Name)
	if own == nil || len(own.Pools) == 0 {
		return found
	}
	found = slices.Clone(found)
	for _, pool := range own.Pools {
		found = append(found, pool.Namespace)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// of brings what is known of a target to the routes of an IR.
func (c *Cache) of(r ir.IR, here target) *compiled {
	have := c.targets[here]
	if have == nil {
		have = &compiled{target: here, layout: newLayout(r, ir.Key(here.gateway)), stale: map[int]bool{}}
		c.targets[here] = have
	}
	maps.Copy(have.stale, have.update(r.Routes))
	if len(have.objects) != len(have.groups)+1 {
		have.objects = make([]dataplanev1alpha1.ProxyConfig, len(have.groups)+1)
		have.from = nil // the root says how many chunks there are
		clear(have.stale)
		for i := range have.groups {
			have.stale[i] = true
		}
	}
	return have
}

// listen makes those chunks stale whose routes are on a listener that proxies come to have, or have no more.
func (c *compiled) listen(gateway *ir.Gateway) {
	if c.from.Alike(gateway) {
		return
	}
	now := proxied(gateway)
	differ := now.differ(c.listeners)
	c.listeners = now
	if len(differ) == 0 {
		return
	}
	for i, routes := range c.groups {
		c.stale[i] = c.stale[i] || slices.ContainsFunc(routes, func(route *ir.Route) bool {
			return slices.ContainsFunc(route.For(c.layout.gateway).Hosts, func(host ir.RouteHost) bool {
				return differ[host.Listener]
			})
		})
	}
}

// encode makes the objects of the root and of stale chunks again.
func (c *compiled) encode(gateway *ir.Gateway, roots *Roots) error {
	if err := c.encodeRoot(gateway, roots); err != nil {
		return err
	}
	for i, stale := range c.stale {
		if !stale {
			continue
		}
		data, checksum, err := config.Encode(c.listeners.chunk(c.layout.gateway, c.member, i, c.groups[i]))
		if err != nil {
			return err //nolint:wrapcheck // the caller says what was compiled
		}
		made := object(c.target.gateway, data, checksum)
		made.Name = ChunkName(c.target.gateway, i)
		made.Spec.Part = dataplanev1alpha1.PartChunk
		made.Spec.Index = int32(i)
		c.objects[i+1] = made
	}
	clear(c.stale)
	return nil
}

func (c *compiled) encodeRoot(gateway *ir.Gateway, roots *Roots) error {
	if c.from.Alike(gateway) {
		return nil
	}
	c.from = gateway
	if c.objects[0].Name != "" && c.revision == gateway.Revision && c.revision != "" {
		return nil
	}
	data, checksum, err := roots.encode(gateway, c.member, len(c.groups))
	if err != nil {
		return err
	}
	made := object(c.target.gateway, data, checksum)
	made.Name = ProxyName(c.target.gateway)
	made.Spec.Part = dataplanev1alpha1.PartRoot
	made.Spec.GatewayGeneration = gateway.Generation
	c.revision, c.objects[0] = gateway.Revision, made
	return nil
}

func object(gateway world.Name, data []byte, checksum string) dataplanev1alpha1.ProxyConfig {
	return dataplanev1alpha1.ProxyConfig{
		TypeMeta: metav1.TypeMeta{APIVersion: dataplanev1alpha1.GroupVersion.String(), Kind: "ProxyConfig"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: gateway.Namespace,
			Labels:    map[string]string{dataplanev1alpha1.LabelProxy: ProxyName(gateway)},
		},
		Spec: dataplanev1alpha1.ProxyConfigSpec{
			Gateway: gateway.Name, Version: config.Version, Checksum: checksum, Data: data,
		},
	}
}
