package front

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// Proxies takes the proxies of the Gateway that has that UID away from all members and tells where some are left.
type Proxies interface {
	Remove(gateway world.Name, uid string) (left []string)
}

// Options of a Worker.
type Options struct {
	// Providers by controllerName.
	Providers map[string]providers.Provider
	// Client of the hub writes the finalizer, Reader reads it past the cache.
	Client  client.Client
	Reader  client.Reader
	Proxies Proxies
	// Inbox gets how far fronts are.
	Inbox *gather.Inbox
	Pace  Pace
	// Parallel is how many fronts are worked on at once.
	Parallel int
	Log      logr.Logger
}

// Worker owns the passes over fronts: one at a time for each Gateway.
type Worker struct {
	options Options
	// queue is made at first use, since a queue runs a goroutine that only Start ends.
	queue func() workqueue.TypedDelayingInterface[world.Name]

	mu     sync.Mutex
	wishes map[world.Name]wish
	states map[world.Name]*state
	// services are the Gateways whose fronts have Services in members, by key.
	services map[gather.Key]world.Name
	// seen are the Gateways of the latest World, held those with our finalizer by UID, released the UIDs of those whose finalizer we took
	// off, and running those of which a pass is under way.
	seen     map[world.Name]*gatewayv1.Gateway
	held     map[string]*gatewayv1.Gateway
	released map[string]bool
	running  map[world.Name]string
}

// state is what a Worker remembers of a front between two passes. Nothing depends on it but the pace.
type state struct {
	front world.Front
	// tries is how many passes in a row did not end well.
	tries int
	// notBefore holds off all passes while the cloud throttles us.
	notBefore time.Time
	// due is when the front is looked at without any change; earlier calls for the same are dropped.
	due time.Time
	// again says that something was seen since the last pass began, so that the next one is due.
	again bool
	// done is the wish that the last good pass fulfilled.
	done *wish
}

// New gives a Worker that does nothing before Start and Set.
func New(options Options) *Worker {
	return &Worker{
		options: options, queue: sync.OnceValue(newQueue),
		wishes: map[world.Name]wish{}, states: map[world.Name]*state{}, services: map[gather.Key]world.Name{},
		held: map[string]*gatewayv1.Gateway{}, released: map[string]bool{}, running: map[world.Name]string{},
	}
}

func newQueue() workqueue.TypedDelayingInterface[world.Name] {
	return workqueue.NewTypedDelayingQueue[world.Name]()
}

// Start works until ctx ends, and returns when all passes have ended.
func (w *Worker) Start(ctx context.Context) error {
	var running sync.WaitGroup
	for range max(1, w.options.Parallel) {
		running.Go(func() { w.work(ctx) })
	}
	<-ctx.Done()
	w.queue().ShutDown()
	running.Wait()
	return nil
}

// Set tells the newest World and what it means. changed are the inputs that brought it.
func (w *Worker) Set(now *world.World, r ir.IR, changed map[gather.Key]any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, value := range changed {
		w.react(key, value)
	}
	for name, want := range w.wishes {
		if now.Gateways[name] == nil && !want.orphan {
			delete(w.wishes, name)
			delete(w.states, name)
		}
	}
	w.adopt(now)
	for name := range now.Gateways {
		want := decide(now, r, name)
		before, known := w.wishes[name]
		if known && before.same(want) {
			continue
		}
		w.wishes[name] = want
		if want.action != idle {
			w.state(name).front = now.Fronts[name]
			w.queue().Add(name)
		}
	}
}

// state of a front; the lock is held.
func (w *Worker) state(name world.Name) *state {
	if w.states[name] == nil {
		w.states[name] = &state{}
	}
	return w.states[name]
}

func (w *Worker) work(ctx context.Context) {
	for {
		name, down := w.queue().Get()
		if down {
			return
		}
		if ctx.Err() == nil {
			w.step(ctx, name)
		}
		w.queue().Done(name)
	}
}

func (w *Worker) step(ctx context.Context, name world.Name) {
	want, held, busy := w.begin(name)
	if want.action == idle {
		return
	}
	if busy {
		w.queue().AddAfter(name, w.options.Pace.Pending)
		return
	}
	defer w.end(name)
	if wait := time.Until(held.notBefore); wait > 0 {
		w.queue().AddAfter(name, wait)
		return
	}
	if wait := time.Until(held.due); wait > 0 && !held.again && held.done != nil && held.done.same(want) {
		w.queue().AddAfter(name, wait) // a call from before the last good pass
		return
	}
	ctx, cancel := context.WithTimeout(ctx, w.options.Pace.Pass)
	defer cancel()
	if want.action == destroy {
		w.after(ctx, name, want, w.destroy(ctx, name, want))
		return
	}
	w.after(ctx, name, want, w.reconcile(ctx, name, want, held.front))
}

// begin is what a pass starts from. It is busy, and must wait, if the Gateway of an orphan is still worked on.
func (w *Worker) begin(name world.Name) (want wish, held state, busy bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	want, known := w.wishes[name]
	if !known || want.action == idle {
		return wish{}, state{}, false
	}
	owner := want.front.Owner
	if want.orphan && w.running[world.Name{Namespace: owner.Namespace, Name: owner.Name}] == owner.UID {
		return want, state{}, true
	}
	held = *w.state(name)
	w.state(name).again = false
	w.running[name] = owner.UID
	return want, held, false
}

func (w *Worker) end(name world.Name) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.running, name)
}

// outcome is how a pass ended.
type outcome struct {
	pending string
	err     error
	// front is what the World gets to know, if told.
	front *world.Front
	// over says that nothing is left to do, ever.
	over bool
}

// faulty says that the front is not what the user asked for, since the cloud lacks something.
func (o outcome) faulty() bool { return o.front != nil && len(o.front.Problems) > 0 }

// after notes how a pass ended and when the next one is.
func (w *Worker) after(ctx context.Context, name world.Name, want wish, got outcome) {
	if got.over && want.orphan {
		w.buried(name)
	}
	if got.over || errors.Is(context.Cause(ctx), context.Canceled) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if now, known := w.wishes[name]; !known || now.front.Owner.UID != want.front.Owner.UID && now.action != idle {
		return // another Gateway of its name is on its way
	}
	held := w.state(name)
	wait := jitter(w.options.Pace.next(got, held.tries))
	held.tries++
	held.done, held.notBefore = nil, time.Time{}
	if got.err == nil && got.pending == "" {
		held.done = &want
		if !got.faulty() {
			held.tries = 0
		}
	}
	if _, throttled := providers.AsThrottled(got.err); throttled {
		held.notBefore = time.Now().Add(wait)
	}
	held.due = time.Now().Add(wait)
	if got.front != nil {
		held.front = *got.front
		w.options.Inbox.Put(gather.Key{Kind: world.KindFront, Name: name}, *got.front)
	}
	w.queue().AddAfter(name, wait)
	if _, waiting := providers.AsPending(got.err); got.err != nil && !waiting {
		w.options.Log.Info("the front is not as it should be", "gateway", name.String(), "reason", got.err.Error(), "again", wait.String())
	}
}
