package source

import (
	"fmt"
	"log/slog"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
)

// parts holds the decoded parts of a configuration. A part that cannot be read leaves the last
// good one in place.
type parts struct {
	name, pod string
	log       *slog.Logger

	mutex sync.Mutex
	root  *part[config.Root]
	// pools are those of the root, as if it were a chunk, and secrets those that it names.
	pools   *config.Chunk
	secrets map[string]bool
	chunks  map[int]*part[*config.ReadChunk]
	// gone are chunks that the root counts although their objects are gone.
	gone map[int]bool
	// uid is the root object's, and reported what its status has of this pod.
	uid      types.UID
	reported dataplanev1alpha1.ProxyStatus
	// changes counts the parts that were taken.
	changes uint64
}

type part[T any] struct {
	checksum string
	value    T
}

func newParts(name, pod string, log *slog.Logger) *parts {
	return &parts{name: name, pod: pod, log: log, chunks: map[int]*part[*config.ReadChunk]{}, gone: map[int]bool{}}
}

func (p *parts) replace(all []*dataplanev1alpha1.ProxyConfig) {
	listed := map[int]bool{}
	for _, object := range all {
		p.put(object)
		if object.Spec.Part == dataplanev1alpha1.PartChunk {
			listed[int(object.Spec.Index)] = true
		}
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for index := range p.chunks {
		if !listed[index] {
			p.gone[index] = true
		}
	}
	p.prune()
}

// drop keeps a chunk that the root counts: a configuration goes on until a whole other one is there.
func (p *parts) drop(object *dataplanev1alpha1.ProxyConfig) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if object.Spec.Part == dataplanev1alpha1.PartChunk {
		p.gone[int(object.Spec.Index)] = true
		p.prune()
	}
}

// prune forgets chunks whose objects are gone and that the root does not count. Those whose objects are there stay: the
// root that counts them may be on its way.
func (p *parts) prune() {
	for index := range p.gone {
		if p.root == nil || index >= p.root.value.Chunks {
			delete(p.chunks, index)
			delete(p.gone, index)
		}
	}
}

func (p *parts) put(object *dataplanev1alpha1.ProxyConfig) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if err := p.take(object); err != nil {
		p.log.Error("part of the configuration not taken; the last good one stays", "proxyconfig", object.Name, "error", err)
	}
}

func (p *parts) take(object *dataplanev1alpha1.ProxyConfig) error {
	spec := &object.Spec
	switch {
	case spec.Part == dataplanev1alpha1.PartRoot && object.Name == p.name:
		p.uid, p.reported = object.UID, dataplanev1alpha1.ProxyStatus{}
		for _, entry := range object.Status.Proxies {
			if entry.Name == p.pod {
				p.reported = entry
			}
		}
		return p.takeRoot(spec)
	case spec.Part == dataplanev1alpha1.PartChunk && object.Name == fmt.Sprintf("%s-%d", p.name, spec.Index):
		return p.takeChunk(spec)
	}
	return fmt.Errorf("part %q, index %d does not go with this name", spec.Part, spec.Index)
}

// A part whose bytes are the same stays as it was, so that whoever compares sees no change.

func (p *parts) takeRoot(spec *dataplanev1alpha1.ProxyConfigSpec) error {
	if p.root != nil && p.root.checksum == spec.Checksum {
		return nil
	}
	root, err := config.Decode[config.Root](spec.Data, spec.Checksum)
	if err != nil {
		return err //nolint:wrapcheck // it says what was decoded
	}
	p.root = &part[config.Root]{spec.Checksum, root}
	p.pools, p.secrets = &config.Chunk{Pools: root.Pools}, secretsOf(&root)
	p.changes++
	p.prune()
	return nil
}

func (p *parts) takeChunk(spec *dataplanev1alpha1.ProxyConfigSpec) error {
	index := int(spec.Index)
	delete(p.gone, index)
	var before *config.ReadChunk
	if have := p.chunks[index]; have != nil {
		if have.checksum == spec.Checksum {
			return nil
		}
		before = have.value
	}
	next, err := config.DecodeChunk(spec.Data, spec.Checksum, before)
	if err != nil {
		return err //nolint:wrapcheck // it says what was decoded
	}
	if next.Index != index {
		return fmt.Errorf("the data is of chunk %d", next.Index)
	}
	p.chunks[index] = &part[*config.ReadChunk]{spec.Checksum, next}
	p.changes++
	return nil
}

// whole gives the configuration when all of its parts are there, if it is another one than after
// so many changes; else nil.
func (p *parts) whole(seen *uint64) *configuration {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.root == nil || p.changes == *seen {
		return nil
	}
	*seen = p.changes
	all := make([]*config.Chunk, 0, 1+p.root.value.Chunks)
	all = append(all, p.pools)
	for i := range p.root.value.Chunks {
		chunk := p.chunks[i]
		if chunk == nil {
			return nil
		}
		all = append(all, &chunk.value.Chunk)
	}
	return &configuration{p.root.value, p.secrets, all}
}

// status gives the identity of the root object and what its status says of this pod.
func (p *parts) status() (types.UID, dataplanev1alpha1.ProxyStatus) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.uid, p.reported
}
