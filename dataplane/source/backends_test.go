package source

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func drawPools(t *rapid.T) (pools []config.Pool) {
	for i := range rapid.IntRange(0, 4).Draw(t, "pools") {
		key := rapid.IntRange(0, 5).Draw(t, fmt.Sprint("key", i))
		pools = append(pools, config.Pool{
			Key: fmt.Sprint("pool-", key), Service: fmt.Sprint("service-", key/2),
			Namespace: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "namespace"), Port: 80,
		})
	}
	return pools
}

// TestBackendsFollowChunks draws configurations that follow each other.
func TestBackendsFollowChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBackends()
		var chunks []*config.Chunk
		for range rapid.IntRange(1, 6).Draw(t, "steps") {
			next := slices.Clone(chunks[:rapid.IntRange(0, len(chunks)).Draw(t, "kept")])
			for i := range next {
				if rapid.Bool().Draw(t, "changed") {
					next[i] = &config.Chunk{Pools: drawPools(t)}
				}
			}
			for range rapid.IntRange(0, 2).Draw(t, "added") {
				next = append(next, &config.Chunk{Pools: drawPools(t)})
			}
			b.change(changesBetween(chunks, next))
			chunks = next
			compare(t, b, chunks)
		}
		b.change(changesBetween(chunks, nil))
		if len(b.pools)+len(b.services)+len(b.namespaces)+len(b.endpoints) > 0 {
			t.Fatalf("something is left of nothing: %+v", b)
		}
	})
}

// compare checks what is counted against all chunks.
func compare(t *rapid.T, b *backends, chunks []*config.Chunk) {
	want := map[string]int{}
	for _, chunk := range chunks {
		for _, pool := range chunk.Pools {
			want[pool.Key]++
		}
	}
	got, services, namespaces := map[string]int{}, map[service][]*backend{}, map[string]int{}
	for key, known := range b.pools {
		got[key] = known.chunks
		name := serviceOf(known.pool)
		services[name] = append(services[name], known)
		namespaces[name.namespace]++
	}
	if !reflect.DeepEqual(got, want) || !maps.Equal(namespaces, b.namespaces) || len(services) != len(b.services) {
		t.Fatalf("got %v, want %v; namespaces %v, want %v", got, want, b.namespaces, namespaces)
	}
	for name, list := range services {
		n := 0
		for known := b.services[name]; known != nil; known = known.next {
			if n++; !slices.Contains(list, known) {
				t.Fatalf("%v has %+v", name, known)
			}
		}
		if n != len(list) {
			t.Fatalf("%v has %d pools of %d", name, n, len(list))
		}
	}
}

func TestEndpointsOfOnePoolLeaveTheOthersAlone(t *testing.T) {
	b := newBackends()
	b.change([]chunkChange{{was: &none, now: &config.Chunk{Pools: []config.Pool{{Key: "a"}, {Key: "b"}}}}})
	b.set("a", []config.Endpoint{{Address: "10.0.0.1"}})
	b.set("b", nil)
	first, changed := b.frozen()
	if !changed || len(first) != 2 {
		t.Fatalf("%v, %v: a pool without endpoints is known to have none", changed, first)
	}
	b.set("a", []config.Endpoint{{Address: "10.0.0.1"}})
	if _, changed := b.frozen(); changed {
		t.Fatal("equal endpoints are no change")
	}
	b.set("b", []config.Endpoint{{Address: "10.0.0.2"}})
	second, changed := b.frozen()
	if !changed || len(first["b"]) != 0 || !shared(first["a"], second["a"]) || len(second["b"]) != 1 {
		t.Fatalf("first %v, then %v", first, second)
	}
}

// shared says that two slices are the same memory.
func shared[T any](a, b []T) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
