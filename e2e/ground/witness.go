package ground

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/fleetgate/fleetgate/e2e/ground/podlog"
)

// Witness sees what the product's pods say while a suite runs on a ground that is Checked, and judges in the end.
type Witness struct {
	// Before is how many goroutines the operator had when nothing was to do yet, and After when nothing was left to do.
	Before, After int

	ground *Ground
	// seen are the clusters, the hub first.
	seen []watched
}

// watched is a cluster whose pods are followed.
type watched struct {
	client   kubernetes.Interface
	recorder *podlog.Recorder
}

const (
	// growth is how many goroutines more the operator may have after a suite than before. It starts some watches
	// when the first Gateway needs them, and keeps them; a suite makes more Gateways than this, so that one goroutine
	// left for each of them is too much.
	growth = 40
	// settled is how long what was removed may take to be gone.
	settled = 2 * time.Minute
	every   = 500 * time.Millisecond
)

// Witness begins. The caller calls End when the suite has run.
func (g *Ground) Witness(ctx context.Context) (*Witness, error) {
	w := &Witness{ground: g}
	var err error
	for _, c := range g.Fleet.Clusters() {
		config, err := c.RESTConfig()
		if err != nil {
			return nil, err
		}
		client, err := kubernetes.NewForConfig(config)
		if err != nil {
			return nil, err
		}
		recorder, err := podlog.Record(ctx, client, g.scratch("logs/"+c.Name), isProduct)
		if err != nil {
			return nil, err
		}
		w.seen = append(w.seen, watched{client, recorder})
	}
	w.Before, err = w.atRest(ctx)
	return w, err
}

// End removes what the suite left, stops the operator, and returns what was wrong with it or any proxy: a data race, a panic, a
// restart, goroutines that a program left when it ended, goroutines that became more and more in the operator.
func (w *Witness) End(ctx context.Context) error {
	steps := []func(context.Context) error{w.removeGateways, w.shrunk, w.stopOperator}
	var faults []error
	for _, step := range steps {
		faults = append(faults, step(ctx))
	}
	ctx, cancel := context.WithTimeout(ctx, settled)
	defer cancel()
	for _, in := range w.seen {
		for _, log := range in.recorder.Close(ctx) {
			faults = append(faults, log.Faults())
		}
	}
	return errors.Join(faults...)
}

func (w *Witness) removeGateways(ctx context.Context) error {
	_, err := w.ground.Kubectl(ctx, nil, "delete", "gateways.gateway.networking.k8s.io", "--all", "--all-namespaces")
	return errors.Join(err, w.await(ctx, "proxies are left", func(ctx context.Context) (bool, error) {
		pods, err := w.pods(ctx)
		return len(pods) == 1, err
	}))
}

func (w *Witness) shrunk(ctx context.Context) error {
	err := w.await(ctx, "too many goroutines are left in the operator", func(ctx context.Context) (fewer bool, err error) {
		w.After, err = w.goroutines(ctx)
		return w.After <= w.Before+growth, err
	})
	if err != nil {
		return fmt.Errorf("%w: %d after the suite, %d before", err, w.After, w.Before)
	}
	return nil
}

func (w *Witness) stopOperator(ctx context.Context) error {
	_, err := w.ground.Kubectl(ctx, nil, "-n", Namespace, "scale", "deployment/fleetgate", "--replicas=0")
	return errors.Join(err, w.await(ctx, "the operator does not end", func(ctx context.Context) (bool, error) {
		pods, err := w.pods(ctx)
		return len(pods) == 0, err
	}))
}

// await asks until the answer is yes, for as long as settled.
func (w *Witness) await(ctx context.Context, otherwise string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, settled)
	defer cancel()
	for {
		ok, err := done(ctx)
		if ok && err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(errors.New(otherwise), err)
		case <-time.After(every):
		}
	}
}

// pods are those of the product, in all clusters.
func (w *Witness) pods(ctx context.Context) ([]corev1.Pod, error) {
	var out []corev1.Pod
	for _, in := range w.seen {
		list, err := in.client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if isProduct(&list.Items[i]) {
				out = append(out, list.Items[i])
			}
		}
	}
	return out, nil
}

func isProduct(pod *corev1.Pod) bool {
	name := pod.Spec.Containers[0].Image
	return name == operatorImage || name == proxyImage
}
