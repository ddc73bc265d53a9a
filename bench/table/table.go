// Package table makes configurations of ours of any size: hosts that are told apart by name, or
// paths of one host, all with the same backend.
package table

import (
	"crypto/tls"
	"fmt"
	"net/netip"

	"github.com/fleetgate/fleetgate/bench/routes"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

const (
	// perChunk is how many rules share a chunk: what is rebuilt when one of them changes.
	perChunk = 100
	// hostsPerPool is how many hosts share a Service.
	hostsPerPool = 20

	listener = "web"
	secret   = "bench/certificate"
)

// Table is what a proxy is to serve.
type Table struct {
	// Hosts is how many hosts there are; Paths, if not 0, how many routes of paths the first has.
	Hosts, Paths int
	// Backend is where all of them go, H2C says that it speaks HTTP/2 only.
	Backend netip.AddrPort
	H2C     bool
	// Certificate, if not nil, makes the listener one of HTTPS.
	Certificate *tls.Certificate
	// Edition is another one when all routes are to change, without a change in meaning.
	Edition int
}

// Snapshot is the table as configuration of a proxy, with one listener on port 80.
func (t Table) Snapshot() proxy.Snapshot {
	s := proxy.Snapshot{
		Certificates: map[string]*tls.Certificate{},
	}
	var chunks []config.Chunk
	if t.Paths > 0 {
		for first := 0; first < t.Paths; first += perChunk {
			chunks = append(chunks, t.pathChunk(len(chunks), first))
		}
	} else {
		for first := 0; first < t.Hosts; first += perChunk {
			chunks = append(chunks, t.hostChunk(len(chunks)))
		}
	}
	s.Chunks = config.Pointers(chunks)
	s.Endpoints = t.Endpoints(s.Chunks)
	s.Root = config.Root{
		Version: config.Version, Gateway: "bench/gateway", Generation: 1, Chunks: len(s.Chunks),
		Listeners: []config.Listener{{Name: listener, Port: 80, Protocol: config.HTTP}},
	}
	if t.Certificate != nil {
		s.Root.Listeners[0].Protocol = config.HTTPS
		s.Root.Listeners[0].TLS = &config.TLS{Secrets: []string{secret}}
		s.Certificates[secret] = t.Certificate
	}
	return s
}

// Endpoints are those of all pools of chunks.
func (t Table) Endpoints(chunks []*config.Chunk) map[string][]config.Endpoint {
	endpoints := map[string][]config.Endpoint{}
	for _, chunk := range chunks {
		for _, pool := range chunk.Pools {
			endpoints[pool.Key] = []config.Endpoint{{Address: t.Backend.Addr().String(), Port: int32(t.Backend.Port())}}
		}
	}
	return endpoints
}

// LastChunk is the part of a table of hosts that holds the last host.
func (t Table) LastChunk() config.Chunk { return t.hostChunk((t.Hosts - 1) / perChunk) }

// hostChunk is one part of a table of hosts. Each host has three rules.
func (t Table) hostChunk(index int) config.Chunk {
	chunk := config.Chunk{Version: config.Version, Index: index}
	first := index * perChunk
	for i := first; i < min(first+perChunk, t.Hosts); i++ {
		pool := t.pool(i / hostsPerPool)
		if i == first || i%hostsPerPool == 0 {
			chunk.Pools = append(chunk.Pools, pool)
		}
		chunk.Hosts = append(chunk.Hosts, config.Host{
			Listener: listener, Hostname: routes.Host(i), Rules: []config.Rule{
				t.rule(i, 0, config.Match{PathKind: config.PathPrefix, Path: "/"}, pool),
				t.rule(i, 1, config.Match{PathKind: config.PathExact, Path: "/login", Method: "POST"}, pool),
				t.rule(i, 2, config.Match{PathKind: config.PathPrefix, Path: "/api/v1"}, pool),
			},
		})
	}
	return chunk
}

func (t Table) pathChunk(index, first int) config.Chunk {
	pool := t.pool(0)
	host := config.Host{Listener: listener, Hostname: routes.Host(0)}
	for i := first; i < min(first+perChunk, t.Paths); i++ {
		host.Rules = append(host.Rules, t.rule(i, 0, config.Match{PathKind: config.PathPrefix, Path: routes.Path(i)}, pool))
	}
	return config.Chunk{Version: config.Version, Index: index, Hosts: []config.Host{host}, Pools: []config.Pool{pool}}
}

func (t Table) rule(route, index int, match config.Match, pool config.Pool) config.Rule {
	return config.Rule{
		Route: fmt.Sprintf("bench/route-%06d", route), Created: int64(1 + t.Edition), Index: index,
		Matches: []config.Match{match}, Backends: []config.Backend{{Pool: pool.Key, Weight: 1}},
	}
}

func (t Table) pool(i int) config.Pool {
	service := fmt.Sprintf("service-%06d", i)
	pool := config.Pool{Key: "bench/" + service + ":80", Namespace: "bench", Service: service, Port: 80}
	if t.H2C {
		pool.Protocol = "kubernetes.io/h2c"
	}
	return pool
}
