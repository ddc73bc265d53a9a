// Package source feeds a proxy from the Kubernetes API of its own cluster: its ProxyConfigs, the
// TLS Secrets that its listeners name, the EndpointSlices of the Services that its rules name. It
// is the only package of the data plane that knows Kubernetes.
package source

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// The first change is applied at once. What comes within a window after it is applied together, at its end. A window is
// four times as long as it took to apply what was before it, so that a storm of changes takes a fifth of a processor.
const (
	shortestWindow = 5 * time.Millisecond
	longestWindow  = 100 * time.Millisecond
)

// Options say whose configuration to follow.
type Options struct {
	// Config is how to reach the API server; nil for the ServiceAccount of the pod.
	Config *rest.Config
	// Name is the name of the proxy Deployment, which its ProxyConfigs have as a label.
	Name string
	// Namespace is the proxy's own, and Pod its name.
	Namespace, Pod string
	// Apply puts a configuration in force. It is called by one goroutine.
	Apply func(proxy.Snapshot) error
	Log   *slog.Logger
}

// Source follows the configuration of one Gateway's proxies.
type Source struct {
	options  Options
	clients  clients
	parts    *parts
	reporter *reporter
	changed  chan struct{}
	group    sync.WaitGroup

	// What follows belongs to the goroutine of Run.
	// force is the configuration in force, coming the next one if not all that it names is known yet;
	// seen is how many changes of parts they have. presented are the certificates in force.
	force, coming *configuration
	seen          uint64
	backends      *backends
	presented     map[string]*tls.Certificate

	namespaces map[string]*namespace
	secrets    map[string]*watchedSecret
	failed     string
	told       report
}

// configuration is what the parts of one moment say.
type configuration struct {
	root config.Root
	// secrets are those that the root names.
	secrets map[string]bool
	// all that names pools: the root, as if it were a chunk, then the chunks.
	all []*config.Chunk
}

func (c *configuration) chunks() []*config.Chunk { return c.all[1:] }

// parts are all that names pools; none for no configuration.
func (c *configuration) parts() []*config.Chunk {
	if c == nil {
		return nil
	}
	return c.all
}

type watchedSecret struct {
	keypair
	feed *feed[*corev1.Secret]
}

// report is what was last asked of the reporter.
type report struct {
	uid   types.UID
	entry dataplanev1alpha1.ProxyStatus
	at    time.Time
}

// New makes a Source. It does not connect before Run.
func New(options Options) (*Source, error) {
	if options.Name == "" || options.Namespace == "" || options.Pod == "" {
		return nil, errors.New("the name of the proxy, its namespace and its pod are needed")
	}
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Config == nil {
		var err error
		if options.Config, err = rest.InClusterConfig(); err != nil {
			return nil, fmt.Errorf("find the API server: %w", err)
		}
	}
	c, err := newClients(options.Config)
	if err != nil {
		return nil, err
	}
	return &Source{
		options: options, clients: c,
		parts: newParts(options.Name, options.Pod, options.Log),
		reporter: &reporter{
			client: c.dataplane, namespace: options.Namespace, name: options.Name, pod: options.Pod,
			log: options.Log, wanted: make(chan dataplanev1alpha1.ProxyStatus, 1),
		},
		changed:    make(chan struct{}, 1),
		backends:   newBackends(),
		namespaces: map[string]*namespace{},
		secrets:    map[string]*watchedSecret{},
	}, nil
}

