package source

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
)

// clients are REST clients for the three groups that a proxy reads. A typed clientset of all of
// Kubernetes would cost every proxy pod tens of megabytes.
type clients struct {
	core, discovery, dataplane rest.Interface
}

func newClients(config *rest.Config) (clients, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, discoveryv1.AddToScheme, dataplanev1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			return clients{}, fmt.Errorf("scheme: %w", err)
		}
	}
	codecs := serializer.NewCodecFactory(scheme).WithoutConversion()
	config = rest.CopyConfig(config)
	config.DisableCompression = true // events would be compressed one by one, and what a ProxyConfig carries is compressed already
	shared, err := rest.HTTPClientFor(config)
	if err != nil {
		return clients{}, fmt.Errorf("connect to the API server: %w", err)
	}
	build := func(path string, group schema.GroupVersion, accept string) (rest.Interface, error) {
		c := rest.CopyConfig(config)
		c.APIPath, c.GroupVersion, c.NegotiatedSerializer = path, &group, codecs
		c.AcceptContentTypes, c.ContentType = accept, runtime.ContentTypeJSON
		c.QPS = -1 // few, long requests: the API server's own limits are enough
		client, err := rest.RESTClientForConfigAndClient(c, shared)
		if err != nil {
			return nil, fmt.Errorf("client for %s: %w", group, err)
		}
		return client, nil
	}
	const either = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	var c clients
	if c.core, err = build("/api", corev1.SchemeGroupVersion, either); err != nil {
		return clients{}, err
	}
	if c.discovery, err = build("/apis", discoveryv1.SchemeGroupVersion, either); err != nil {
		return clients{}, err
	}
	c.dataplane, err = build("/apis", dataplanev1alpha1.GroupVersion, runtime.ContentTypeJSON)
	return c, err
}

// query says what to watch.
type query struct {
	client              rest.Interface
	resource, namespace string
	labels, fields      string
	sample              runtime.Object
}

// sink takes what a feed sees. Its methods are called by one goroutine.
type sink[T runtime.Object] interface {
	// replace gives all objects that there are.
	replace(all []T)
	put(object T)
	drop(object T)
}

// deniedGrace is how long a feed that is not allowed to read counts as one that will be: a Role
// that was made just now takes a moment to work.
const deniedGrace = 30 * time.Second

// feed watches objects, and goes on through outages of the API server with what it has.
type feed[T runtime.Object] struct {
	cancel context.CancelFunc
	sink   sink[T]
	notify func()

	mutex  sync.Mutex
	synced bool
	denied time.Time
}

// newFeed starts a feed in a goroutine of the group, which ends with the context or with stop.
func newFeed[T runtime.Object](ctx context.Context, group *sync.WaitGroup, q query, to sink[T], notify func()) *feed[T] {
	ctx, cancel := context.WithCancel(ctx) //nolint:gosec // stop calls it, or the parent ends
	f := &feed[T]{cancel: cancel, sink: to, notify: notify}
	list := cache.NewFilteredListWatchFromClient(q.client, q.resource, q.namespace, func(o *metav1.ListOptions) {
		o.LabelSelector, o.FieldSelector = q.labels, q.fields
	})
	reflector := cache.NewReflectorWithOptions(f.observed(list), q.sample, f, cache.ReflectorOptions{
		Name:    q.namespace + "/" + q.resource,
		Backoff: &wait.Backoff{Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 4, Cap: 2 * time.Second},
	})
	group.Go(func() { reflector.RunWithContext(ctx) })
	return f
}

// observed notes since when the API server denies what is asked.
func (f *feed[T]) observed(inner *cache.ListWatch) *cache.ListWatch {
	list, watcher := inner.ListWithContextFunc, inner.WatchFuncWithContext
	return &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			objects, err := list(ctx, options)
			f.note(err)
			return objects, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			events, err := watcher(ctx, options)
			f.note(err)
			return events, err
		},
	}
}

func (f *feed[T]) note(err error) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	switch {
	case !apierrors.IsForbidden(err):
		f.denied = time.Time{}
	case f.denied.IsZero():
		f.denied = time.Now()
	}
}

// settled says whether the feed has seen all objects once, or will not be allowed to.
func (f *feed[T]) settled() bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.synced || !f.denied.IsZero() && time.Since(f.denied) > deniedGrace
}

func (f *feed[T]) stop() { f.cancel() }

// Add implements cache.ReflectorStore.
func (f *feed[T]) Add(object any) error { return f.Update(object) }

// Update implements cache.ReflectorStore.
func (f *feed[T]) Update(object any) error {
	if typed, ok := object.(T); ok {
		f.sink.put(typed)
		f.notify()
	}
	return nil
}

// Delete implements cache.ReflectorStore.
func (f *feed[T]) Delete(object any) error {
	if typed, ok := object.(T); ok {
		f.sink.drop(typed)
		f.notify()
	}
	return nil
}

// Replace implements cache.ReflectorStore.
func (f *feed[T]) Replace(objects []any, _ string) error {
	all := make([]T, 0, len(objects))
	for _, object := range objects {
		if typed, ok := object.(T); ok {
			all = append(all, typed)
		}
	}
	f.sink.replace(all)
	f.mutex.Lock()
	f.synced = true
	f.mutex.Unlock()
	f.notify()
	return nil
}

// Resync implements cache.ReflectorStore.
func (f *feed[T]) Resync() error { return nil }
