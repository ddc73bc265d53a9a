package front

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/controllers/proxies"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers"
)

// errGone says that the Gateway that a pass was for is not there any more, or is about to go.
var errGone = errors.New("the Gateway is gone")

// reconcile makes one pass. The finalizer comes before the first call of the cloud, so that nothing that we
// made is ever forgotten.
func (w *Worker) reconcile(ctx context.Context, name world.Name, want wish, before world.Front) outcome {
	provider := w.options.Providers[want.controller]
	if provider == nil {
		return outcome{over: true}
	}
	held, err := w.hold(ctx, name, want)
	if err != nil {
		if errors.Is(err, errGone) {
			return outcome{over: true}
		}
		return outcome{err: err}
	}
	result, err := providers.Reconcile(ctx, provider, want.front)
	for _, step := range result.Steps {
		w.options.Log.Info("changed the cloud", "gateway", name.String(), "step", string(step.Op)+" "+step.ID.String())
	}
	told := report(before, want, result, err)
	got := outcome{pending: result.Pending, err: err, front: &told}
	if len(held.Left) > 0 && err == nil && result.Active && result.Pending == "" && complete(want.front) {
		got.pending, got.err = w.move(ctx, name, want, held)
	}
	return got
}

// destroy takes the front away, then the proxies that it sent to, then the finalizer.
func (w *Worker) destroy(ctx context.Context, name world.Name, want wish) outcome {
	if provider := w.options.Providers[want.controller]; provider != nil {
		done, pending, err := providers.Destroy(ctx, provider, want.front)
		if err != nil {
			return outcome{err: err}
		}
		if !done {
			return outcome{pending: pending}
		}
	} else {
		return outcome{err: unknownMaker(want.controller)}
	}
	here := w.at(want)
	left := slices.DeleteFunc(slices.Clone(want.left), func(l recorded) bool { return !l.elsewhere(here) })
	if pending, err := w.leave(ctx, want.front.Owner, left); err != nil || pending != "" {
		return outcome{pending: pending, err: err}
	}
	if want.orphan {
		return outcome{over: true} // its proxies went with it
	}
	if left := w.options.Proxies.Remove(name, want.front.Owner.UID); len(left) > 0 {
		return outcome{pending: "deletion of the proxies in " + strings.Join(left, ", ")}
	}
	if err := w.release(ctx, name, want.front.Owner.UID); err != nil {
		return outcome{err: err}
	}
	return outcome{over: true}
}

// unknownMaker is why a front cannot be taken away, and the finalizer stays.
func unknownMaker(controller string) error {
	if controller != "" {
		return fmt.Errorf("the front was made by %s, which this operator does not run", controller)
	}
	return fmt.Errorf("nothing tells who made the front, since the annotation %s is broken or gone: put it back, or the GatewayClass", AnnotationParameters)
}

// hold puts our finalizer and the parameters of the front on the Gateway, and returns what is recorded there. It reads past
// the cache, which may still have a finalizer that we took off a moment ago.
func (w *Worker) hold(ctx context.Context, name world.Name, want wish) (recorded, error) {
	gateway, err := w.read(ctx, name, want.front.Owner.UID)
	if err != nil {
		return recorded{}, err
	}
	if gateway.DeletionTimestamp != nil {
		return recorded{}, errGone
	}
	w.note(want.front.Owner.UID, false)
	now := succeed(readRecorded(gateway), w.at(want))
	changed, err := w.record(ctx, gateway, now)
	if err != nil {
		return now, err
	}
	w.holds(want.front.Owner.Hub, changed)
	if changed != gateway {
		// The API server may have been about to delete it, and does not look at a finalizer that is new then.
		_, err = w.read(ctx, name, want.front.Owner.UID)
	}
	return now, err
}

// write puts a record on the Gateway as the API server has it now.
func (w *Worker) write(ctx context.Context, name world.Name, uid string, now recorded) error {
	gateway, err := w.read(ctx, name, uid)
	if err != nil {
		return err
	}
	_, err = w.record(ctx, gateway, now)
	return err
}

// record changes finalizer and annotation where they are not as they should be, and returns the Gateway with them.
func (w *Worker) record(ctx context.Context, gateway *gatewayv1.Gateway, now recorded) (*gatewayv1.Gateway, error) {
	plain, err := json.Marshal(now)
	if err != nil {
		return nil, fmt.Errorf("record the parameters: %w", err)
	}
	held := slices.Contains(gateway.Finalizers, proxies.FinalizerFront)
	if held && gateway.Annotations[AnnotationParameters] == string(plain) {
		return gateway, nil
	}
	changed := gateway.DeepCopy()
	if !held {
		changed.Finalizers = append(changed.Finalizers, proxies.FinalizerFront)
	}
	if changed.Annotations == nil {
		changed.Annotations = map[string]string{}
	}
	changed.Annotations[AnnotationParameters] = string(plain)
	return changed, w.patch(ctx, gateway, changed)
}

// release takes our finalizer and annotation off the Gateway.
func (w *Worker) release(ctx context.Context, name world.Name, uid string) error {
	gateway, err := w.read(ctx, name, uid)
	if errors.Is(err, errGone) {
		return nil
	}
	if err != nil {
		return err
	}
	changed := gateway.DeepCopy()
	delete(changed.Annotations, AnnotationParameters)
	changed.Finalizers = slices.DeleteFunc(changed.Finalizers, func(f string) bool { return f == proxies.FinalizerFront })
	w.note(uid, true)
	if err := w.patch(ctx, gateway, changed); err != nil && !errors.Is(err, errGone) {
		w.note(uid, false)
		return err
	}
	return nil
}

func (w *Worker) read(ctx context.Context, name world.Name, uid string) (*gatewayv1.Gateway, error) {
	gateway := &gatewayv1.Gateway{}
	err := w.options.Reader.Get(ctx, client.ObjectKey(name), gateway)
	switch {
	case apierrors.IsNotFound(err), err == nil && string(gateway.UID) != uid:
		return nil, errGone
	case err != nil:
		return nil, fmt.Errorf("read Gateway %s: %w", name, err)
	}
	return gateway, nil
}

// patch says errGone where the Gateway went since it was read: nothing would take away what is made for it then.
func (w *Worker) patch(ctx context.Context, before, after *gatewayv1.Gateway) error {
	lock := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := w.options.Client.Patch(ctx, after, lock, client.FieldOwner("fleetgate"))
	switch {
	case apierrors.IsNotFound(err):
		return errGone
	case apierrors.IsConflict(err):
		return providers.Pending("another writer of the Gateway", err)
	case err != nil:
		return fmt.Errorf("change the finalizers of Gateway %s/%s: %w", before.Namespace, before.Name, err)
	}
	return nil
}
