package router

import (
	"math/bits"
	"strings"
)

// index finds values by hostname: exact, then the wildcards from the longest suffix to the
// shortest, then the value for any hostname. It is immutable.
type index[V any] struct {
	// names are the exact hostnames, and the suffixes of wildcards from the dot on: "*.example.com"
	// is ".example.com", which no hostname looks like.
	names table[V]
	exact int
	// wild counts the suffixes by their labels, the last place all those with as many or more; present
	// has a bit for each place that is not 0. It bounds the walk.
	wild    [maxLabels + 1]int32
	present uint64
	// fallback is for any hostname; it counts only if there is one.
	fallback    V
	hasFallback bool
}

const maxLabels = 31

// change is a value to be set, or taken away.
type change[V any] struct {
	name   string
	value  V
	remove bool
}

// with gives the index, which may be nil, with changes made to it. Each hostname may be named once, and only those
// that are there may be taken away.
func (x *index[V]) with(changes []change[V]) *index[V] {
	if x == nil {
		x = &index[V]{}
	}
	next := *x
	edits := make([]edit[V], 0, len(changes))
	for i := range changes {
		c := &changes[i]
		if c.name == "" {
			next.fallback, next.hasFallback = c.value, !c.remove
			continue
		}
		key := strings.TrimPrefix(c.name, "*")
		_, had := x.exactly(c.name)
		step := 0
		switch {
		case c.remove && had:
			step = -1
		case !c.remove && !had:
			step = 1
		}
		next.count(key, step)
		edits = append(edits, edit[V]{slot: slot[V]{hash: hashOf(key), key: key, value: c.value}, remove: c.remove})
	}
	next.names = x.names.with(edits, next.size())
	return &next
}

// count notes that there are so many more of an exact hostname or of a suffix.
func (x *index[V]) count(key string, step int) {
	if key[0] != '.' {
		x.exact += step
		return
	}
	place := min(strings.Count(key, "."), maxLabels)
	x.wild[place] += int32(step)
	x.present &^= 1 << place
	if x.wild[place] > 0 {
		x.present |= 1 << place
	}
}

// size is how many hostnames have a value, that for any left out.
func (x *index[V]) size() int {
	size := x.exact
	for _, n := range x.wild {
		size += int(n)
	}
	return size
}

// exactly gives the value that was set for a hostname, wildcard or not, in an index, which may be nil.
func (x *index[V]) exactly(hostname string) (v V, ok bool) {
	if x == nil {
		return v, false
	}
	if hostname == "" {
		return x.fallback, x.hasFallback
	}
	key := strings.TrimPrefix(hostname, "*")
	return x.names.get(hashOf(key), key)
}

// empty says that no hostname has a value.
func (x *index[V]) empty() bool { return x.size() == 0 && !x.hasFallback }

// cursor remembers where a walk through an index is; its zero value is the beginning.
type cursor struct {
	stage  stage
	dot    int // where the suffix begins that was asked for last
	labels int // how many dots the hostname has after that
}

type stage uint8

const (
	atExact stage = iota
	atWild
	atFallback
	atEnd
)

// next gives the next less specific value for a host, whose hash is from hashOf.
func (x *index[V]) next(host string, hash uint64, at *cursor) (V, bool) {
	if at.stage == atExact {
		at.begin(host, x.present)
		if x.exact > 0 && host != "" && host[0] != '.' {
			if v, ok := x.names.get(hash, host); ok {
				return v, true
			}
		}
	}
	if at.stage == atWild {
		if v, ok := x.nextWild(host, at); ok {
			return v, true
		}
		at.stage = atFallback
	}
	if at.stage == atFallback {
		at.stage = atEnd
		return x.fallback, x.hasFallback
	}
	var none V
	return none, false
}

// begin goes to the wildcards, or past them if there are none.
func (c *cursor) begin(host string, present uint64) {
	c.stage = atFallback
	if present != 0 && host != "" {
		c.stage = atWild
		c.labels = strings.Count(host[1:], ".")
	}
}

// nextWild goes to the next shorter suffix that has a value. Only suffixes of as many labels as a
// wildcard has are asked for.
func (x *index[V]) nextWild(host string, at *cursor) (v V, ok bool) {
	for deepest := bits.Len64(x.present) - 1; at.labels > 0; at.labels-- {
		at.dot += 1 + strings.IndexByte(host[at.dot+1:], '.')
		place := min(at.labels, maxLabels)
		if place > deepest || x.present&(1<<place) == 0 {
			continue
		}
		suffix := host[at.dot:]
		if v, ok = x.names.get(hashOf(suffix), suffix); ok {
			at.labels--
			return v, true
		}
	}
	return v, false
}
