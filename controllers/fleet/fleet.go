package fleet

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"

	"github.com/fleetgate/fleetgate/controllers/gather"
)

// Options of a Fleet.
type Options struct {
	// HubMember is the name under which the hub itself is a member, or "" if it is none.
	HubMember string
	// HubLabels are the hub's labels as a member.
	HubLabels map[string]string
	// Hub is how to connect to it.
	Hub *rest.Config
	// Inbox gets what members hold.
	Inbox *gather.Inbox
	Pace  Pace
	Log   logr.Logger
}

// Fleet is the set of member clusters. Each has a goroutine and a connection of its own, so that none
// waits for another.
type Fleet struct {
	options Options

	mu      sync.Mutex
	ctx     context.Context //nolint:containedctx // the life of Start, which owns the members' goroutines
	members map[string]*member
	running sync.WaitGroup
}

// New gives a Fleet of nobody, or of the hub.
func New(options Options) *Fleet {
	return &Fleet{options: options, members: map[string]*member{}}
}

// Start keeps members connected until ctx ends, and returns when all of them are let go.
func (f *Fleet) Start(ctx context.Context) error {
	f.mu.Lock()
	f.ctx = ctx
	f.mu.Unlock()
	if f.options.HubMember != "" {
		f.set(f.options.HubMember, f.options.HubLabels, source{config: f.options.Hub})
	}
	<-ctx.Done()
	f.mu.Lock()
	f.members = map[string]*member{}
	f.mu.Unlock()
	f.running.Wait()
	return nil
}

// SetCluster adds a member, or gives it new labels or a new kubeconfig. secret is nil while it is missing.
func (f *Fleet) SetCluster(name string, labels map[string]string, secret *corev1.Secret) {
	if name == f.options.HubMember {
		f.options.Log.Info("a Cluster has the name of the hub as a member and is left out", "member", name)
		return
	}
	f.set(name, labels, fromSecret(name, secret))
}

func fromSecret(name string, secret *corev1.Secret) source {
	switch {
	case secret == nil:
		return source{fault: errors.New("the Secret " + KubeconfigSecret(name) + " with its kubeconfig is missing")}
	case secret.Type != clusterSecretType:
		return source{fault: errors.New("the Secret " + secret.Name + " is not of type " + string(clusterSecretType))}
	}
	config, err := parseKubeconfig(secret.Data[kubeconfigKey])
	return source{config: config, fault: err}
}

func (f *Fleet) set(name string, labels map[string]string, from source) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx == nil || f.ctx.Err() != nil {
		return
	}
	before := f.members[name]
	if before != nil && before.from.same(from) {
		if !maps.Equal(before.labels, labels) {
			before.setLabels(labels)
		}
		return
	}
	next := newMember(name, labels, f.options.Inbox, f.options.Pace, f.options.Log)
	if before != nil {
		next.reason = before.lastReason()
	}
	next.from = from
	f.start(next, before)
}

// start runs next after before has ended.
func (f *Fleet) start(next, before *member) {
	ctx, cancel := context.WithCancel(f.ctx)
	next.stop, next.done = cancel, make(chan struct{})
	f.members[next.name] = next
	f.running.Go(func() {
		defer close(next.done)
		if before != nil {
			before.stop()
			<-before.done
			next.held = before.held
		}
		next.run(ctx)
	})
}

// RemoveCluster lets a member go.
func (f *Fleet) RemoveCluster(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	gone := f.members[name]
	if gone == nil || name == f.options.HubMember {
		return
	}
	delete(f.members, name)
	gone.stop()
	f.running.Go(func() {
		<-gone.done
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.members[name] == nil {
			forgetReachable(name)
			f.options.Inbox.Put(memberKey(name), nil)
		}
	})
}

// Connection is how to reach a member that is reachable now.
func (f *Fleet) Connection(name string) (*Connection, bool) {
	f.mu.Lock()
	held := f.members[name]
	f.mu.Unlock()
	if held == nil {
		return nil, false
	}
	held.mu.Lock()
	defer held.mu.Unlock()
	return held.connection, held.connection != nil && held.reason == ""
}

// WaitSettled waits until every member is connected or known to be unreachable, at most for limit: what
// is translated before that would tell users of members that are merely not asked yet.
func (f *Fleet) WaitSettled(ctx context.Context, limit time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !f.settled() && sleep(ctx, 10*time.Millisecond) {
	}
}

func (f *Fleet) settled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, held := range f.members {
		held.mu.Lock()
		settled := held.settled
		held.mu.Unlock()
		if !settled {
			return false
		}
	}
	return true
}

// Names are the members that there are now, in no order.
func (f *Fleet) Names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]string, 0, len(f.members))
	for name := range f.members {
		out = append(out, name)
	}
	return out
}

// KubeconfigSecret is the name of the Secret that holds a Cluster's kubeconfig.
func KubeconfigSecret(cluster string) string { return cluster + "-kubeconfig" }

// Of a Cluster API kubeconfig Secret.
const (
	clusterSecretType corev1.SecretType = "cluster.x-k8s.io/secret"
	kubeconfigKey     string            = "value"
)
