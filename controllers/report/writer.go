// Package report writes statuses: only when they changed, only our own entries, never over somebody else's.
package report

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Options of a Writer.
type Options struct {
	// Client of the hub; its reads come from the cache. Reader reads past it.
	Client client.Client
	Reader client.Reader
	// Events are recorded on an object when a condition of it turns bad; nil for none.
	Events events.EventRecorder
	// Parallel is how many statuses are written at once.
	Parallel int
	Log      logr.Logger
}

// Writer brings statuses to what was wanted last.
type Writer struct {
	options Options
	// queue is made at first use, since a queue runs a goroutine that only Start ends.
	queue func() workqueue.TypedRateLimitingInterface[world.Key]

	mu     sync.Mutex
	wanted map[world.Key]*status.Patch
}

const (
	writeTimeout = 30 * time.Second
	firstRetry   = 20 * time.Millisecond
	lastRetry    = 30 * time.Second
	owner        = client.FieldOwner("fleetgate")
)

// New gives a Writer that writes after Start.
func New(options Options) *Writer {
	return &Writer{options: options, queue: sync.OnceValue(newQueue), wanted: map[world.Key]*status.Patch{}}
}

// Start writes until ctx ends, and returns when all writes have ended.
func (w *Writer) Start(ctx context.Context) error {
	var running sync.WaitGroup
	for range max(1, w.options.Parallel) {
		running.Go(func() { w.work(ctx) })
	}
	<-ctx.Done()
	w.queue().ShutDown()
	running.Wait()
	return nil
}

// Set tells the statuses that are wanted now. Of those that now shows to be so already nothing is written.
func (w *Writer) Set(now *world.World, patches []status.Patch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, patch := range patches {
		object := find(now, patch.Key)
		_, waiting := w.wanted[patch.Key]
		if object == nil || !waiting && !patch.Changed(object) {
			continue
		}
		w.wanted[patch.Key] = &patch
		w.queue().Add(patch.Key)
	}
}

func (w *Writer) work(ctx context.Context) {
	for {
		key, down := w.queue().Get()
		if down {
			return
		}
		if ctx.Err() == nil && w.step(ctx, key) && shared(key.Kind) {
			time.AfterFunc(rest, func() { w.queue().Done(key) }) // it may be added meanwhile, and waits
			continue
		}
		w.queue().Done(key)
	}
}

// step writes one status, and says whether it is as it should be.
func (w *Writer) step(ctx context.Context, key world.Key) bool {
	w.mu.Lock()
	patch, wanted := w.wanted[key]
	w.mu.Unlock()
	if !wanted {
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var reader client.Reader = w.options.Client
	if w.queue().NumRequeues(key) > 0 {
		reader = w.options.Reader // the cache was behind
	}
	err := w.write(ctx, reader, *patch)
	if err != nil && !apierrors.IsNotFound(err) {
		if !apierrors.IsConflict(err) && !errors.Is(err, context.Canceled) {
			w.options.Log.Info("a status was not written; trying again", "kind", string(key.Kind), "object", key.Name.String(), "reason", err.Error())
		}
		w.queue().AddRateLimited(key)
		return false
	}
	w.queue().Forget(key)
	w.settle(key, patch)
	return true
}

// settle forgets a patch that was written, unless a newer one came meanwhile.
func (w *Writer) settle(key world.Key, written *status.Patch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := w.wanted[key]; now == written || now != nil && samePatch(*now, *written) {
		delete(w.wanted, key)
	}
}

// write merges the patch into the object as it is now.
func (w *Writer) write(ctx context.Context, reader client.Reader, patch status.Patch) error {
	object := empty(patch.Key.Kind)
	if object == nil {
		return nil
	}
	if err := reader.Get(ctx, client.ObjectKey(patch.Key.Name), object); err != nil {
		return fmt.Errorf("read the object: %w", err)
	}
	merged, changed := patch.Into(object, metav1.Now())
	after, ok := merged.(client.Object)
	if !changed || !ok {
		return nil
	}
	change, err := patchOf(object, after)
	if err != nil {
		return err
	}
	tell := news(object, after)
	answer, err := w.answer(object)
	if err != nil {
		return err
	}
	if err := w.options.Client.Status().Patch(ctx, answer, change, owner); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	if w.options.Events != nil {
		for _, condition := range tell {
			w.options.Events.Eventf(after, nil, "Warning", condition.Reason, condition.Type, "%s", condition.Message)
		}
	}
	return nil
}

// answer is what a write of an object's status gives back: its metadata, since all else is known.
func (w *Writer) answer(object client.Object) (*metav1.PartialObjectMetadata, error) {
	kind, err := w.options.Client.GroupVersionKindFor(object)
	if err != nil {
		return nil, fmt.Errorf("look up the kind: %w", err)
	}
	out := &metav1.PartialObjectMetadata{}
	out.SetGroupVersionKind(kind)
	out.SetNamespace(object.GetNamespace())
	out.SetName(object.GetName())
	return out, nil
}
