package proxies

import (
	"context"
	"fmt"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// publish makes the member's ProxyConfigs of a Gateway what they should be. What is right already is not written.
func (w *worker) publish(ctx context.Context, to *fleet.Connection, r ir.IR, gateway world.Name, have applied) (applied, error) {
	want, err := w.chunks.ProxyConfigs(r, gateway, w.member)
	if err != nil {
		return have, fmt.Errorf("compile the configuration: %w", err)
	}
	before := have.published
	have.published = nil // until all is written
	if before == nil {
		if before, err = w.seen(ctx, to, gateway); err != nil {
			return have, err
		}
	}
	for _, write := range compile.Writes(before, want) {
		if err := w.write(ctx, to.Client, write); err != nil {
			return have, err
		}
	}
	have.published = append(before[:0], want...)
	return have, nil
}

// seen are the ProxyConfigs of a Gateway as the cache has them.
func (w *worker) seen(ctx context.Context, to *fleet.Connection, gateway world.Name) ([]dataplanev1alpha1.ProxyConfig, error) {
	have := &dataplanev1alpha1.ProxyConfigList{}
	err := to.Cache.List(ctx, have, client.InNamespace(gateway.Namespace),
		client.MatchingLabels{dataplanev1alpha1.LabelProxy: compile.ProxyName(gateway)})
	if err != nil {
		return nil, fmt.Errorf("look for the configuration: %w", err)
	}
	for i := range have.Items {
		w.expect(world.Name{Namespace: have.Items[i].Namespace, Name: have.Items[i].Name}, &have.Items[i].Spec)
	}
	return have.Items, nil
}

func (w *worker) write(ctx context.Context, to client.Client, write compile.Write) error {
	object := write.Object
	name := world.Name{Namespace: object.Namespace, Name: object.Name}
	if write.Delete {
		w.expect(name, nil)
		if err := to.Delete(ctx, &object); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete ProxyConfig %s/%s: %w", object.Namespace, object.Name, err)
		}
		return nil
	}
	w.expect(name, &object.Spec)
	object.Labels = maps.Clone(object.Labels)
	object.Labels[LabelHub], object.Labels[labelManagedBy] = w.options.Settings.Hub, managedBy
	_, err := apply(ctx, to, &object)
	return err
}