// Run follows the configuration until the context ends. The first Apply comes when the whole
// configuration and the endpoints and certificates that it names are in.
func (s *Source) Run(ctx context.Context) {
	watching, stop := context.WithCancel(ctx)
	defer s.group.Wait()
	defer stop()
	newFeed[*dataplanev1alpha1.ProxyConfig](watching, &s.group, query{
		client: s.clients.dataplane, resource: "proxyconfigs", namespace: s.options.Namespace,
		labels: labels.Set{dataplanev1alpha1.LabelProxy: s.options.Name}.String(),
		sample: &dataplanev1alpha1.ProxyConfig{},
	}, s.parts, s.notify)
	s.group.Go(func() { s.reporter.run(watching) })
	timer := time.NewTicker(5 * time.Second) // for feeds that are denied, and reports that went missing
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			s.reporter.leave(context.WithoutCancel(ctx))
			return
		case <-s.changed:
		case <-timer.C:
			if s.coming == nil {
				s.prune(time.Now())
			}
		}
		for again := true; again; {
			began := time.Now()
			s.assemble(watching)
			again = s.more(ctx, windowAfter(time.Since(began)))
		}
	}
}

func windowAfter(took time.Duration) time.Duration {
	return min(max(shortestWindow, 4*took), longestWindow)
}

// more waits for a window to end, and says whether something changed in it.
func (s *Source) more(ctx context.Context, window time.Duration) bool {
	select {
	case <-time.After(window):
	case <-ctx.Done():
		return false
	}
	select {
	case <-s.changed:
		return true
	default:
		return false
	}
}

// notify wakes the goroutine of Run.
func (s *Source) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// assemble puts in force what is whole: a new configuration once all that it names is known, and
// till then the one before with the endpoints and certificates of now.
func (s *Source) assemble(ctx context.Context) {
	if whole := s.parts.whole(&s.seen); whole != nil {
		s.coming = whole
	}
	moved := s.settle()
	again := s.failed != "" // a fault may be one that passes, like a port that is still taken
	if s.coming != nil && s.known(ctx, s.coming) {
		s.enforce(s.coming)
		s.coming, again = nil, true
	}
	if s.force == nil {
		return
	}
	s.refresh(moved)
	endpoints, changed := s.backends.frozen()
	certificates := s.certificates()
	if again || changed || !maps.Equal(certificates, s.presented) {
		s.presented = certificates
		s.log(s.options.Apply(proxy.Snapshot{
			Root: s.force.root, Chunks: s.force.chunks(), Endpoints: endpoints, Certificates: certificates,
		}))
	}
	s.tell()
}

// settle gives the namespaces that changed over to what they listed anew.
func (s *Source) settle() map[string]bool {
	moved := map[string]bool{}
	for name, n := range s.namespaces {
		if n.settle() {
			moved[name] = true
		}
	}
	return moved
}

// enforce makes a configuration the one in force.
func (s *Source) enforce(next *configuration) {
	changes := changesBetween(s.force.parts(), next.parts())
	s.force = next
	s.backends.change(changes)
	for _, c := range changes {
		for i := range c.now.Pools {
			s.update(c.now.Pools[i].Key)
		}
	}
	s.prune(time.Now())
}

// refresh takes over the endpoints of Services that changed, and all of those in namespaces that moved.
func (s *Source) refresh(moved map[string]bool) {
	for name, n := range s.namespaces {
		news := n.news()
		if moved[name] {
			continue
		}
		for changed := range news {
			for b := s.backends.services[service{name, changed}]; b != nil; b = b.next {
				s.update(b.pool.Key)
			}
		}
	}
	if len(moved) == 0 {
		return
	}
	for key, b := range s.backends.pools {
		if moved[b.pool.Namespace] {
			s.update(key)
		}
	}
}

// update takes over the endpoints of one pool.
func (s *Source) update(key string) {
	pool := s.backends.pools[key].pool
	if n := s.namespaces[pool.Namespace]; n != nil {
		s.backends.set(key, n.endpoints(pool))
	}
}

// log tells of a fault of the configuration once, not at every change of an endpoint.
func (s *Source) log(err error) {
	failed := ""
	if err != nil {
		failed = err.Error()
	}
	if failed != "" && failed != s.failed {
		s.options.Log.Error("configuration in force with faults", "error", err)
	}
	s.failed = failed
}

