package proxies

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/controllers/gather"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// slow is a member in which each write takes a while; it notes when that of a chunk ended.
type slow struct {
	connection *fleet.Connection
	mu         sync.Mutex
	done       map[string]time.Time
}

func (s *slow) Connection(string) (*fleet.Connection, bool) { return s.connection, true }

const writeTakes = 20 * time.Millisecond

func newSlow(t *testing.T) *slow {
	t.Helper()
	scheme, out := runtime.NewScheme(), &slow{done: map[string]time.Time{}}
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, dataplanev1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	in := fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, to client.WithWatch, object client.Object, patch client.Patch, o ...client.PatchOption) error {
			time.Sleep(writeTakes)
			defer out.note(object.GetName())
			return to.Patch(ctx, object, patch, o...)
		},
		Apply: func(ctx context.Context, to client.WithWatch, object runtime.ApplyConfiguration, o ...client.ApplyOption) error {
			time.Sleep(writeTakes)
			if named, ok := object.(interface{ GetName() string }); ok {
				defer out.note(named.GetName())
			}
			return to.Apply(ctx, object, o...)
		},
	}).Build()
	out.connection = &fleet.Connection{Client: in, Cache: in}
	return out
}

func (s *slow) note(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done[name] = time.Now()
}

// TestAChangeWaitsForNoChangeOfAnotherChunk has changes that come four times as fast as a write ends.
func TestAChangeWaitsForNoChangeOfAnotherChunk(t *testing.T) {
	w := worldtest.Many(400, false)
	first := translate.All(w)
	synctest.Test(t, func(t *testing.T) {
		in, now := newSlow(t), view{world: w, ir: first}
		var mu sync.Mutex
		worker := newWorker("east", Options{Settings: Settings{Hub: "h"}, Connections: in, Inbox: gather.NewInbox(), Log: logr.Discard()}, func() view {
			mu.Lock()
			defer mu.Unlock()
			return now
		})
		var running sync.WaitGroup
		running.Go(func() { worker.run(t.Context()) })
		defer running.Wait()
		defer worker.queue.ShutDown()
		worker.queue.Add(proxyOf(web))
		time.Sleep(secretsKept / 2) // all is written, and Secrets that may be left are not deleted yet
		came := map[string]time.Time{}
		for _, next := range changesOfChunks(t, w, first, 10) {
			mu.Lock()
			now.ir = next.meant
			mu.Unlock()
			came[next.chunk] = time.Now()
			worker.queue.Add(proxyOf(web))
			time.Sleep(writeTakes / 4)
		}
		time.Sleep(time.Second)
		in.mu.Lock()
		defer in.mu.Unlock()
		for chunk, at := range came {
			if took := in.done[chunk].Sub(at); took != writeTakes {
				t.Errorf("chunk %s was written after %v", chunk, took)
			}
		}
	})
}

type chunkChange struct {
	chunk string
	meant ir.IR
}

// changesOfChunks are changes of routes one after the other, each in a chunk of its own.
func changesOfChunks(t *testing.T, w *world.World, meant ir.IR, count int) []chunkChange {
	t.Helper()
	cache, used := compile.NewCache(), map[string]bool{}
	before, err := compile.ProxyConfigs(meant, web, "east")
	if err != nil {
		t.Fatal(err)
	}
	var out []chunkChange
	for i := 0; len(out) < count; i++ {
		name := world.Name{Namespace: fmt.Sprintf("team-%d", i%100), Name: fmt.Sprintf("route-%d", i)}
		route := w.HTTPRoutes.Get(name).DeepCopy()
		route.Generation++
		route.Spec.Rules[0].Matches[0].Headers = nil
		next := *w
		next.HTTPRoutes = next.HTTPRoutes.With(name, route)
		after := translate.Change(meant, &next, []world.Key{{Kind: world.KindHTTPRoute, Name: name}})
		want, err := cache.ProxyConfigs(after, web, "east")
		if err != nil {
			t.Fatal(err)
		}
		writes := compile.Writes(before, want)
		if len(writes) != 1 || used[writes[0].Object.Name] {
			continue
		}
		used[writes[0].Object.Name] = true
		before = append(before[:0], want...)
		w, meant = &next, after
		out = append(out, chunkChange{writes[0].Object.Name, after})
	}
	return out
}
