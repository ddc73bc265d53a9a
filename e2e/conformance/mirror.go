package conformance

import (
	"context"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"

	"github.com/fleetgate/fleetgate/e2e/testbed"
)

// mirrored are the resources of which backends are made.
var mirrored = []schema.GroupVersionResource{
	{Version: "v1", Resource: "namespaces"},
	{Version: "v1", Resource: "services"},
	{Version: "v1", Resource: "secrets"},
	{Version: "v1", Resource: "configmaps"},
	{Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "discovery.k8s.io", Version: "v1", Resource: "endpointslices"},
}

// mirrorManager is whom server-side apply takes the mirror for.
const mirrorManager = "conformance-mirror"

// mirror keeps the suite's backends in members as they are on the hub, where alone the suite makes them. It is what a
// team does that deploys the same to every cluster.
type mirror struct {
	hub     dynamicinformer.DynamicSharedInformerFactory
	members []*reflection
	work    sync.WaitGroup
}

// reflection is the mirror's work in one member.
type reflection struct {
	member dynamic.Interface
	hub    dynamicinformer.DynamicSharedInformerFactory
	queue  workqueue.TypedRateLimitingInterface[object]
	// kept are the objects that it made in the member.
	kept map[object]bool
}

// object is one on the hub.
type object struct {
	resource        schema.GroupVersionResource
	namespace, name string
}

// startMirror works until ctx ends; wait returns then.
func startMirror(ctx context.Context, fleet *testbed.Fleet) (*mirror, error) {
	hub, err := client(fleet.Hub)
	if err != nil {
		return nil, err
	}
	m := &mirror{hub: dynamicinformer.NewDynamicSharedInformerFactory(hub, 0)}
	for _, member := range fleet.Members {
		to, err := client(member)
		if err != nil {
			return nil, err
		}
		limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[object](50*time.Millisecond, time.Second)
		m.members = append(m.members, &reflection{
			member: to, hub: m.hub, queue: workqueue.NewTypedRateLimitingQueue(limiter), kept: map[object]bool{},
		})
	}
	for _, resource := range mirrored {
		add := func(o any) { m.add(resource, o) }
		handler := cache.ResourceEventHandlerFuncs{AddFunc: add, UpdateFunc: func(_, o any) { add(o) }, DeleteFunc: add}
		if _, err := m.hub.ForResource(resource).Informer().AddEventHandler(handler); err != nil {
			return nil, err
		}
	}
	m.hub.Start(ctx.Done())
	m.hub.WaitForCacheSync(ctx.Done())
	for _, r := range m.members {
		context.AfterFunc(ctx, r.queue.ShutDown)
		m.work.Go(func() { r.run(ctx) })
	}
	return m, nil
}

func client(c *testbed.Cluster) (dynamic.Interface, error) {
	config, err := c.RESTConfig()
	if err != nil {
		return nil, err
	}
	return dynamic.NewForConfig(config)
}

func (m *mirror) wait() {
	m.hub.Shutdown()
	m.work.Wait()
}

func (m *mirror) add(resource schema.GroupVersionResource, o any) {
	key, err := cache.DeletionHandlingObjectToName(o)
	if err != nil {
		return
	}
	for _, r := range m.members {
		r.queue.Add(object{resource, key.Namespace, key.Name})
	}
}

func (r *reflection) run(ctx context.Context) {
	for {
		o, over := r.queue.Get()
		if over {
			return
		}
		if err := r.sync(ctx, o); err != nil {
			r.queue.AddRateLimited(o) // such as a namespace that is not there yet
		} else {
			r.queue.Forget(o)
		}
		r.queue.Done(o)
	}
}

// sync makes an object in the member as it is on the hub.
func (r *reflection) sync(ctx context.Context, o object) error {
	to := r.member.Resource(o.resource).Namespace(o.namespace)
	store := r.hub.ForResource(o.resource).Informer().GetStore()
	found, exists, err := store.GetByKey(cache.NewObjectName(o.namespace, o.name).String())
	if err != nil {
		return err
	}
	if !exists {
		return r.remove(ctx, to, o)
	}
	source, ok := found.(*unstructured.Unstructured)
	if !ok || !ofSuite(o.namespace, o.name) || made(source) {
		return nil
	}
	r.kept[o] = true
	_, err = to.Apply(ctx, o.name, reflected(source), metav1.ApplyOptions{FieldManager: mirrorManager, Force: true})
	return err
}

func (r *reflection) remove(ctx context.Context, from dynamic.ResourceInterface, o object) error {
	if !r.kept[o] {
		return nil
	}
	if err := from.Delete(ctx, o.name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	delete(r.kept, o)
	return nil
}

// ofSuite tells whether a namespace, or one that an object is in, is the suite's.
func ofSuite(namespace, name string) bool {
	if namespace == "" {
		namespace = name
	}
	return strings.HasPrefix(namespace, "gateway-")
}

// made tells whether an object was made by a controller from others, which each cluster has for itself: the product or Kubernetes.
func made(o *unstructured.Unstructured) bool {
	labels := o.GetLabels()
	return labels["app.kubernetes.io/managed-by"] == "fleetgate" || o.GetName() == "kube-root-ca.crt" ||
		labels["endpointslice.kubernetes.io/managed-by"] != "" || len(o.GetOwnerReferences()) > 0
}

// reflected is an object as its author wrote it, without what the hub's API server gave it.
func reflected(source *unstructured.Unstructured) *unstructured.Unstructured {
	out := source.DeepCopy()
	annotations := source.GetAnnotations()
	delete(annotations, "deployment.kubernetes.io/revision")
	out.Object["metadata"] = map[string]any{}
	out.SetNamespace(source.GetNamespace())
	out.SetName(source.GetName())
	out.SetLabels(source.GetLabels())
	out.SetAnnotations(annotations)
	delete(out.Object, "status")
	switch source.GetKind() {
	case "Namespace":
		delete(out.Object, "spec")
	case "Service":
		if address, _, _ := unstructured.NestedString(out.Object, "spec", "clusterIP"); address != "None" {
			unstructured.RemoveNestedField(out.Object, "spec", "clusterIP")
			unstructured.RemoveNestedField(out.Object, "spec", "clusterIPs")
		}
	}
	return out
}
