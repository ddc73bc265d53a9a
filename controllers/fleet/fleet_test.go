package fleet

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/world"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func quick() Pace {
	return Pace{
		Probe: 20 * time.Millisecond, ProbeTimeout: 50 * time.Millisecond, Failures: 2,
		Sync: 200 * time.Millisecond, Backoff: 10 * time.Millisecond, MaxBackoff: 40 * time.Millisecond,
	}
}

// begin runs a Fleet until the test ends.
func begin(t *testing.T, options Options) (*Fleet, *gather.Assembler) {
	t.Helper()
	options.Inbox, options.Pace, options.Log = gather.NewInbox(), quick(), logr.Discard()
	f := New(options)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for {
		f.mu.Lock()
		begun := f.ctx != nil
		f.mu.Unlock()
		if begun {
			return f, gather.NewAssembler(world.World{})
		}
		time.Sleep(time.Millisecond)
	}
}

func TestMembersThatCannotBeAskedAreNamed(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	slow := newMember("slow", nil, gather.NewInbox(), quick(), logr.Discard())
	slow.from = source{config: &rest.Config{Host: "http://" + silent.Addr().String()}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { slow.run(ctx); close(done) }()
	f, assembler := begin(t, Options{})
	f.SetCluster("missing", map[string]string{"env": "prod"}, nil)
	f.SetCluster("typed", nil, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "typed-kubeconfig"}, Type: corev1.SecretTypeOpaque})
	f.SetCluster("garbage", nil, &corev1.Secret{Type: clusterSecretType, Data: map[string][]byte{"value": []byte("]]")}})
	f.WaitSettled(t.Context(), 5*time.Second)
	w, _ := assembler.Apply(f.options.Inbox.Take())
	for name, want := range map[string]string{
		"missing": "the Secret missing-kubeconfig with its kubeconfig is missing",
		"typed":   "the Secret typed-kubeconfig is not of type cluster.x-k8s.io/secret",
		"garbage": "the kubeconfig cannot be read: it is not a valid kubeconfig in YAML or JSON",
	} {
		if member := w.Members[name]; member == nil || member.Unreachable != want {
			t.Errorf("%s: got %+v, want %q", name, member, want)
		}
	}
	if w.Members["missing"].Labels["env"] != "prod" {
		t.Error("labels of a member that cannot be asked are lost")
	}
	if !wait(func() bool { return slow.lastReason() == "the API server did not answer within 50ms" }) {
		t.Errorf("slow: %q", slow.lastReason())
	}
	cancel()
	<-done
}

func TestAMemberThatLeavesIsForgotten(t *testing.T) {
	f, assembler := begin(t, Options{})
	f.SetCluster("gone", nil, nil)
	f.WaitSettled(t.Context(), 5*time.Second)
	assembler.Apply(f.options.Inbox.Take())
	f.RemoveCluster("gone")
	if !wait(func() bool {
		w, _ := assembler.Apply(f.options.Inbox.Take())
		return len(w.Members) == 0
	}) {
		t.Error("the member is still there")
	}
}

func TestAClusterMayNotTakeTheNameOfTheHub(t *testing.T) {
	f, _ := begin(t, Options{HubMember: "hub", Hub: &rest.Config{Host: "http://127.0.0.1:1"}})
	f.SetCluster("hub", nil, nil)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.members["hub"] != nil && f.members["hub"].from.config == nil {
		t.Error("the Cluster replaced the hub")
	}
}

func wait(until func() bool) bool {
	for range 500 {
		if until() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}
