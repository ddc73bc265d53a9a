package router

import (
	"fmt"
	"slices"

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
	chunks []*config.Chunk
	// listeners are those of the root, and hosts what chunks have for each, by its name.
	listeners map[string]*config.Listener
	hosts     registry[*index[*host]]
	ports     ports
	attach    func(*config.Rule) any
	pause     func()
}

// Option changes how a Table is built.
type Option func(*Table)

// WithValue calls attach once for each rule of each host that is built, and keeps the result in
// Rule.Value. Hosts that Update does not rebuild keep their values.
func WithValue(attach func(*config.Rule) any) Option {
	return func(t *Table) { t.attach = attach }
}

// WithPause calls pause between the steps of building, about every hundred rules or more often: a
// place to let others have the processor.
func WithPause(pause func()) Option {
	return func(t *Table) { t.pause = pause }
}

// Build makes a Table of a whole configuration. An error names a match that can never be true; the rest works.
func Build(root config.Root, chunks []*config.Chunk, options ...Option) (*Table, []error) {
	t := &Table{pause: func() {}}
	for _, option := range options {
		option(t)
	}
	t.setRoot(root)
	return t.Update(chunks)
}

// Update gives a Table with these chunks instead of those of equal Index. Hosts that do not
// change are shared between both Tables. It takes time by the size of the changed chunks, not of
// the Table.
func (t *Table) Update(changed []*config.Chunk) (*Table, []error) {
	next := *t
	next.chunks = slices.Clone(t.chunks)
	replaced := map[int]bool{}
	var errs []error
	for _, chunk := range changed {
		if chunk.Index < 0 || chunk.Index >= t.root.Chunks {
			errs = append(errs, fmt.Errorf("chunk %d ignored: the root has %d chunks", chunk.Index, t.root.Chunks))
			continue
		}
		for len(next.chunks) <= chunk.Index {
			next.chunks = append(next.chunks, &config.Chunk{Index: len(next.chunks)})
		}
		next.chunks[chunk.Index] = chunk
		replaced[chunk.Index] = true
	}
	errs = append(errs, next.rebuild(t.chunks, replaced)...)
	return &next, errs
}

// UpdateRoot gives a Table with other listeners, and without the chunks that the new root does not count.
func (t *Table) UpdateRoot(root config.Root) (*Table, []error) {
	next := *t
	next.setRoot(root)
	kept := max(min(len(t.chunks), root.Chunks), 0)
	next.chunks = t.chunks[:kept:kept]
	dropped := map[int]bool{}
	for i := kept; i < len(t.chunks); i++ {
		dropped[i] = true
	}
	return &next, next.rebuild(t.chunks, dropped)
}

// setRoot changes the listeners of a Table that nobody has yet.
func (t *Table) setRoot(root config.Root) {
	t.root, t.listeners = root, make(map[string]*config.Listener, len(root.Listeners))
	for i := range root.Listeners {
		t.listeners[root.Listeners[i].Name] = &root.Listeners[i]
	}
	t.ports = newPorts(&t.root, &t.hosts)
}

// Root is the root that the Table was made from; the caller must not change it.
func (t *Table) Root() *config.Root { return &t.root }

// Chunks are the chunks that the Table was made from; the caller must not change them.
func (t *Table) Chunks() []*config.Chunk { return t.chunks }

// Listener gives the most specific listener of a port for a hostname, or nil. Those of TCP and UDP are not
// told apart by names, and are not among them.
func (t *Table) Listener(port int32, hostname string) *config.Listener {
	return t.ports.find(port, hostname, hashOf(hostname)).config
}

// Layer4 gives the rule for a connection of a listener that is passed on, nil if there is none. hostname is the
// name that the client asked for (SNI), "" when there are no names. Matches of such a rule are of the prefix "/"
// alone; what asks for more matches nothing.
func (t *Table) Layer4(listener, hostname string) *Rule {
	hosts := t.hosts.named(listener)
	if hosts == nil {
		return nil
	}
	hash, req := hashOf(hostname), &Request{Host: hostname, Path: "/", Header: noHeader{}}
	var at cursor
	for {
		candidate, ok := hosts.next(hostname, hash, &at)
		if !ok {
			return nil
		}
		if rule, _, ok := candidate.find(req); ok {
			return rule
		}
	}
}

// noHeader is the header of what is no request.
type noHeader struct{}

func (noHeader) Value(string) (string, bool) { return "", false }

// Lookup finds the rule for a request that came in on a port. The listener with the most specific
// hostname alone is asked. Listeners of TLS, whose connections are passed on, have no rule for a request; of one with
// filters, which come first, no rule is looked for: see Match.
func (t *Table) Lookup(port int32, req *Request) Result {
	hash := hashOf(req.Host)
	listener := t.ports.find(port, req.Host, hash)
	if listener.hosts == nil || req.Path == "" || len(listener.config.Filters) > 0 {
		return Result{Listener: listener.config}
	}
	return listener.match(req, hash)
}

// Match finds the rule for a request of a listener of this Table that Lookup found, whatever its filters are.
func (t *Table) Match(l *config.Listener, req *Request) Result {
	at := listener{config: l, hosts: t.hosts.named(l.Name)}
	if at.hosts == nil || req.Path == "" || l.Protocol == config.TLSProtocol {
		return Result{Listener: l}
	}
	return at.match(req, hashOf(req.Host))
}

// match finds the rule of a listener that has hosts.
func (l listener) match(req *Request, hash uint64) Result {
	var at cursor
	for {
		candidate, ok := l.hosts.next(req.Host, hash, &at)
		if !ok {
			return Result{Listener: l.config}
		}
		if rule, prefix, ok := candidate.find(req); ok {
			return Result{Listener: l.config, Rule: rule, Prefix: prefix}
		}
	}
}
