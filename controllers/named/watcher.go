// Package named keeps single Secrets, ConfigMaps and ClusterTrustBundles up to date, each by a watch of its own name: the operator
// never lists those of a namespace or a cluster.
package named

import (
	"context"
	"sync"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Watcher watches the objects of one kind that it was told to. Safe for concurrent use.
type Watcher[T client.Object] struct {
	client client.WithWatch
	kind   kind[T]
	tell   func(name world.Name, object T)
	log    logr.Logger

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // the life of Start, which owns the watches' goroutines
	wanted  map[world.Name]context.CancelFunc
	running sync.WaitGroup
}

// kind is how objects of a kind are listed. An error says that the cluster does not serve it, now.
type kind[T client.Object] struct {
	name string
	one  T
	list func() (client.ObjectList, error)
}

// Secrets gives a Watcher that tells of every change of a wanted Secret; nil says that it does not exist or
// may not be read. tell must not call the Watcher.
func Secrets(c client.WithWatch, log logr.Logger, tell func(world.Name, *corev1.Secret)) *Watcher[*corev1.Secret] {
	return watcher(c, log, tell, kind[*corev1.Secret]{
		"Secret", &corev1.Secret{}, func() (client.ObjectList, error) { return &corev1.SecretList{}, nil },
	})
}

// ConfigMaps gives a Watcher of ConfigMaps in the same way.
func ConfigMaps(c client.WithWatch, log logr.Logger, tell func(world.Name, *corev1.ConfigMap)) *Watcher[*corev1.ConfigMap] {
	return watcher(c, log, tell, kind[*corev1.ConfigMap]{
		"ConfigMap", &corev1.ConfigMap{}, func() (client.ObjectList, error) { return &corev1.ConfigMapList{}, nil },
	})
}

func watcher[T client.Object](c client.WithWatch, log logr.Logger, tell func(world.Name, T), of kind[T]) *Watcher[T] {
	return &Watcher[T]{client: c, kind: of, tell: tell, log: log, wanted: map[world.Name]context.CancelFunc{}}
}

// Start runs the watches until ctx ends, and returns when all of them did.
func (w *Watcher[T]) Start(ctx context.Context) error {
	w.mu.Lock()
	w.ctx = ctx
	for name := range w.wanted {
		w.begin(name)
	}
	w.mu.Unlock()
	<-ctx.Done()
	w.running.Wait()
	return nil
}

// Want replaces the set of objects that are watched.
func (w *Watcher[T]) Want(names map[world.Name]bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name, stop := range w.wanted {
		if !names[name] {
			stop()
			delete(w.wanted, name)
		}
	}
	for name := range names {
		if w.wanted[name] == nil {
			w.begin(name)
		}
	}
}

// begin starts one watch; before Start it only remembers it. The lock is held.
func (w *Watcher[T]) begin(name world.Name) {
	if w.ctx == nil {
		w.wanted[name] = func() {}
		return
	}
	if w.ctx.Err() != nil {
		return
	}
	ctx, stop := context.WithCancel(w.ctx)
	w.wanted[name] = stop
	w.running.Go(func() {
		defer stop()
		w.run(ctx, name)
	})
}

func (w *Watcher[T]) run(ctx context.Context, name world.Name) {
	put := func(in any) {
		if object, ok := in.(T); ok && ctx.Err() == nil {
			w.tell(name, object)
		}
	}
	gone := func() {
		if ctx.Err() == nil {
			var none T
			w.tell(name, none)
		}
	}
	informer := toolscache.NewSharedInformer(w.single(name, gone), w.kind.one, 0)
	_ = informer.SetTransform(gather.Slim)
	_ = informer.SetWatchErrorHandlerWithContext(func(_ context.Context, _ *toolscache.Reflector, err error) {
		if apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) {
			w.log.Error(err, "the object may not be read: grant the operator get, list and watch on it", "kind", w.kind.name, "name", name.String())
			gone()
		}
	})
	_, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc: put, UpdateFunc: func(_, in any) { put(in) }, DeleteFunc: func(any) { gone() },
	})
	if err != nil {
		w.log.Error(err, "watch an object", "kind", w.kind.name, "name", name.String())
		return
	}
	informer.RunWithContext(ctx)
}

// single lists and watches one name. An empty first list is told, for no event comes of it.
func (w *Watcher[T]) single(name world.Name, gone func()) toolscache.ListerWatcher {
	scope := func(options *metav1.ListOptions) *client.ListOptions {
		return &client.ListOptions{
			Namespace:     name.Namespace,
			FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name.Name),
			Raw:           options,
		}
	}
	return plainLists{&toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list, err := w.kind.list()
			if meta.IsNoMatchError(err) {
				gone() // until it is served, which is looked for again
			}
			if err != nil {
				return nil, err
			}
			err = w.client.List(ctx, list, scope(&options))
			if err == nil && meta.LenList(list) == 0 {
				gone()
			}
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			list, err := w.kind.list()
			if err != nil {
				return nil, err
			}
			return w.client.Watch(ctx, list, scope(&options))
		},
	}}
}

// plainLists tells the reflector to list first: a streamed list of nothing would bring no event at all.
type plainLists struct{ *toolscache.ListWatch }

// IsWatchListSemanticsUnSupported is what client-go asks for.
func (plainLists) IsWatchListSemanticsUnSupported() bool { return true }
