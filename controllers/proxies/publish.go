package proxies

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// update makes the member's ProxyConfigs of a Gateway what they should be. Most often a few chunks that are there have other
// content: they are sent, and nobody waits for them.
func (w *worker) update(ctx context.Context, to *fleet.Connection, r ir.IR, gateway world.Name, have applied) (applied, error) {
	if have.published == nil {
		return w.publish(ctx, to, r, gateway, have)
	}
	want, err := w.chunks.ProxyConfigs(r, gateway, w.member)
	if err != nil {
		return have, fmt.Errorf("compile the configuration: %w", err)
	}
	changed, alone := compile.Chunks(have.published, want)
	if !alone {
		return w.publish(ctx, to, r, gateway, have)
	}
	flights := w.flightsOf(proxyOf(gateway), to)
	for _, at := range changed {
		chunk := want[at]
		have.published[at] = chunk
		flights.send(ctx, &chunk)
	}
	return have, nil
}

// publish does the same in the right order, and waits for it. What is right already is not written.
func (w *worker) publish(ctx context.Context, to *fleet.Connection, r ir.IR, gateway world.Name, have applied) (applied, error) {
	want, err := w.chunks.ProxyConfigs(r, gateway, w.member)
	if err != nil {
		return have, fmt.Errorf("compile the configuration: %w", err)
	}
	w.land(proxyOf(gateway))
	before := have.published
	have.published = nil // until all is written
	if w.takeDoubt(proxyOf(gateway)) || before == nil {
		if before, err = w.seen(ctx, to, gateway); err != nil {
			return have, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	if err := w.writeAll(ctx, to.Client, compile.Writes(before, want)); err != nil {
		return have, err
	}
	have.published = slices.Clone(want)
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
		w.found(world.Name{Namespace: have.Items[i].Namespace, Name: have.Items[i].Name}, &have.Items[i].Spec)
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

// rewriting is the patch that gives a ProxyConfig other content. Nobody shares it with us, so that the API server need not know who
// wrote which field of it: telling that takes it a third of the time of a write, and it leaves it out once it was reset.
type rewriting struct {
	Metadata struct {
		ManagedFields [1]struct{} `json:"managedFields"`
	} `json:"metadata"`
	Spec *dataplanev1alpha1.ProxyConfigSpec `json:"spec"`
}

// rewrite gives a chunk that is there other content. The answer is without that.
func (w *worker) rewrite(ctx context.Context, to *fleet.Connection, chunk *dataplanev1alpha1.ProxyConfig) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	w.expect(world.Name{Namespace: chunk.Namespace, Name: chunk.Name}, &chunk.Spec)
	patch, err := json.Marshal(rewriting{Spec: &chunk.Spec})
	if err != nil {
		return fmt.Errorf("encode ProxyConfig %s/%s: %w", chunk.Namespace, chunk.Name, err)
	}
	there := &metav1.PartialObjectMetadata{
		TypeMeta: chunk.TypeMeta, ObjectMeta: metav1.ObjectMeta{Namespace: chunk.Namespace, Name: chunk.Name},
	}
	if err := to.Client.Patch(ctx, there, client.RawPatch(types.MergePatchType, patch), fieldOwner); err != nil {
		return fmt.Errorf("write ProxyConfig %s/%s: %w", chunk.Namespace, chunk.Name, err)
	}
	return nil
}
