package source

import (
	"maps"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// service names a Service.
type service struct{ namespace, name string }

// backends are the pools that the configuration in force names, and their endpoints. A change costs
// what it is large, not what there is.
type backends struct {
	pools map[string]*backend
	// services are the pools by their Service, namespaces how many pools there are in each.
	services   map[service]*backend
	namespaces map[string]int
	// endpoints are as the proxy has them, and never changed: copied says that nobody has this map yet.
	endpoints map[string][]config.Endpoint
	copied    bool
}

// backend is a pool and how many chunks name it. Those of a Service are linked: most have one.
type backend struct {
	pool   *config.Pool
	chunks int
	next   *backend
}

func newBackends() *backends {
	return &backends{
		pools: map[string]*backend{}, services: map[service]*backend{}, namespaces: map[string]int{},
		endpoints: map[string][]config.Endpoint{}, copied: true,
	}
}

func serviceOf(pool *config.Pool) service { return service{pool.Namespace, pool.Service} }

// change notes that chunks take the place of others.
func (b *backends) change(changes []chunkChange) {
	for _, c := range changes {
		for i := range c.now.Pools {
			b.add(&c.now.Pools[i])
		}
	}
	for _, c := range changes {
		for i := range c.was.Pools {
			b.remove(c.was.Pools[i].Key)
		}
	}
}

func (b *backends) add(pool *config.Pool) {
	known := b.pools[pool.Key]
	if known == nil {
		known = &backend{pool: pool}
		b.pools[pool.Key] = known
		b.index(known)
	} else if serviceOf(known.pool) != serviceOf(pool) {
		b.unindex(known)
		known.pool = pool
		b.index(known)
	}
	known.pool = pool
	known.chunks++
}

func (b *backends) remove(key string) {
	known := b.pools[key]
	if known.chunks--; known.chunks > 0 {
		return
	}
	b.unindex(known)
	delete(b.pools, key)
	b.edit()
	delete(b.endpoints, key)
}

func (b *backends) index(known *backend) {
	name := serviceOf(known.pool)
	known.next, b.services[name] = b.services[name], known
	b.namespaces[name.namespace]++
}

func (b *backends) unindex(known *backend) {
	name := serviceOf(known.pool)
	if first := b.services[name]; first != known {
		for first.next != known {
			first = first.next
		}
		first.next = known.next
	} else if b.services[name] = known.next; known.next == nil {
		delete(b.services, name)
	}
	if b.namespaces[name.namespace]--; b.namespaces[name.namespace] == 0 {
		delete(b.namespaces, name.namespace)
	}
}

// set notes the endpoints of a pool.
func (b *backends) set(key string, list []config.Endpoint) {
	if known, ok := b.endpoints[key]; ok && slices.Equal(known, list) {
		return
	}
	b.edit()
	b.endpoints[key] = list
}

// edit makes the map of endpoints one that nobody else has.
func (b *backends) edit() {
	if !b.copied {
		b.endpoints, b.copied = maps.Clone(b.endpoints), true
	}
}

// frozen gives the endpoints of all pools; changed says whether they are others than last time.
func (b *backends) frozen() (all map[string][]config.Endpoint, changed bool) {
	changed = b.copied
	b.copied = false
	return b.endpoints, changed
}
