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
func (t *Table) rebuild(before []*config.Chunk, replaced map[int]bool) []error {
	some := touched(before, t.chunks, replaced)
	now, was := gather(t.chunks, replaced, some), gather(before, replaced, some)
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

// touched are the hosts whose parts in the replaced chunks may be others than before: most often one of many, so that the parts of
// the others are not gathered. They are found between what both versions of a chunk begin and end with. Nil is all.
func touched(before, now []*config.Chunk, replaced map[int]bool) map[hostKey]bool {
	if len(before) == 0 {
		return nil
	}
	keys := map[hostKey]bool{}
	for i := range replaced {
		was, is := hostsAt(before, i), hostsAt(now, i)
		for len(was) > 0 && len(is) > 0 && sameHost(&was[0], &is[0]) {
			was, is = was[1:], is[1:]
		}
		for len(was) > 0 && len(is) > 0 && sameHost(&was[len(was)-1], &is[len(is)-1]) {
			was, is = was[:len(was)-1], is[:len(is)-1]
		}
		for _, hosts := range [][]config.Host{was, is} {
			for j := range hosts {
				keys[keyOf(&hosts[j])] = true
			}
		}
	}
	return keys
}

// hostsAt are the hosts of a chunk; none of one that is not there.
func hostsAt(chunks []*config.Chunk, i int) []config.Host {
	if i >= len(chunks) {
		return nil
	}
	return chunks[i].Hosts
}

// sameHost says whether two hosts are one, with the same memory for its rules.
func sameHost(a, b *config.Host) bool {
	return len(a.Rules) == len(b.Rules) && (len(a.Rules) == 0 || &a.Rules[0] == &b.Rules[0]) &&
		a.Tier == b.Tier && a.Listener == b.Listener && a.Hostname == b.Hostname
}

func keyOf(h *config.Host) hostKey { return hostKey{h.Listener, h.Hostname} }

// gathered is the parts of hosts, by host; keys are in order of their first appearance.
type gathered struct {
	keys  []hostKey
	parts map[hostKey][]part
}

// gather gives the parts that some chunks have of hosts, or of all hosts if hosts is nil.
func gather(chunks []*config.Chunk, some map[int]bool, hosts map[hostKey]bool) gathered {
	size := len(hosts)
	if hosts == nil {
		size = hostsIn(chunks, some)
	}
	all := gathered{keys: make([]hostKey, 0, size), parts: make(map[hostKey][]part, size)}
	for i := range chunks {
		if !some[i] {
			continue
		}
		for j := range chunks[i].Hosts {
			h := &chunks[i].Hosts[j]
			key := keyOf(h)
			if hosts != nil && !hosts[key] {
				continue
			}
			known := all.parts[key]
			if known == nil {
				all.keys = append(all.keys, key)
			}
			all.parts[key] = append(known, part{rules: h.Rules, chunk: int32(i), tier: int32(h.Tier)})
		}
	}
	return all
}

// hostsIn is how many hosts some chunks have.
func hostsIn(chunks []*config.Chunk, some map[int]bool) (count int) {
	for i := range chunks {
		if some[i] {
			count += len(chunks[i].Hosts)
		}
	}
	return count
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
