package translate

import (
	"maps"
	"slices"

	"github.com/fleetgate/fleetgate/internal/world"
)

// dependencies collects what one object's translation looked at.
type dependencies map[uint64]struct{}

func (d dependencies) on(kind world.Kind, namespace, name string) {
	d[world.Key{Kind: kind, Name: world.Name{Namespace: namespace, Name: name}}.Hash()] = struct{}{}
}

// onGrants depends on all ReferenceGrants of a namespace: any of them may come to allow a reference.
func (d dependencies) onGrants(namespace string) {
	d.on(world.KindReferenceGrant, namespace, "")
}

// onMembers depends on which members there are.
func (d dependencies) onMembers() {
	d.on(world.KindMember, "", "")
}

// setsOf is which ListenerSets name a Gateway.
func setsOf(gateway world.Name) world.Key {
	return world.Key{Kind: "ListenerSets of a Gateway", Name: gateway}
}

// onSetsOf depends on which ListenerSets name a Gateway.
func (d dependencies) onSetsOf(gateway world.Name) {
	d[setsOf(gateway).Hash()] = struct{}{}
}

// defaultGateways is which Gateways of ours are default Gateways: no Gateway has an empty name.
var defaultGateways = world.Key{Kind: world.KindGateway}

// onDefaultGateways depends on which Gateways are default Gateways.
func (d dependencies) onDefaultGateways() {
	d[defaultGateways.Hash()] = struct{}{}
}

func (d dependencies) sorted() []uint64 {
	out := make([]uint64, 0, len(d))
	for hash := range d {
		out = append(out, hash)
	}
	slices.Sort(out)
	return out
}

// few is how many marks are compared, and how many ListenerSets are looked for, one by one rather than hashed.
const few = 8

// dirty is what changed, as the hashes that dependencies are told by.
type dirty map[uint64]struct{}

// mark adds a Key, in the coarser form that dependencies use for it. Nothing depends on a route but itself.
func (d dirty) mark(key world.Key) {
	if isRoute(key.Kind) {
		return
	}
	switch key.Kind {
	case world.KindReferenceGrant:
		key.Name.Name = ""
	case world.KindMember:
		key.Name = world.Name{}
	default:
	}
	d[key.Hash()] = struct{}{}
}

// toucher says of dependencies whether something that they name has changed. Nothing may be marked while it is used.
func (d dirty) toucher() func(deps []uint64) bool {
	if len(d) > few {
		return d.touches
	}
	marks := make([]uint64, 0, len(d))
	for hash := range d {
		marks = append(marks, hash)
	}
	return func(deps []uint64) bool {
		for _, hash := range deps {
			if slices.Contains(marks, hash) {
				return true
			}
		}
		return false
	}
}

// without is what changed but for a Key.
func (d dirty) without(key world.Key) dirty {
	out := maps.Clone(d)
	delete(out, key.Hash())
	return out
}

// touches says whether something that these dependencies name has changed.
func (d dirty) touches(deps []uint64) bool {
	for _, hash := range deps {
		if _, found := d[hash]; found {
			return true
		}
	}
	return false
}
