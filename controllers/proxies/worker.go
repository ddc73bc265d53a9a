package proxies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// worker makes the proxies of one member what they should be, one Gateway at a time. Keys of its queue
// are namespace and name of proxy Deployments.
type worker struct {
	member  string
	options Options
	view    func() view
	queue   workqueue.TypedRateLimitingInterface[world.Name]
	log     logr.Logger
	// chunks, applied and flights are of the goroutine of run alone.
	chunks  *compile.Cache
	applied map[world.Name]applied
	flights map[world.Name]*flights
	// namespaces that are known to be there, by the connection through which that was seen.
	namespaces map[string]*fleet.Connection

	mu    sync.Mutex
	clean map[world.Name]bool
	// troubled are Gateways of which a problem was told.
	troubled map[world.Name]string
	// written are the ProxyConfigs as the member showed them last, and as we wrote them since, the oldest first; doubted are
	// proxies of which somebody else wrote one.
	written map[world.Name][]dataplanev1alpha1.ProxyConfigSpec
	doubted map[world.Name]bool
}

// applied is what was last written and seen to be in force.
type applied struct {
	// gateway and namespaces are what all that follows was made of; nil until all of it is in force.
	gateway    *ir.Gateway
	namespaces []string
	// secrets are the copied Secrets by name. pods is a hash of the Deployment; around has one of each object that is applied
	// before it.
	secrets map[string]client.Object
	pods    string
	around  map[string]string
	// revoke says that grants may be there that are not wanted any more.
	revoke bool
	// published are the ProxyConfigs as they were seen or written last, or will be when they land; none if that has to be
	// looked at again.
	published []dataplanev1alpha1.ProxyConfig
	// prune is when Secrets that are not named any more are deleted, missing when a backend's namespace that the member lacks is
	// looked for again; zero for never.
	prune, missing time.Time
	// generation of the Deployment after it was written; another one means that somebody changed it.
	generation int64
	connection *fleet.Connection
	at         time.Time
}

// due says that the time has come for something that waited.
func (a applied) due() bool {
	now := time.Now()
	return !a.prune.IsZero() && !now.Before(a.prune) || !a.missing.IsZero() && !now.Before(a.missing)
}

const (
	// callTimeout is for the write of a ProxyConfig, stepTimeout for all that a Gateway needs.
	callTimeout, stepTimeout = 10 * time.Second, time.Minute
	// resync is after how long everything is written again, whatever the watches told.
	resync     = 10 * time.Minute
	firstRetry = 200 * time.Millisecond
	lastRetry  = time.Minute
)

func newWorker(member string, options Options, current func() view) *worker {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[world.Name](firstRetry, lastRetry)
	return &worker{
		member: member, options: options, view: current, log: options.Log.WithValues("member", member),
		queue:  workqueue.NewTypedRateLimitingQueue(limiter),
		chunks: compile.NewCacheOf(options.roots), applied: map[world.Name]applied{}, flights: map[world.Name]*flights{},
		namespaces: map[string]*fleet.Connection{},
		clean:      map[world.Name]bool{}, troubled: map[world.Name]string{},
		written: map[world.Name][]dataplanev1alpha1.ProxyConfigSpec{}, doubted: map[world.Name]bool{},
	}
}

func (w *worker) run(ctx context.Context) {
	defer func() {
		for proxy := range w.flights {
			w.land(proxy)
		}
	}()
	for {
		key, down := w.queue.Get()
		if down {
			return
		}
		w.step(ctx, key)
		w.queue.Done(key)
	}
}

// enqueueWanted looks at all Gateways: those whose proxies this member should have, and all others.
func (w *worker) enqueueWanted(v view) {
	for name := range v.world.Gateways {
		w.queue.Add(proxyOf(name))
	}
}

func (w *worker) step(ctx context.Context, key world.Name) {
	connection, reachable := w.options.Connections.Connection(w.member)
	if !reachable || ctx.Err() != nil {
		return // the member's return brings the key back
	}
	if key == everything {
		w.finish(ctx, key, keep, w.enqueueSeen(ctx, connection))
		return
	}
	v := w.view()
	todo, gateway := v.decide(w.member, key.Namespace, key.Name)
	var err error
	switch todo {
	case deploy:
		w.setClean(key, false)
		err = w.deploy(ctx, connection, v, gateway)
		w.tell(world.Name(gateway.Key()), problem(err))
	case remove:
		w.land(key)
		w.takeDoubt(key)
		delete(w.applied, key)
		err = w.remove(ctx, connection, key)
		w.setClean(key, err == nil)
	case keep:
	}
	w.finish(ctx, key, todo, err)
}

