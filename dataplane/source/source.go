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
	"reflect"
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

// pause is the least time between two configurations: what changes together is applied together.
const pause = 50 * time.Millisecond

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
	// force is the configuration in force, without endpoints; applied is what was last applied.
	force      *proxy.Snapshot
	applied    proxy.Snapshot
	namespaces map[string]*namespace
	secrets    map[string]*watchedSecret
	failed     string
	told       report
}

type watchedSecret struct {
	keypair
	feed *feed[*corev1.Secret]
}

// report is what was last asked of the reporter.
type report struct {
	uid        types.UID
	generation int64
	at         time.Time
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
			log: options.Log, wanted: make(chan int64, 1),
		},
		changed:    make(chan struct{}, 1),
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
		}
		s.assemble(watching)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
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
	if root, chunks, ok := s.parts.whole(); ok {
		if s.known(ctx, root, chunks) {
			s.force = &proxy.Snapshot{Root: root, Chunks: chunks}
			s.prune()
		}
	}
	if s.force == nil {
		return
	}
	next := proxy.Snapshot{
		Root: s.force.Root, Chunks: s.force.Chunks,
		Endpoints: s.endpoints(), Certificates: s.certificates(),
	}
	// A fault may be one that passes, like a port that is still taken: it is tried again.
	if s.failed != "" || !reflect.DeepEqual(next, s.applied) {
		s.applied = next
		s.log(s.options.Apply(next))
	}
	s.tell()
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

// tell has the generation in force reported, when the status does not have it.
func (s *Source) tell() {
	uid, reported := s.parts.status()
	want := report{uid: uid, generation: s.force.Root.Generation, at: time.Now()}
	if reported == want.generation {
		s.told = report{}
		return
	}
	if s.told.uid == want.uid && s.told.generation == want.generation && time.Since(s.told.at) < time.Minute {
		return
	}
	s.told = want
	s.reporter.report(want.generation)
}

// wantedBy lists the Services by namespace that a configuration names.
func wantedBy(chunks []config.Chunk, into map[string]map[string]bool) {
	for c := range chunks {
		for p := range chunks[c].Pools {
			pool := &chunks[c].Pools[p]
			if into[pool.Namespace] == nil {
				into[pool.Namespace] = map[string]bool{}
			}
			into[pool.Namespace][pool.Service] = true
		}
	}
}

// known starts to watch what a configuration names, and says whether all of it is known. What the
// configuration in force names goes on being watched.
func (s *Source) known(ctx context.Context, root config.Root, chunks []config.Chunk) bool {
	all := map[string]map[string]bool{}
	wantedBy(chunks, all)
	if s.force != nil {
		wantedBy(s.force.Chunks, all)
	}
	known := true
	for name, wanted := range all {
		n := s.namespaces[name]
		if n == nil {
			n = newNamespace(ctx, &s.group, s.clients, name, s.notify)
			s.namespaces[name] = n
		}
		known = n.want(wanted) && known
	}
	for secret := range secretsOf(&root) {
		if s.secrets[secret] == nil {
			s.secrets[secret] = s.watchSecret(ctx, secret)
		}
		known = s.secrets[secret].feed.settled() && known
	}
	return known
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

// prune stops watching what the configuration in force does not name.
func (s *Source) prune() {
	wanted := map[string]map[string]bool{}
	wantedBy(s.force.Chunks, wanted)
	for name, n := range s.namespaces {
		if wanted[name] == nil {
			n.stop()
			delete(s.namespaces, name)
		}
	}
	secrets := secretsOf(&s.force.Root)
	for key, w := range s.secrets {
		if !secrets[key] {
			w.feed.stop()
			delete(s.secrets, key)
		}
	}
}

func secretsOf(root *config.Root) map[string]bool {
	secrets := map[string]bool{}
	for _, l := range root.Listeners {
		if l.TLS != nil {
			for _, secret := range l.TLS.Secrets {
				secrets[secret] = true
			}
		}
	}
	return secrets
}

func (s *Source) endpoints() map[string][]config.Endpoint {
	all := map[string][]config.Endpoint{}
	for c := range s.force.Chunks {
		for p := range s.force.Chunks[c].Pools {
			pool := &s.force.Chunks[c].Pools[p]
			if n := s.namespaces[pool.Namespace]; n != nil && all[pool.Key] == nil {
				all[pool.Key] = n.endpoints(pool)
			}
		}
	}
	return all
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
