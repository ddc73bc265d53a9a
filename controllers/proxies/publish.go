package proxies

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
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
	if err := w.writeAll(ctx, to.Client, compile.Writes(before, want)); err != nil {
		return have, err
	}
	have.published = before[:0]
	have.published = append(have.published, want...)
	return have, nil
}

// writers is how many ProxyConfigs of a Gateway are written at a time: thousands of routes that come at once are hundreds.
const writers = 8

// writeAll does the writes, stage by stage.
func (w *worker) writeAll(ctx context.Context, to client.Client, writes []compile.Write) error {
	for len(writes) > 0 {
		stage := writes
		if next := slices.IndexFunc(writes, func(one compile.Write) bool { return one.Stage != writes[0].Stage }); next > 0 {
			stage = writes[:next]
		}
		writes = writes[len(stage):]
		group, each := errgroup.WithContext(ctx)
		group.SetLimit(writers)
		for _, write := range stage {
			group.Go(func() error { return w.write(each, to, write) })
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
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
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
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