// finish says when a key is looked at again.
func (w *worker) finish(ctx context.Context, key world.Name, did action, err error) {
	if err != nil {
		if ctx.Err() == nil || errors.Is(err, context.DeadlineExceeded) {
			w.log.Info("proxies are not as they should be; trying again", "proxy", key.String(), "reason", err.Error())
		}
		w.queue.AddRateLimited(key)
		return
	}
	w.queue.Forget(key)
	if did == deploy {
		w.queue.AddAfter(key, resync)
	}
}

// tell says what hinders proxies, once for each change.
func (w *worker) tell(gateway world.Name, trouble string) {
	if w.troubled[gateway] == trouble {
		return
	}
	key := gather.Key{Member: w.member, Kind: gather.KindProxyProblem, Name: gateway}
	if trouble == "" {
		delete(w.troubled, gateway)
		w.options.Inbox.Put(key, nil)
		return
	}
	w.troubled[gateway] = trouble
	w.options.Inbox.Put(key, trouble)
}

// problem is what a user reads of err; nothing for what goes away by itself at once.
func problem(err error) string {
	switch {
	case err == nil, apierrors.IsConflict(err), errors.Is(err, errWaiting):
		return ""
	case apierrors.IsForbidden(err):
		return fmt.Sprintf("the operator lacks a permission there: %v; install the chart fleetgate with mode: member in it", err)
	}
	return err.Error()
}

// errWaiting is no fault: something is on its way out and has to be looked at again.
var errWaiting = errors.New("waiting for deletion")

// deploy makes the proxies of a Gateway what they should be. Most often that is their configuration alone.
func (w *worker) deploy(ctx context.Context, to *fleet.Connection, v view, gateway *ir.Gateway) error {
	name := world.Name(gateway.Key())
	key := proxyOf(name)
	have := w.applied[key]
	if have.connection != to || time.Since(have.at) > resync {
		have = applied{connection: to, at: time.Now()}
	}
	if w.takeDoubt(key) {
		have.published = nil
	}
	namespaces := w.chunks.BackendNamespaces(v.ir, name, w.member)
	if have.gateway.Alike(gateway) && slices.Equal(have.namespaces, namespaces) && !have.due() && !changedByOthers(ctx, to, key, have) {
		have, err := w.update(ctx, to, v.ir, name, have)
		if err != nil {
			have.gateway = nil // what else is missing is looked at with the next try
		}
		return w.keep(key, have, err)
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	want := deploymentOf(gateway, namespaces, w.options.Settings)
	want.secrets = secretsOf(v.world, gateway)
	have, err := w.deployAll(ctx, to, v.ir, want, have)
	return w.keep(key, have, err)
}

// keep remembers what was written, and hands err on. When something is not found, nothing counts as written any more: most
// likely somebody took the namespace away, and all that was in it.
func (w *worker) keep(key world.Name, have applied, err error) error {
	if apierrors.IsNotFound(err) {
		delete(w.namespaces, key.Namespace)
		have = applied{}
	}
	w.applied[key] = have
	return err
}

// deployAll writes all that differs from what was written last.
func (w *worker) deployAll(ctx context.Context, to *fleet.Connection, meant ir.IR, want deployment, have applied) (applied, error) {
	have.gateway, have.namespaces = nil, nil
	if err := w.ensureNamespace(ctx, to, want.gateway.Namespace); err != nil {
		return have, err
	}
	have, withoutSecrets := w.applySecrets(ctx, to, want, have)
	if errors.Is(withoutSecrets, errNoSecrets) {
		want.secrets = nil // nobody may grant what he may not do
	} else if withoutSecrets != nil {
		return have, withoutSecrets
	}
	have, err := w.applyRest(ctx, to, want, have, meant)
	if err == nil && withoutSecrets == nil {
		have.gateway, have.namespaces = meant.Gateway(want.gateway.Namespace, want.gateway.Name), want.namespaces
	}
	return have, errors.Join(err, withoutSecrets)
}

// applyRest writes all but the Secrets: access first, or new proxies would be told no; the configuration before
// them, or they would wait for it.
func (w *worker) applyRest(ctx context.Context, to *fleet.Connection, want deployment, have applied, meant ir.IR) (applied, error) {
	have, err := w.applyAround(ctx, to, want, have)
	if err != nil {
		return have, err
	}
	if have, err = w.publish(ctx, to, meant, want.gateway, have); err != nil {
		return have, err
	}
	if have, err = w.applyPods(ctx, to, want, have); err != nil {
		return have, err
	}
	// What nobody reads any more is taken back last: proxies go by the configuration before until they have the new one.
	if have.revoke {
		if err := w.revoke(ctx, to, want); err != nil {
			return have, err
		}
		have.revoke = false
	}
	return w.pruneSecrets(ctx, to, want, have)
}

func (w *worker) setClean(key world.Name, clean bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if clean {
		w.clean[key] = true
	} else {
		delete(w.clean, key)
	}
}

func (w *worker) isClean(key world.Name) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clean[key]
}
