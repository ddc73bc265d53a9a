package compile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

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
	roots  map[target]rootEntry
	chunks map[slot]entry
	counts map[target]int
}

// NewCache makes an empty Cache.
func NewCache() *Cache {
	return &Cache{roots: map[target]rootEntry{}, chunks: map[slot]entry{}, counts: map[target]int{}}
}

// target is a Gateway in a member.
type target struct {
	gateway world.Name
	member  string
}

type slot struct {
	target
	index int
}

type rootEntry struct {
	// gateway is what root was made from, if pointers are equal.
	gateway *ir.Gateway
	root    config.Root
	object  dataplanev1alpha1.ProxyConfig
}

type entry struct {
	// shape is which listeners proxies have, and bits which of them the hosts of the routes are on.
	shape  string
	bits   string
	routes []*ir.Route
	object dataplanev1alpha1.ProxyConfig
}

// ProxyConfigs answers like the function of that name. The objects share their data with the Cache: do not write to it.
func (c *Cache) ProxyConfigs(r ir.IR, gateway world.Name, member string) ([]dataplanev1alpha1.ProxyConfig, error) {
	here := target{gateway, member}
	found := placed(r, gateway, member)
	if found == nil {
		c.forget(here, 0)
		return nil, nil
	}
	groups := group(r, found)
	c.forget(here, len(groups))
	first, err := c.root(here, found, len(groups))
	if err != nil {
		return nil, err
	}
	out := append(make([]dataplanev1alpha1.ProxyConfig, 0, len(groups)+1), first)
	having := proxied(found)
	shape := having.shape()
	for i, routes := range groups {
		next, err := c.chunk(having, shape, slot{here, i}, routes)
		if err != nil {
			return nil, err
		}
		out = append(out, next)
	}
	return out, nil
}

func (c *Cache) root(here target, gateway *ir.Gateway, chunks int) (dataplanev1alpha1.ProxyConfig, error) {
	have, ok := c.roots[here]
	if ok && have.gateway == gateway && have.root.Chunks == chunks {
		return have.object, nil
	}
	made := root(gateway, here.member, chunks)
	if !ok || !reflect.DeepEqual(have.root, made) {
		encoded, err := object(here.gateway, config.Version, made)
		if err != nil {
			return encoded, err
		}
		encoded.Name = ProxyName(here.gateway)
		encoded.Spec.Part = dataplanev1alpha1.PartRoot
		encoded.Spec.GatewayGeneration = gateway.Generation
		have.root, have.object = made, encoded
	}
	have.gateway = gateway
	c.roots[here] = have
	return have.object, nil
}

// chunk is that of the routes. A listener that comes or goes concerns those chunks alone whose routes are on it.
func (c *Cache) chunk(having listening, shape string, at slot, routes []*ir.Route) (dataplanev1alpha1.ProxyConfig, error) {
	have, ok := c.chunks[at]
	ok = ok && slices.Equal(have.routes, routes)
	if ok && have.shape == shape {
		return have.object, nil
	}
	bits := having.bits(routes)
	if ok && have.bits == bits {
		have.shape = shape
		c.chunks[at] = have
		return have.object, nil
	}
	made, err := object(at.gateway, config.Version, having.chunk(at.member, at.index, routes))
	if err != nil {
		return made, err
	}
	made.Name = ChunkName(at.gateway, at.index)
	made.Spec.Part = dataplanev1alpha1.PartChunk
	made.Spec.Index = int32(at.index)
	c.chunks[at] = entry{shape: shape, bits: bits, routes: routes, object: made}
	return made, nil
}

// forget drops the chunks of a Gateway in a member from number keep on.
func (c *Cache) forget(here target, keep int) {
	for i := keep; i < c.counts[here]; i++ {
		delete(c.chunks, slot{here, i})
	}
	c.counts[here] = keep
	if keep == 0 {
		delete(c.roots, here)
		delete(c.counts, here)
	}
}

// shape is all that chunks take from their Gateway: which listeners proxies have.
func (l listening) shape() string {
	var shape strings.Builder
	for i := range l.gateway.Listeners {
		if l.gateway.Listeners[i].Proxied {
			shape.WriteString(l.gateway.Listeners[i].Name + "\n")
		}
	}
	return shape.String()
}

// bits say of each host of the routes whether proxies have its listener.
func (l listening) bits(routes []*ir.Route) string {
	var bits strings.Builder
	for _, route := range routes {
		for _, host := range route.For(l.gateway.Key()).Hosts {
			if l.names[host.Listener] {
				bits.WriteByte('1')
			} else {
				bits.WriteByte('0')
			}
		}
	}
	return bits.String()
}

func object(gateway world.Name, version int32, part any) (dataplanev1alpha1.ProxyConfig, error) {
	data, checksum, err := config.Encode(part)
	if err != nil {
		return dataplanev1alpha1.ProxyConfig{}, fmt.Errorf("compile Gateway %s: %w", gateway, err)
	}
	return dataplanev1alpha1.ProxyConfig{
		TypeMeta: metav1.TypeMeta{APIVersion: dataplanev1alpha1.GroupVersion.String(), Kind: "ProxyConfig"},
		ObjectMeta: metav1.ObjectMeta{
			Namespace: gateway.Namespace,
			Labels:    map[string]string{dataplanev1alpha1.LabelProxy: ProxyName(gateway)},
		},
		Spec: dataplanev1alpha1.ProxyConfigSpec{
			Gateway: gateway.Name, Version: version, Checksum: checksum, Data: data,
		},
	}, nil
}
