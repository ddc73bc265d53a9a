package proxies

import (
	"context"
	"sync"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/world"
)

// flights write chunks of one Gateway to one member, each by itself: a chunk whose last write ended waits for no other. While
// a write of a chunk is under way, the newest content that came for it waits, and what came between is never written. After a write
// that did not succeed none begins: they may all be hopeless, and what is left of them is somebody else's.
type flights struct {
	to *fleet.Connection
	// write does one write. failed is told if it did not succeed, and sees to it that all chunks are written all the same.
	write  func(ctx context.Context, to *fleet.Connection, chunk *dataplanev1alpha1.ProxyConfig) error
	failed func(error)
	// slots bound how many are under way.
	slots   chan struct{}
	running sync.WaitGroup

	mu sync.Mutex
	// waiting has a key for each chunk of which a write is under way or about to be: what is to be written next, or nil.
	waiting map[string]*dataplanev1alpha1.ProxyConfig
	// grounded says that no write begins any more.
	grounded bool
}

// send has a chunk written, and does not wait for it.
func (f *flights) send(ctx context.Context, chunk *dataplanev1alpha1.ProxyConfig) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, flying := f.waiting[chunk.Name]
	f.waiting[chunk.Name] = chunk
	if !flying {
		f.running.Go(func() { f.fly(ctx, chunk.Name) })
	}
}

// fly writes what is there for a chunk until nothing is.
func (f *flights) fly(ctx context.Context, name string) {
	f.slots <- struct{}{}
	defer func() { <-f.slots }()
	for chunk := f.next(name); chunk != nil; chunk = f.next(name) {
		if err := f.write(ctx, f.to, chunk); err != nil {
			f.ground()
			f.failed(err)
		}
	}
}

func (f *flights) ground() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.grounded = true
}

// next takes what is to be written of a chunk; nil ends its flight.
func (f *flights) next(name string) *dataplanev1alpha1.ProxyConfig {
	f.mu.Lock()
	defer f.mu.Unlock()
	chunk := f.waiting[name]
	if chunk == nil || f.grounded {
		delete(f.waiting, name)
		return nil
	}
	f.waiting[name] = nil
	return chunk
}

// land waits until nothing is under way. Nothing may be sent meanwhile.
func (f *flights) land() { f.running.Wait() }

// flightsOf are the flights to the proxies of a Gateway. Those over another connection end first.
func (w *worker) flightsOf(proxy world.Name, to *fleet.Connection) *flights {
	have := w.flights[proxy]
	if have != nil && have.to == to {
		return have
	}
	w.land(proxy)
	made := &flights{
		to: to, write: w.rewrite, slots: make(chan struct{}, writers), waiting: map[string]*dataplanev1alpha1.ProxyConfig{},
		failed: func(err error) {
			w.log.V(1).Info("a chunk was not written; looking at all of them", "proxy", proxy.String(), "reason", err.Error())
			w.doubt(proxy)
			w.queue.Add(proxy)
		},
	}
	w.flights[proxy] = made
	return made
}

// land ends the flights to proxies.
func (w *worker) land(proxy world.Name) {
	if have := w.flights[proxy]; have != nil {
		have.land()
		delete(w.flights, proxy)
	}
}
