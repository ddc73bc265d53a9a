// Package binder is the scheduler of a cluster with one node: it binds every pending pod
// to it. One process serves several clusters in a few megabytes, where a kube-scheduler
// takes some hundred for each.
//
// It keeps the rules that a single node can break: it waits while the node is not ready or
// cordoned, honours nodeSelector, scheduling gates and a pod's own schedulerName. It knows
// no resources (the kubelet refuses what does not fit), affinity or preemption.
package binder

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// retryInterval is how soon a pod that could not be bound is tried again.
const retryInterval = time.Second

// Run binds the pods of one cluster until the context ends.
func Run(ctx context.Context, config *rest.Config, log *slog.Logger) error {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", config.Host, err)
	}
	pending := cache.NewFilteredListWatchFromClient(client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll,
		func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermEqualSelector("spec.nodeName", "").String()
		})
	// The informer's resync is the retry: only pods without a node are in its store.
	_, informer := cache.NewInformerWithOptions(cache.InformerOptions{
		ListerWatcher: cache.ToListWatcherWithWatchListSemantics(pending, client),
		ObjectType:    &corev1.Pod{},
		ResyncPeriod:  retryInterval,
		Handler: cache.ResourceEventHandlerFuncs{
			AddFunc:    func(object any) { bindObject(ctx, client, object, log) },
			UpdateFunc: func(_, object any) { bindObject(ctx, client, object, log) },
		},
	})
	informer.RunWithContext(ctx)
	return nil
}

// bindObject is bind for what an informer hands over.
func bindObject(ctx context.Context, client kubernetes.Interface, object any, log *slog.Logger) {
	if pod, ok := object.(*corev1.Pod); ok {
		bind(ctx, client, pod, log)
	}
}

func bind(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod, log *slog.Logger) {
	if !wants(pod) {
		return
	}
	node, err := nodeFor(ctx, client, pod)
	if err != nil || node == "" {
		log.Info("pod waits for a node", "pod", pod.Namespace+"/"+pod.Name, "error", err)
		return
	}
	err = client.CoreV1().Pods(pod.Namespace).Bind(ctx, &corev1.Binding{
		ObjectMeta: metav1.ObjectMeta{Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID},
		Target:     corev1.ObjectReference{Kind: "Node", Name: node},
	}, metav1.CreateOptions{})
	// Bound or deleted since it was seen: nothing is left to do.
	if err != nil && !apierrors.IsConflict(err) && !apierrors.IsNotFound(err) {
		log.Warn("binding failed", "pod", pod.Namespace+"/"+pod.Name, "node", node, "error", err)
	}
}

// wants reports whether the pod waits for this scheduler.
func wants(pod *corev1.Pod) bool {
	return pod.Spec.NodeName == "" &&
		pod.Spec.SchedulerName == corev1.DefaultSchedulerName &&
		pod.DeletionTimestamp == nil &&
		len(pod.Spec.SchedulingGates) == 0
}

func nodeFor(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) (string, error) {
	nodes, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return "", err
	}
	for i := range nodes.Items {
		if fits(pod, &nodes.Items[i]) {
			return nodes.Items[i].Name, nil
		}
	}
	return "", nil
}

func fits(pod *corev1.Pod, node *corev1.Node) bool {
	if node.Spec.Unschedulable || !labels.SelectorFromSet(pod.Spec.NodeSelector).Matches(labels.Set(node.Labels)) {
		return false
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type == corev1.NodeReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}
