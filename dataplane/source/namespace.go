package source

import (
	"context"
	"sync"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// namespace watches the EndpointSlices of one namespace. When Services are wanted that it did not
// keep so far, it lists anew beside the feed that it has, and changes over when that is in.
type namespace struct {
	name          string
	start         func(*services) *feed[*discoveryv1.EndpointSlice]
	current, next *watched
	// idle is since when nothing in force names it; zero while something does.
	idle time.Time
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

// settle changes over to what was listed anew, once that is in, and says whether it did.
func (n *namespace) settle() bool {
	if n.next == nil || !n.next.feed.settled() {
		return false
	}
	if n.current != nil {
		n.current.feed.stop()
	}
	n.current, n.next = n.next, nil
	return true
}

// want says whether these Services all are kept by now; if not, all that are wanted are listed anew.
func (n *namespace) want(some map[string]bool, all func() map[string]bool) bool {
	if n.current != nil && subset(some, n.current.wanted) {
		return true
	}
	if n.next == nil {
		s := newServices(all())
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

// news gives the Services whose slices changed since it was asked last.
func (n *namespace) news() map[string]bool {
	if n.current == nil {
		return nil
	}
	return n.current.news()
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
