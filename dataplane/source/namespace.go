package source

import (
	"context"
	"maps"
	"sync"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// namespace watches the EndpointSlices of one namespace. When Services are wanted that it did not
// keep so far, it lists anew beside the feed that it has, and changes over when that is in.
type namespace struct {
	name          string
	start         func(*services) *feed[*discoveryv1.EndpointSlice]
	current, next *watched
}

type watched struct {
	*services
	feed *feed[*discoveryv1.EndpointSlice]
}

func newNamespace(ctx context.Context, group *sync.WaitGroup, c clients, name string, notify func()) *namespace {
	q := query{client: c.discovery, resource: "endpointslices", namespace: name, sample: &discoveryv1.EndpointSlice{}}
	return &namespace{name: name, start: func(s *services) *feed[*discoveryv1.EndpointSlice] {
		return newFeed(ctx, group, q, s, notify)
	}}
}

// want sees to it that these Services are kept, and says whether they all are known by now.
func (n *namespace) want(wanted map[string]bool) bool {
	if n.next != nil && n.next.feed.settled() {
		if n.current != nil {
			n.current.feed.stop()
		}
		n.current, n.next = n.next, nil
	}
	if n.current != nil && subset(wanted, n.current.wanted) {
		return true
	}
	if n.next == nil {
		s := newServices(maps.Clone(wanted))
		n.next = &watched{s, n.start(s)}
	}
	return false
}

func (n *namespace) endpoints(pool *config.Pool) []config.Endpoint {
	if n.current == nil {
		return nil
	}
	return n.current.endpoints(pool)
}

func (n *namespace) stop() {
	for _, w := range []*watched{n.current, n.next} {
		if w != nil {
			w.feed.stop()
		}
	}
}

func subset(a, b map[string]bool) bool {
	for key := range a {
		if !b[key] {
			return false
		}
	}
	return true
}
