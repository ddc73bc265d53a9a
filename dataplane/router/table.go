package router

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// Rule is a rule in a Table.
type Rule struct {
	Config *config.Rule
	// Value is what the function given to WithValue made for this rule.
	Value any
}

// Result is where a request goes.
type Result struct {
	// Listener is nil when no listener of the port takes the request's hostname.
	Listener *config.Listener
	// Rule is nil when no rule matches.
	Rule *Rule
	// Prefix is the prefix that matched, without a trailing slash unless it is "/"; "" when an
	// exact path or a regular expression matched.
	Prefix string
}

// Table is an immutable routing table.
type Table struct {
	root   config.Root
	chunks []config.Chunk
	hosts  map[string]*index[*host]
	ports  map[int32]*index[*config.Listener]
	attach func(*config.Rule) any
}

// Option changes how a Table is built.
type Option func(*Table)

// WithValue calls attach once for each rule of each host that is built, and keeps the result in
// Rule.Value. Hosts that Update does not rebuild keep their values.
func WithValue(attach func(*config.Rule) any) Option {
	return func(t *Table) { t.attach = attach }
}

// Build makes a Table of a whole configuration. An error names a match that can never be true; the rest works.
func Build(root config.Root, chunks []config.Chunk, options ...Option) (*Table, []error) {
	t := &Table{root: root, hosts: map[string]*index[*host]{}}
	for _, option := range options {
		option(t)
	}
	t.ports = portIndex(&t.root)
	return t.Update(chunks)
}

// Update gives a Table with these chunks instead of those of equal Index. Hosts that do not
// change are shared between both Tables.
func (t *Table) Update(changed []config.Chunk) (*Table, []error) {
	next := *t
	dirty := map[hostKey][]*config.Host{}
	var errs []error
	next.chunks = append([]config.Chunk(nil), t.chunks...)
	for _, chunk := range changed {
		if chunk.Index < 0 || chunk.Index >= t.root.Chunks {
			errs = append(errs, fmt.Errorf("chunk %d ignored: the root has %d chunks", chunk.Index, t.root.Chunks))
			continue
		}
		for len(next.chunks) <= chunk.Index {
			next.chunks = append(next.chunks, config.Chunk{Index: len(next.chunks)})
		}
		markDirty(dirty, next.chunks[chunk.Index].Hosts, chunk.Hosts)
		next.chunks[chunk.Index] = chunk
	}
	return &next, append(errs, next.rebuild(dirty)...)
}

// UpdateRoot gives a Table with other listeners, and without the chunks that the new root does not count.
func (t *Table) UpdateRoot(root config.Root) (*Table, []error) {
	next := *t
	next.root = root
	next.ports = portIndex(&next.root)
	dirty := map[hostKey][]*config.Host{}
	for i := root.Chunks; i < len(t.chunks); i++ {
		markDirty(dirty, t.chunks[i].Hosts, nil)
	}
	next.chunks = t.chunks[:min(len(t.chunks), root.Chunks):min(len(t.chunks), root.Chunks)]
	return &next, next.rebuild(dirty)
}

// Root is the root that the Table was made from; the caller must not change it.
func (t *Table) Root() *config.Root { return &t.root }

// Chunks are the chunks that the Table was made from; the caller must not change them.
func (t *Table) Chunks() []config.Chunk { return t.chunks }

// Listener gives the most specific listener of a port for a hostname, or nil.
func (t *Table) Listener(port int32, hostname string) *config.Listener {
	listeners := t.ports[port]
	if listeners == nil {
		return nil
	}
	var at cursor
	listener, _ := listeners.next(hostname, &at)
	return listener
}

// Lookup finds the rule for a request that came in on a port. The listener with the most specific
// hostname alone is asked.
func (t *Table) Lookup(port int32, req *Request) Result {
	listener := t.Listener(port, req.Host)
	if listener == nil || req.Path == "" {
		return Result{Listener: listener}
	}
	hosts := t.hosts[listener.Name]
	if hosts == nil {
		return Result{Listener: listener}
	}
	var at cursor
	for {
		candidate, ok := hosts.next(req.Host, &at)
		if !ok {
			return Result{Listener: listener}
		}
		if rule, prefix, ok := candidate.find(req); ok {
			return Result{Listener: listener, Rule: rule, Prefix: prefix}
		}
	}
}

type hostKey struct{ listener, hostname string }

func (k hostKey) compare(other hostKey) int {
	return cmp.Or(strings.Compare(k.listener, other.listener), strings.Compare(k.hostname, other.hostname))
}

// markDirty notes the hosts that differ between two versions of a chunk.
func markDirty(dirty map[hostKey][]*config.Host, before, after []config.Host) {
	type tierKey struct {
		hostKey
		tier int
	}
	old := make(map[tierKey]*config.Host, len(before))
	for i := range before {
		h := &before[i]
		old[tierKey{hostKey{h.Listener, h.Hostname}, h.Tier}] = h
	}
	for i := range after {
		h := &after[i]
		key := tierKey{hostKey{h.Listener, h.Hostname}, h.Tier}
		was := old[key]
		delete(old, key)
		if was == nil || !sameRules(was.Rules, h.Rules) {
			dirty[key.hostKey] = nil
		}
	}
	for key := range old {
		dirty[key.hostKey] = nil
	}
}

func sameRules(a, b []config.Rule) bool {
	if len(a) != len(b) {
		return false
	}
	return len(a) == 0 || &a[0] == &b[0] || reflect.DeepEqual(a, b)
}

// rebuild makes the dirty hosts anew, on copies of the indexes that hold them.
func (t *Table) rebuild(dirty map[hostKey][]*config.Host) (errs []error) {
	if len(dirty) == 0 {
		return nil
	}
	for c := range t.chunks {
		for h := range t.chunks[c].Hosts {
			part := &t.chunks[c].Hosts[h]
			key := hostKey{part.Listener, part.Hostname}
			if parts, ok := dirty[key]; ok {
				dirty[key] = append(parts, part)
			}
		}
	}
	hosts := maps.Clone(t.hosts)
	copied := map[string]bool{}
	for _, key := range slices.SortedFunc(maps.Keys(dirty), hostKey.compare) {
		parts := dirty[key]
		if !copied[key.listener] {
			copied[key.listener] = true
			hosts[key.listener] = hosts[key.listener].clone()
		}
		if len(parts) == 0 {
			hosts[key.listener].remove(key.hostname)
			continue
		}
		built, faults := newHost(parts, t.attach)
		errs = append(errs, faults...)
		hosts[key.listener].set(key.hostname, built)
	}
	t.hosts = hosts
	return errs
}

func (x *index[V]) clone() *index[V] {
	if x == nil {
		return &index[V]{}
	}
	copied := *x
	copied.exact, copied.wild = maps.Clone(x.exact), maps.Clone(x.wild)
	return &copied
}

func portIndex(root *config.Root) map[int32]*index[*config.Listener] {
	ports := map[int32]*index[*config.Listener]{}
	for i := range root.Listeners {
		l := &root.Listeners[i]
		if ports[l.Port] == nil {
			ports[l.Port] = &index[*config.Listener]{}
		}
		ports[l.Port].set(l.Hostname, l)
	}
	return ports
}
