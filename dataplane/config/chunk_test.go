package config_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// in reads a chunk in the place of another.
func in(t interface{ Fatal(...any) }, place *config.ReadChunk, chunk config.Chunk) *config.ReadChunk {
	chunk.Version = config.Version
	data, sum, err := config.Encode(chunk)
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.DecodeChunk(data, sum, place)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// paths is a chunk with a host for each path, all of one pool.
func paths(paths ...string) config.Chunk {
	c := config.Chunk{Pools: []config.Pool{{Key: "n/s:80", Namespace: "n", Service: "s", Port: 80}}}
	for i, path := range paths {
		c.Hosts = append(c.Hosts, config.Host{Listener: "web", Hostname: fmt.Sprint("host-", i), Rules: []config.Rule{{
			Route: "n/r", Matches: []config.Match{{Path: path}}, Backends: []config.Backend{{Pool: "n/s:80"}, {Pool: "n/s:80", Weight: 1}},
		}}})
	}
	return c
}

func TestWhatIsWrittenAsBeforeIsNotReadAgain(t *testing.T) {
	was := in(t, nil, paths("/a", "/b", "/c"))
	now := in(t, was, paths("/a", "/other"))
	if &now.Hosts[0].Rules[0] != &was.Hosts[0].Rules[0] {
		t.Error("a host that stays as it was has memory of its own")
	}
	if now.Hosts[1].Rules[0].Matches[0].Path != "/other" || len(now.Hosts) != 2 || was.Hosts[1].Rules[0].Matches[0].Path != "/b" {
		t.Errorf("%+v, and before %+v", now.Hosts, was.Hosts)
	}
	if cap(now.Hosts) != 2 || cap(now.Pools) != 1 {
		t.Errorf("room is left: %d hosts, %d pools", cap(now.Hosts), cap(now.Pools))
	}
}

func TestANameIsKeptOnce(t *testing.T) {
	was := in(t, nil, paths("/a", "/b"))
	now := in(t, was, paths("/a", "/other"))
	key := unsafe.StringData(now.Pools[0].Key)
	for _, chunk := range []*config.ReadChunk{was, now} {
		for _, host := range chunk.Hosts {
			for _, backend := range host.Rules[0].Backends {
				if unsafe.StringData(backend.Pool) != key {
					t.Errorf("%s has a copy of the pool's name", host.Hostname)
				}
			}
		}
	}
}

// TestAChunkIsReadTheSameInAnyPlace holds that what was there before does not show.
func TestAChunkIsReadTheSameInAnyPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var place *config.ReadChunk
		for range rapid.IntRange(1, 6).Draw(t, "versions") {
			chunk := paths(rapid.SliceOfN(rapid.SampledFrom([]string{"/a", "/b", "/c"}), 0, 5).Draw(t, "paths")...)
			chunk.Index = rapid.IntRange(0, 1).Draw(t, "index")
			if rapid.Bool().Draw(t, "no pools") {
				chunk.Pools = nil
			}
			chunk.Hosts = slices.DeleteFunc(chunk.Hosts, func(config.Host) bool { return rapid.Bool().Draw(t, "leave out") })
			if len(chunk.Hosts) == 0 {
				chunk.Hosts = nil
			}
			place = in(t, place, chunk)
			chunk.Version = config.Version
			if !reflect.DeepEqual(place.Chunk, chunk) {
				t.Fatalf("got %+v, want %+v", place.Chunk, chunk)
			}
		}
	})
}