// tell has the root in force reported, when the status does not have it.
func (s *Source) tell() {
	uid, reported := s.parts.status()
	want := report{uid: uid, at: time.Now(), entry: dataplanev1alpha1.ProxyStatus{
		Name: s.options.Pod, GatewayGeneration: s.force.root.Generation, Revision: s.force.root.Revision,
	}}
	if reported == want.entry {
		s.told = report{}
		return
	}
	if s.told.uid == want.uid && s.told.entry == want.entry && time.Since(s.told.at) < time.Minute {
		return
	}
	s.told = want
	s.reporter.report(want.entry)
}

// known starts to watch what a configuration names, and says whether all of it is known. What the
// configuration in force names goes on being watched.
func (s *Source) known(ctx context.Context, next *configuration) bool {
	was, now := s.force.parts(), next.parts()
	some := map[string]map[string]bool{}
	for _, c := range changesBetween(was, now) {
		wantedBy(c.now, some)
	}
	known := true
	for name, wanted := range some {
		n := s.namespaces[name]
		if n == nil {
			n = newNamespace(ctx, &s.group, s.clients, name, s.notify)
			s.namespaces[name] = n
		}
		known = n.want(wanted, func() map[string]bool { return wantedIn(name, was, now) }) && known
	}
	for secret := range next.secrets {
		if s.secrets[secret] == nil {
			s.secrets[secret] = s.watchSecret(ctx, secret)
		}
		known = s.secrets[secret].feed.settled() && known
	}
	return known
}

// wantedBy lists the Services by namespace that a chunk names.
func wantedBy(chunk *config.Chunk, into map[string]map[string]bool) {
	for p := range chunk.Pools {
		pool := &chunk.Pools[p]
		if into[pool.Namespace] == nil {
			into[pool.Namespace] = map[string]bool{}
		}
		into[pool.Namespace][pool.Service] = true
	}
}

// wantedIn lists the Services of one namespace that configurations name.
func wantedIn(namespace string, configurations ...[]*config.Chunk) map[string]bool {
	wanted := map[string]bool{}
	for _, chunks := range configurations {
		for c := range chunks {
			for p := range chunks[c].Pools {
				if pool := &chunks[c].Pools[p]; pool.Namespace == namespace {
					wanted[pool.Service] = true
				}
			}
		}
	}
	return wanted
}

func (s *Source) watchSecret(ctx context.Context, key string) *watchedSecret {
	namespace, name, _ := strings.Cut(key, "/")
	w := &watchedSecret{log: s.options.Log}
	w.feed = newFeed[*corev1.Secret](ctx, &s.group, query{
		client: s.clients.core, resource: "secrets", namespace: namespace,
		fields: fields.OneTermEqualSelector("metadata.name", name).String(),
		sample: &corev1.Secret{},
	}, &w.keypair, s.notify)
	return w
}

// lingering is for how long a namespace is still watched that no route leads to: the next route often comes soon, and does
// not wait then until all is listed again.
const lingering = time.Minute

// prune stops watching what the configuration in force does not name: Secrets at once, namespaces when that is so for long.
func (s *Source) prune(now time.Time) {
	if s.force == nil {
		return
	}
	for name, n := range s.namespaces {
		switch {
		case s.backends.namespaces[name] > 0:
			n.idle = time.Time{}
		case n.idle.IsZero():
			n.idle = now
		case now.Sub(n.idle) >= lingering:
			n.stop()
			delete(s.namespaces, name)
		}
	}
	for key, w := range s.secrets {
		if !s.force.secrets[key] {
			w.feed.stop()
			delete(s.secrets, key)
		}
	}
}

func secretsOf(root *config.Root) map[string]bool {
	secrets := map[string]bool{}
	if root.BackendSecret != "" {
		secrets[root.BackendSecret] = true
	}
	for _, l := range root.Listeners {
		if l.TLS != nil {
			for _, secret := range l.TLS.Secrets {
				secrets[secret] = true
			}
		}
	}
	return secrets
}

func (s *Source) certificates() map[string]*tls.Certificate {
	all := map[string]*tls.Certificate{}
	for key, w := range s.secrets {
		if certificate := w.get(); certificate != nil {
			all[key] = certificate
		}
	}
	return all
}
