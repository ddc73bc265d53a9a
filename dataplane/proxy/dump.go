package proxy

import (
	"maps"
	"slices"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// dump is what the admin port shows of the configuration in force.
type dump struct {
	Revision  uint64                       `json:"revision"`
	Draining  bool                         `json:"draining"`
	Root      config.Root                  `json:"root"`
	Chunks    []*config.Chunk              `json:"chunks"`
	Endpoints map[string][]config.Endpoint `json:"endpoints"`
	// Certificates are the Secrets that are loaded; never what is in them.
	Certificates []string `json:"certificates"`
}

// Dump gives the configuration in force, without secrets, in a form to be encoded as JSON.
func (p *Proxy) Dump() any {
	snapshot, revision := p.Snapshot()
	d := dump{
		Revision: revision, Draining: p.draining.Load(), Root: snapshot.Root, Chunks: snapshot.Chunks,
		Endpoints: snapshot.Endpoints, Certificates: slices.Sorted(maps.Keys(snapshot.Certificates)),
	}
	return d
}
