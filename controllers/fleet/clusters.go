package fleet

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/controllers/named"
	"github.com/fleetgate/fleetgate/internal/world"
)

// ClusterKind is Cluster API's Cluster; the version is the one that the hub prefers.
var ClusterKind = schema.GroupKind{Group: "cluster.x-k8s.io", Kind: "Cluster"}

// Discovery finds members: Cluster objects of one namespace and the Secrets with their kubeconfigs.
type Discovery struct {
	fleet     *Fleet
	namespace string
	client    client.WithWatch
	mapper    meta.RESTMapper
	secrets   *named.Watcher[*corev1.Secret]
	log       logr.Logger

	mu          sync.Mutex
	labels      map[string]map[string]string
	kubeconfigs map[string]*corev1.Secret
	// asked are the Clusters whose Secret was looked for.
	asked map[string]bool
	// listed says that all Clusters are known, or that there is no such kind.
	listed bool
}

// DiscoveryOptions are what a Discovery works with.
type DiscoveryOptions struct {
	Fleet *Fleet
	// Namespace of Cluster objects and their Secrets.
	Namespace string
	// Mapper and Client of the hub.
	Mapper meta.RESTMapper
	Client client.WithWatch
	Log    logr.Logger
}

// NewDiscovery gives a Discovery that starts with Start.
func NewDiscovery(options DiscoveryOptions) *Discovery {
	d := &Discovery{
		fleet: options.Fleet, namespace: options.Namespace, client: options.Client, mapper: options.Mapper, log: options.Log,
		labels: map[string]map[string]string{}, kubeconfigs: map[string]*corev1.Secret{}, asked: map[string]bool{},
	}
	d.secrets = named.Secrets(options.Client, options.Log, d.onSecret)
	return d
}

// HasClusterAPI tells whether the hub has Cluster objects, and of which version.
func HasClusterAPI(mapper meta.RESTMapper) (schema.GroupVersionKind, bool, error) {
	mapping, err := mapper.RESTMapping(ClusterKind)
	if meta.IsNoMatchError(err) {
		return schema.GroupVersionKind{}, false, nil
	}
	if err != nil {
		return schema.GroupVersionKind{}, false, fmt.Errorf("ask the hub for Cluster API: %w", err)
	}
	return mapping.GroupVersionKind, true, nil
}

const crdRetry = 30 * time.Second

// Start watches until ctx ends. While the hub has no Cluster API it asks again now and then.
func (d *Discovery) Start(ctx context.Context) error {
	for {
		version, found, err := HasClusterAPI(d.mapper)
		if err != nil {
			d.log.Error(err, "Clusters are not watched yet")
		}
		if found {
			return d.watch(ctx, version)
		}
		d.setListed(err == nil)
		if !sleep(ctx, crdRetry) {
			return nil
		}
	}
}

// watch looks at one namespace alone, so that the operator needs no right to read Clusters elsewhere.
func (d *Discovery) watch(ctx context.Context, version schema.GroupVersionKind) error {
	d.setListed(false)
	kind := &unstructured.Unstructured{}
	kind.SetGroupVersionKind(version)
	informer := toolscache.NewSharedInformer(d.clusters(version), kind, 0)
	if err := informer.SetTransform(slim); err != nil {
		return fmt.Errorf("watch Clusters: %w", err)
	}
	handler, err := informer.AddEventHandler(d.handler())
	if err != nil {
		return fmt.Errorf("watch Clusters: %w", err)
	}
	var running sync.WaitGroup
	running.Go(func() { informer.RunWithContext(ctx) })
	running.Go(func() {
		if toolscache.WaitForCacheSync(ctx.Done(), handler.HasSynced) {
			d.setListed(true)
		}
	})
	err = d.secrets.Start(ctx)
	running.Wait()
	return err
}

func (d *Discovery) clusters(version schema.GroupVersionKind) toolscache.ListerWatcher {
	list := func() *unstructured.UnstructuredList {
		out := &unstructured.UnstructuredList{}
		out.SetGroupVersionKind(version.GroupVersion().WithKind(version.Kind + "List"))
		return out
	}
	return &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			found := list()
			return found, d.client.List(ctx, found, &client.ListOptions{Namespace: d.namespace, Raw: &options})
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			return d.client.Watch(ctx, list(), &client.ListOptions{Namespace: d.namespace, Raw: &options})
		},
	}
}

func (d *Discovery) handler() toolscache.ResourceEventHandler {
	put := func(in any) {
		if object, ok := in.(client.Object); ok {
			d.onCluster(object)
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc: put, UpdateFunc: func(_, in any) { put(in) },
		DeleteFunc: func(in any) {
			if tomb, ok := in.(toolscache.DeletedFinalStateUnknown); ok {
				in = tomb.Obj
			}
			if object, ok := in.(client.Object); ok {
				d.onClusterGone(object.GetName())
			}
		},
	}
}

func (d *Discovery) setListed(listed bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listed = listed
}

// WaitFound waits until all members are known to the Fleet, at most for limit.
func (d *Discovery) WaitFound(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !d.found() && sleep(ctx, 10*time.Millisecond) {
	}
}

func (d *Discovery) found() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.listed && len(d.asked) == len(d.labels)
}

func (d *Discovery) onCluster(cluster client.Object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.labels[cluster.GetName()] = cluster.GetLabels()
	d.secrets.Want(d.wanted())
	if d.asked[cluster.GetName()] {
		d.fleet.SetCluster(cluster.GetName(), cluster.GetLabels(), d.kubeconfigs[cluster.GetName()])
	}
}

func (d *Discovery) onClusterGone(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.labels, name)
	delete(d.kubeconfigs, name)
	delete(d.asked, name)
	d.secrets.Want(d.wanted())
	d.fleet.RemoveCluster(name)
}

func (d *Discovery) wanted() map[world.Name]bool {
	out := make(map[world.Name]bool, len(d.labels))
	for name := range d.labels {
		out[world.Name{Namespace: d.namespace, Name: KubeconfigSecret(name)}] = true
	}
	return out
}

func (d *Discovery) onSecret(name world.Name, found *corev1.Secret) {
	cluster := clusterOf(name.Name)
	d.mu.Lock()
	defer d.mu.Unlock()
	labels, known := d.labels[cluster]
	if !known {
		return
	}
	d.asked[cluster] = true
	d.kubeconfigs[cluster] = found
	d.fleet.SetCluster(cluster, labels, found)
}

func clusterOf(secretName string) string {
	const suffix = "-kubeconfig"
	return secretName[:max(0, len(secretName)-len(suffix))]
}
