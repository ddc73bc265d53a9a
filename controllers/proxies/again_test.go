package proxies

import (
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// one is the connection to the one member, if it is reachable.
type one struct{ to *fleet.Connection }

func (o *one) Connection(string) (*fleet.Connection, bool) { return o.to, o.to != nil }

// TestProxiesComeBackWithTheirGateway takes the proxies of a Gateway away and then has the Gateway wanted again, the same one
// or another of its name: their end was meant for what was there before.
func TestProxiesComeBackWithTheirGateway(t *testing.T) {
	held := func(uid string) *world.World {
		return &world.World{
			Members: map[string]*world.Member{"m": {}},
			Gateways: map[world.Name]*gatewayv1.Gateway{gw: {ObjectMeta: metav1.ObjectMeta{
				Namespace: gw.Namespace, Name: gw.Name, UID: types.UID(uid), Finalizers: []string{FinalizerFront},
			}}},
		}
	}
	serving := ir.IR{Gateways: []*ir.Gateway{meantGateway(nil)}}
	for _, c := range []struct {
		name, reason string
		act          func(*Manager)
		want         action
	}{
		{"its front is gone", "nobody sends to them", func(m *Manager) { m.Remove(gw, "1") }, remove},
		{"its class is ours again", "the front is made anew", func(m *Manager) {
			m.Remove(gw, "1")
			m.Set(held("1"), serving, nil)
		}, deploy},
		{"and is not once more", "the front that was made anew is there still", func(m *Manager) {
			m.Remove(gw, "1")
			m.Set(held("1"), serving, nil)
			m.Set(held("1"), ir.IR{}, nil)
		}, keep},
		{"another of its name, held already", "what was said of the old one is not about it", func(m *Manager) {
			m.Remove(gw, "1")
			m.Set(held("2"), ir.IR{}, nil)
		}, keep},
		{"another of its name, and a late word about the old one", "it came from a pass that began before", func(m *Manager) {
			m.Set(held("2"), ir.IR{}, nil)
			m.Remove(gw, "1")
		}, keep},
	} {
		m := NewManager(Options{Connections: &one{}, Log: logr.Discard()})
		m.Set(held("1"), ir.IR{}, nil)
		c.act(m)
		if got, _ := m.current().decide("m", gw.Namespace, compile.ProxyName(gw)); got != c.want {
			t.Errorf("%s: got %d, want %d: %s", c.name, got, c.want, c.reason)
		}
	}
}

// TestWhatIsLeftOfARemovalIsFound has a member go away in the middle of a removal, and the Gateway go from the hub meanwhile.
func TestWhatIsLeftOfARemovalIsFound(t *testing.T) {
	made := deploymentOf(meantGateway(nil), nil, Settings{Hub: "h"})
	other := made.serviceAccount()
	other.SetName("of-another-hub")
	other.SetLabels(map[string]string{LabelHub: "other"})
	to := memberWith(interceptor.Funcs{}, made.serviceAccount(), &corev1.Secret{ObjectMeta: made.meta(made.name + "-copy")}, other)
	to.Cache = to.Client
	w := newWorker("m", Options{Settings: Settings{Hub: "h"}, Connections: &one{to}, Log: logr.Discard()}, func() view {
		return view{world: &world.World{}}
	})
	t.Cleanup(w.queue.ShutDown)
	w.queue.Add(everything)
	for w.queue.Len() > 0 {
		key, _ := w.queue.Get()
		w.step(t.Context(), key)
		w.queue.Done(key)
	}
	secrets, accounts := &corev1.SecretList{}, &corev1.ServiceAccountList{}
	for _, list := range []client.ObjectList{secrets, accounts} {
		if err := to.Client.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	if len(secrets.Items) > 0 || len(accounts.Items) != 1 || accounts.Items[0].Name != "of-another-hub" {
		t.Errorf("left: %d Secrets, accounts %v", len(secrets.Items), accounts.Items)
	}
}
