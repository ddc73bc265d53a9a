package router

import (
	"hash/maphash"
	"math/bits"
	"slices"
)

// seed is of this process, so that nobody can choose names of one hash.
var seed = maphash.MakeSeed()

// hashOf gives the hash of a name. It is never 0.
func hashOf(name string) uint64 { return maphash.String(seed, name) | 1 }

// table is an immutable hash table of many shards. A change copies the list of shards and the
// shards that it touches, each a few dozen slots, and shares the rest.
type table[V any] struct {
	// shards are as many as a power of two, told apart by the high bits of the hash; each is as long
	// as a power of two and has an empty slot.
	shards [][]slot[V]
	shift  int
}

type slot[V any] struct {
	hash  uint64 // 0 for an empty slot
	key   string
	value V
}

// edit is a slot to be set, or the key of one to be taken away.
type edit[V any] struct {
	slot[V]

	remove bool
}

// registry is a table of names that knows how many there are.
type registry[V any] struct {
	names table[V]
	size  int
}

// named gives the value of a name; the zero value for none.
func (r *registry[V]) named(name string) V {
	v, _ := r.names.get(hashOf(name), name)
	return v
}

// with gives the registry with changes made to it. Each name may be in one of them.
func (r *registry[V]) with(changes []change[V]) registry[V] {
	next, edits := *r, make([]edit[V], 0, len(changes))
	for i := range changes {
		c := &changes[i]
		hash := hashOf(c.name)
		_, had := r.names.get(hash, c.name)
		switch {
		case c.remove && had:
			next.size--
		case !c.remove && !had:
			next.size++
		}
		edits = append(edits, edit[V]{slot: slot[V]{hash: hash, key: c.name, value: c.value}, remove: c.remove})
	}
	next.names = r.names.with(edits, next.size)
	return next
}

// get finds the value of a key with its hash.
func (t *table[V]) get(hash uint64, key string) (v V, ok bool) {
	if len(t.shards) == 0 {
		return v, false
	}
	shard := t.shards[hash>>t.shift]
	mask := uint64(len(shard) - 1)
	for i := hash >> 1; ; i++ {
		s := &shard[i&mask]
		if s.hash == hash && s.key == key {
			return s.value, true
		}
		if s.hash == 0 {
			return v, false
		}
	}
}

const (
	fewest  = 8  // slots a shard on average, below which there are too many shards
	initial = 32 // slots a shard at most when their number is chosen
	most    = 64 // slots a shard on average, above which there are too few shards
)

// with gives the table with edits made to it, each key at most once; size is how many keys it has then.
func (t *table[V]) with(edits []edit[V], size int) table[V] {
	n := len(t.shards)
	if n == 0 || size > most*n || n > 1 && size < fewest*n {
		edits = append(t.all(edits), edits...)
		n = 1 << bits.Len(uint(max(size-1, 0)/initial))
		t = &table[V]{shards: make([][]slot[V], n), shift: 64 - bits.Len(uint(n-1))}
	}
	next := table[V]{shards: slices.Clone(t.shards), shift: t.shift}
	edits, ends := next.order(edits)
	from := 0
	for place, to := range ends {
		if from < to || next.shards[place] == nil {
			next.shards[place] = merge(t.shards[place], edits[from:to])
		}
		from = to
	}
	return next
}

// order brings edits into the order of their shards, and tells where those of each shard end.
func (t *table[V]) order(edits []edit[V]) (ordered []edit[V], ends []int) {
	ends = make([]int, len(t.shards))
	for i := range edits {
		ends[edits[i].hash>>t.shift]++
	}
	sum := 0
	for place, n := range ends {
		ends[place] = sum // where they begin, for now
		sum += n
	}
	ordered = make([]edit[V], len(edits))
	for i := range edits {
		end := &ends[edits[i].hash>>t.shift]
		ordered[*end] = edits[i]
		*end++
	}
	return ordered, ends
}

// all gives the slots of the table that no edit is about, as edits.
func (t *table[V]) all(edits []edit[V]) (list []edit[V]) {
	edited := make(map[string]bool, len(edits))
	for i := range edits {
		edited[edits[i].key] = true
	}
	for _, shard := range t.shards {
		for i := range shard {
			if shard[i].hash != 0 && !edited[shard[i].key] {
				list = append(list, edit[V]{slot: shard[i]})
			}
		}
	}
	return list
}

// merge gives a shard with edits made to it.
func merge[V any](shard []slot[V], edits []edit[V]) []slot[V] {
	list := make([]slot[V], 0, len(shard)+len(edits))
	for i := range shard {
		s := &shard[i]
		edited := slices.ContainsFunc(edits, func(e edit[V]) bool { return e.hash == s.hash && e.key == s.key })
		if s.hash != 0 && !edited {
			list = append(list, *s)
		}
	}
	for i := range edits {
		if !edits[i].remove {
			list = append(list, edits[i].slot)
		}
	}
	merged := make([]slot[V], 1<<bits.Len(uint(len(list)+len(list)/4)))
	mask := uint64(len(merged) - 1)
	for _, s := range list {
		i := s.hash >> 1
		for merged[i&mask].hash != 0 {
			i++
		}
		merged[i&mask] = s
	}
	return merged
}
