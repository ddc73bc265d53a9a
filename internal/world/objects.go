package world

import (
	"iter"
	"maps"
)

// Objects are those of one kind by Name, of which a fleet may have tens of thousands. They are never written to: With and
// Without give others, which share nearly all with them, so that a change costs little however many there are. The zero
// value is empty; that is also how it ends when all are gone.
type Objects[V any] struct {
	shards []map[Name]V
	count  int
}

// shardCount is a power of two. A change copies as many pointers and, of 40,000 objects, the map of eighty.
const shardCount = 512

// ObjectsOf are the objects of a map.
func ObjectsOf[V any](objects map[Name]V) Objects[V] {
	if len(objects) == 0 {
		return Objects[V]{}
	}
	out := Objects[V]{shards: make([]map[Name]V, shardCount), count: len(objects)}
	for name, object := range objects {
		at := name.shard()
		if out.shards[at] == nil {
			out.shards[at] = map[Name]V{}
		}
		out.shards[at][name] = object
	}
	return out
}

// Get is the object of that name; the zero value if there is none.
func (o Objects[V]) Get(name Name) V {
	if o.count == 0 {
		var none V
		return none
	}
	return o.shards[name.shard()][name]
}

// Len is how many there are.
func (o Objects[V]) Len() int { return o.count }

// All are the objects in any order.
func (o Objects[V]) All() iter.Seq2[Name, V] {
	return func(yield func(Name, V) bool) {
		for _, shard := range o.shards {
			for name, object := range shard {
				if !yield(name, object) {
					return
				}
			}
		}
	}
}

// With are these objects and this one, in the place of what had its name.
func (o Objects[V]) With(name Name, object V) Objects[V] {
	at := name.shard()
	out := o.copied(at)
	if _, known := out.shards[at][name]; !known {
		out.count++
	}
	out.shards[at][name] = object
	return out
}

// Without are these objects but for that of this name.
func (o Objects[V]) Without(name Name) Objects[V] {
	at := name.shard()
	if o.count == 0 {
		return o
	}
	if _, known := o.shards[at][name]; !known {
		return o
	}
	if o.count == 1 {
		return Objects[V]{}
	}
	out := o.copied(at)
	out.count--
	if delete(out.shards[at], name); len(out.shards[at]) == 0 {
		out.shards[at] = nil
	}
	return out
}

// copied shares all with o but one shard, which may be written to.
func (o Objects[V]) copied(at uint32) Objects[V] {
	out := Objects[V]{shards: make([]map[Name]V, shardCount), count: o.count}
	copy(out.shards, o.shards)
	if out.shards[at] = maps.Clone(out.shards[at]); out.shards[at] == nil {
		out.shards[at] = map[Name]V{}
	}
	return out
}

// shard is by FNV-1a.
func (n Name) shard() uint32 {
	sum := uint32(2166136261)
	for _, part := range [...]string{n.Namespace, "/", n.Name} {
		for i := range len(part) {
			sum = (sum ^ uint32(part[i])) * 16777619
		}
	}
	return (sum ^ sum>>16) % shardCount
}
