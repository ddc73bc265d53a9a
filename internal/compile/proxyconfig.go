package compile

import (
	"fmt"
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

// Cache remembers encoded chunks, so that only those whose routes changed are compiled and encoded again.
// The answers are those of ProxyConfigs. It is not safe for concurrent use.
type Cache struct {
	chunks map[slot]entry
	counts map[target]int
}

// NewCache makes an empty Cache.
func NewCache() *Cache {
	return &Cache{chunks: map[slot]entry{}, counts: map[target]int{}}
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

type entry struct {
	shape  string
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
	first, err := object(gateway, config.Version, root(found, len(groups)))
	if err != nil {
		return nil, err
	}
	first.Name = ProxyName(gateway)
	first.Spec.Part = dataplanev1alpha1.PartRoot
	first.Spec.GatewayGeneration = found.Generation
	out := append(make([]dataplanev1alpha1.ProxyConfig, 0, len(groups)+1), first)
	for i, routes := range groups {
		next, err := c.chunk(found, slot{here, i}, routes)
		if err != nil {
			return nil, err
		}
		out = append(out, next)
	}
	return out, nil
}

func (c *Cache) chunk(gateway *ir.Gateway, at slot, routes []*ir.Route) (dataplanev1alpha1.ProxyConfig, error) {
	shape := servingShape(gateway)
	if have, ok := c.chunks[at]; ok && have.shape == shape && slices.Equal(have.routes, routes) {
		return have.object, nil
	}
	made, err := object(at.gateway, config.Version, chunk(gateway, at.member, at.index, routes))
	if err != nil {
		return made, err
	}
	made.Name = ChunkName(at.gateway, at.index)
	made.Spec.Part = dataplanev1alpha1.PartChunk
	made.Spec.Index = int32(at.index)
	c.chunks[at] = entry{shape: shape, routes: routes, object: made}
	return made, nil
}

// forget drops the chunks of a Gateway in a member from number keep on.
func (c *Cache) forget(here target, keep int) {
	for i := keep; i < c.counts[here]; i++ {
		delete(c.chunks, slot{here, i})
	}
	c.counts[here] = keep
	if keep == 0 {
		delete(c.counts, here)
	}
}

// servingShape is all that a chunk takes from its Gateway: which listeners proxies have.
func servingShape(gateway *ir.Gateway) string {
	var shape strings.Builder
	for _, listener := range gateway.Listeners {
		if listener.Proxied {
			shape.WriteString(listener.Name + "\n")
		}
	}
	return shape.String()
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
