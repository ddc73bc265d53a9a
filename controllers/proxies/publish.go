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

// publish makes the member's ProxyConfigs of a Gateway what they should be. What the cache shows to be
// right already is not written.
func (w *worker) publish(ctx context.Context, to *fleet.Connection, r ir.IR, gateway world.Name) error {
	want, err := w.chunks.ProxyConfigs(r, gateway, w.member)
	if err != nil {
		return fmt.Errorf("compile the configuration: %w", err)
	}
	have := &dataplanev1alpha1.ProxyConfigList{}
	err = to.Cache.List(ctx, have, client.InNamespace(gateway.Namespace),
		client.MatchingLabels{dataplanev1alpha1.LabelProxy: compile.ProxyName(gateway)})
	if err != nil {
		return fmt.Errorf("look for the configuration: %w", err)
	}
	for _, write := range compile.Writes(have.Items, want) {
		if err := w.write(ctx, to.Client, write); err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) write(ctx context.Context, to client.Client, write compile.Write) error {
	object := write.Object
	if write.Delete {
		if err := to.Delete(ctx, &object); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete ProxyConfig %s/%s: %w", object.Namespace, object.Name, err)
		}
		return nil
	}
	object.Labels = maps.Clone(object.Labels)
	object.Labels[LabelHub], object.Labels[labelManagedBy] = w.options.Settings.Hub, managedBy
	_, err := apply(ctx, to, &object)
	return err
}
