package router

import (
	"cmp"
	"reflect"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// hostKey names a host.
type hostKey struct{ listener, hostname string }

// rebuild makes the hosts anew that differ between the table's chunks and the ones before; only
// the replaced ones are looked at.
func (t *Table) rebuild(before []config.Chunk, replaced map[int]bool) []error {
	now, was := gather(t.chunks, replaced), gather(before, replaced)
	var dirty []hostKey
	for _, key := range now.keys {
		if !slices.EqualFunc(now.parts[key], was.parts[key], part.equal) {
			dirty = append(dirty, key)
		}
		t.pause()
	}
	for _, key := range was.keys {
		if now.parts[key] == nil {
			dirty = append(dirty, key)
		}
	}
	b := &builder{attach: t.attach, pause: t.pause, compiled: map[string]*expression{}}
	changes := map[string][]change[*host]{} // by listener
	for _, key := range dirty {
		changes[key.listener] = append(changes[key.listener], b.change(t.hosts.named(key.listener), key.hostname, now.parts[key], replaced))
		t.pause()
	}
	listeners := make([]change[*index[*host]], 0, len(changes))
	for name, list := range changes {
		hosts := t.hosts.named(name).with(list)
		if hosts.empty() {
			hosts = nil
		}
		listeners = append(listeners, change[*index[*host]]{name: name, value: hosts, remove: hosts == nil})
	}
	t.hosts = t.hosts.with(listeners)
	t.ports = t.ports.with(listeners, t.listeners)
	return b.errs
}

// gathered is the parts of hosts, by host; keys are in order of their first appearance.
type gathered struct {
	keys  []hostKey
	parts map[hostKey][]part
}

// gather gives the parts of the hosts of some chunks.
func gather(chunks []config.Chunk, some map[int]bool) gathered {
	size := 0
	for i := range chunks {
		if some[i] {
			size += len(chunks[i].Hosts)
		}
	}
	all := gathered{keys: make([]hostKey, 0, size), parts: make(map[hostKey][]part, size)}
	for i := range chunks {
		if !some[i] {
			continue
		}
		for j := range chunks[i].Hosts {
			h := &chunks[i].Hosts[j]
			key := hostKey{h.Listener, h.Hostname}
			known := all.parts[key]
			if known == nil {
				all.keys = append(all.keys, key)
			}
			all.parts[key] = append(known, part{rules: h.Rules, chunk: int32(i), tier: int32(h.Tier)})
		}
	}
	return all
}

// equal says whether two parts mean the same.
func (p part) equal(other part) bool {
	if p.tier != other.tier || p.chunk != other.chunk || len(p.rules) != len(other.rules) {
		return false
	}
	return len(p.rules) == 0 || &p.rules[0] == &other.rules[0] || reflect.DeepEqual(p.rules, other.rules)
}

// change builds a host of the parts that the replaced chunks have for it now and those that other
// chunks have had before.
func (b *builder) change(old *index[*host], hostname string, now []part, replaced map[int]bool) change[*host] {
	parts := now
	if known, ok := old.exactly(hostname); ok {
		for _, p := range known.parts {
			if !replaced[int(p.chunk)] {
				parts = append(parts, p)
			}
		}
	}
	if len(parts) == 0 {
		return change[*host]{name: hostname, remove: true}
	}
	slices.SortStableFunc(parts, func(x, y part) int { return cmp.Compare(x.chunk, y.chunk) })
	return change[*host]{name: hostname, value: b.host(parts)}
}
