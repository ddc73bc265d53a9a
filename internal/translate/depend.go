package translate

import (
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

func (d dependencies) sorted() []uint64 {
	out := make([]uint64, 0, len(d))
	for hash := range d {
		out = append(out, hash)
	}
	slices.Sort(out)
	return out
}

// dirty is what changed, as the hashes that dependencies are told by.
type dirty map[uint64]struct{}

// mark adds a Key, in the coarser form that dependencies use for it.
func (d dirty) mark(key world.Key) {
	switch key.Kind {
	case world.KindReferenceGrant:
		key.Name.Name = ""
	case world.KindMember:
		key.Name = world.Name{}
	default:
	}
	d[key.Hash()] = struct{}{}
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
