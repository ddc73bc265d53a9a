package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"

	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Pace is how often members are asked and how long they may take.
type Pace struct {
	// Probe is the time between two health probes, and ProbeTimeout what one may take.
	Probe, ProbeTimeout time.Duration
	// Failures is how many probes in a row must fail before the member counts as unreachable.
	Failures int
	// Sync is what the first listing of a member's objects may take.
	Sync time.Duration
	// Backoff and MaxBackoff bound the wait before a member is tried again.
	Backoff, MaxBackoff time.Duration
}

// DefaultPace is what production uses.
func DefaultPace() Pace {
	return Pace{
		Probe: 5 * time.Second, ProbeTimeout: 4 * time.Second, Failures: 2,
		Sync: 30 * time.Second, Backoff: time.Second, MaxBackoff: time.Minute,
	}
}

// source says how to connect to a member: a config, or why there is none.
type source struct {
	config *rest.Config
	fault  error
}

// same says that a new connection would be the same one.
func (s source) same(other source) bool {
	if s.fault != nil || other.fault != nil {
		return s.fault != nil && other.fault != nil && s.fault.Error() == other.fault.Error()
	}
	return reflect.DeepEqual(s.config, other.config)
}

// member is one cluster and the goroutine that owns its connection.
type member struct {
	name  string
	pace  Pace
	inbox *gather.Inbox
	log   logr.Logger
	from  source

	stop context.CancelFunc
	done chan struct{}

	mu         sync.Mutex
	labels     map[string]string
	reason     string
	settled    bool
	connection *Connection
	watchError error
	// held are the keys that this member put in the Inbox, so that what vanished between two sessions is taken back.
	held map[gather.Key]bool
}

const connecting = "not connected yet"

func newMember(name string, labels map[string]string, inbox *gather.Inbox, pace Pace, log logr.Logger) *member {
	return &member{
		name: name, labels: labels, inbox: inbox, pace: pace, log: log.WithValues("member", name),
		reason: connecting, held: map[gather.Key]bool{},
	}
}

// run keeps a connection to the member until ctx ends.
func (m *member) run(ctx context.Context) {
	m.announce()
	for wait := m.pace.Backoff; ctx.Err() == nil; wait = min(wait*2, m.pace.MaxBackoff) {
		began := time.Now()
		err := m.from.fault
		if err == nil {
			err = m.session(ctx, m.from.config)
		}
		if ctx.Err() != nil {
			return
		}
		m.setState(fmt.Sprintf("%v", err), nil)
		if time.Since(began) > m.pace.MaxBackoff {
			wait = m.pace.Backoff
		}
		sleep(ctx, wait/2+rand.N(wait))
	}
}

// session connects, waits until everything was listed, and probes until ctx ends. It returns an error
// only when it is worth building the connection anew.
func (m *member) session(ctx context.Context, config *rest.Config) error {
	m.noteWatchError(nil)
	connection, err := connect(m.name, config, m.noteWatchError)
	if err != nil {
		return err
	}
	if err := m.probe(ctx, connection); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	running := make(chan struct{})
	defer func() { cancel(); <-running }()
	watching, err := m.watch(ctx, connection)
	if err != nil {
		close(running)
		return err
	}
	go func() {
		defer close(running)
		if err := connection.cache.Start(ctx); err != nil {
			m.log.Error(err, "the cache of the member stopped")
		}
	}()
	if err := m.waitSynced(ctx, watching); err != nil {
		return err
	}
	m.forgetVanished(ctx, connection)
	m.setState("", connection)
	m.log.Info("member connected")
	m.keepProbing(ctx, connection)
	return nil
}

func (m *member) keepProbing(ctx context.Context, connection *Connection) {
	failures := 0
	for sleep(ctx, m.pace.Probe) {
		err := m.probe(ctx, connection)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			failures = 0
			m.setState("", connection)
			continue
		}
		if failures++; failures >= m.pace.Failures {
			m.setState(err.Error(), connection)
		}
	}
}

// probe asks for the version: any answer of the API server but 5xx, 401 and 403 means that it can be asked.
func (m *member) probe(ctx context.Context, connection *Connection) error {
	ctx, cancel := context.WithTimeout(ctx, m.pace.ProbeTimeout)
	defer cancel()
	err := connection.rest.Get().AbsPath("/version").Do(ctx).Error()
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("the API server did not answer within %s", m.pace.ProbeTimeout)
	}
	if err != nil {
		return fmt.Errorf("the API server cannot be asked: %w", err)
	}
	return nil
}

// setState tells the Inbox when reachability changed.
func (m *member) setState(reason string, connection *Connection) {
	m.mu.Lock()
	same := m.reason == reason && m.settled
	m.reason, m.settled, m.connection = reason, true, connection
	m.mu.Unlock()
	countReachable(m.name, reason == "")
	if same {
		return
	}
	if reason != "" {
		m.log.Info("member is unreachable", "reason", reason)
	}
	m.announce()
}

func (m *member) setLabels(labels map[string]string) {
	m.mu.Lock()
	m.labels = labels
	m.mu.Unlock()
	m.announce()
}

func (m *member) lastReason() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.reason
}

func (m *member) announce() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.inbox.Put(memberKey(m.name), gather.MemberState{Labels: m.labels, Unreachable: m.reason})
}

func memberKey(name string) gather.Key {
	return gather.Key{Kind: world.KindMember, Name: world.Name{Name: name}}
}

// sleep waits and tells whether ctx still lives.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
