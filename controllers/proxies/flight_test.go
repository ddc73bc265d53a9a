package proxies

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

func chunkNamed(name, content string) *dataplanev1alpha1.ProxyConfig {
	out := &dataplanev1alpha1.ProxyConfig{ObjectMeta: metav1.ObjectMeta{Name: name}}
	out.Spec.Checksum = content
	return out
}

// TestFlights has writes that take a second.
func TestFlights(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		// sent is "chunk=content", one every 100 ms; done is what was written, with the seconds that it took since the start.
		sent, done []string
	}{
		{"two chunks", "none waits for the other", []string{"a=1", "b=1"}, []string{"a=1 at 1.0", "b=1 at 1.1"}},
		{"one chunk again", "it is not written twice at a time", []string{"a=1", "a=2"}, []string{"a=1 at 1.0", "a=2 at 2.0"}},
		{"one chunk often", "only the newest content matters", []string{"a=1", "a=2", "a=3", "b=1"}, []string{"a=1 at 1.0", "b=1 at 1.3", "a=3 at 2.0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, f := time.Now(), &flights{slots: make(chan struct{}, writers), waiting: map[string]*dataplanev1alpha1.ProxyConfig{}}
				var mu sync.Mutex
				var done []string
				f.write = func(_ context.Context, _ *fleet.Connection, chunk *dataplanev1alpha1.ProxyConfig) error {
					time.Sleep(time.Second)
					mu.Lock()
					defer mu.Unlock()
					done = append(done, fmt.Sprintf("%s=%s at %.1f", chunk.Name, chunk.Spec.Checksum, time.Since(start).Seconds()))
					return nil
				}
				for _, sent := range c.sent {
					f.send(t.Context(), chunkNamed(sent[:1], sent[2:]))
					time.Sleep(100 * time.Millisecond)
				}
				f.land()
				if !slices.Equal(done, c.done) {
					t.Errorf("%s: got %v, want %v", c.reason, done, c.done)
				}
				if len(f.waiting) > 0 {
					t.Errorf("%d chunks are thought to be under way", len(f.waiting))
				}
			})
		})
	}
}

func TestNoMoreWritesAtATimeThanThereAreSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flights{slots: make(chan struct{}, 3), waiting: map[string]*dataplanev1alpha1.ProxyConfig{}}
		var mu sync.Mutex
		now, highest := 0, 0
		f.write = func(context.Context, *fleet.Connection, *dataplanev1alpha1.ProxyConfig) error {
			mu.Lock()
			now++
			highest = max(highest, now)
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		}
		for i := range 10 {
			f.send(t.Context(), chunkNamed(fmt.Sprint(i), ""))
		}
		f.land()
		if highest != 3 {
			t.Errorf("%d writes were under way at a time", highest)
		}
	})
}

func TestNoFlightBeginsAfterOneThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		writes, failures := 0, 0
		f := &flights{slots: make(chan struct{}, 1), waiting: map[string]*dataplanev1alpha1.ProxyConfig{}, failed: func(error) { failures++ }}
		f.write = func(context.Context, *fleet.Connection, *dataplanev1alpha1.ProxyConfig) error {
			writes++
			time.Sleep(callTimeout)
			return context.DeadlineExceeded
		}
		for i := range 100 {
			f.send(t.Context(), chunkNamed(fmt.Sprint(i), "a"))
			f.send(t.Context(), chunkNamed(fmt.Sprint(i), "b"))
		}
		start := time.Now()
		f.land()
		if took := time.Since(start); writes != 1 || failures != 1 || took > callTimeout {
			t.Errorf("%d writes, %d failures, after %v", writes, failures, took)
		}
	})
}

// many is what a World of so many routes at infra/web means, before and after one of them changed.
func many(routes int) (before, after ir.IR) {
	w := worldtest.Many(routes, false)
	before = translate.All(w)
	next, name := *w, world.Name{Namespace: "team-7", Name: "route-7"}
	changed := w.HTTPRoutes.Get(name).DeepCopy()
	changed.Generation++
	changed.Spec.Rules = changed.Spec.Rules[:1]
	next.HTTPRoutes = next.HTTPRoutes.With(name, changed)
	return before, translate.Change(before, &next, []world.Key{{Kind: world.KindHTTPRoute, Name: name}})
}

var web = world.Name{Namespace: "infra", Name: "web"}

// TestAChangedChunkIsPatched holds that what is written so is what would have been applied, and that all is looked at again, and
// applied, if it could not be.
func TestAChangedChunkIsPatched(t *testing.T) {
	before, after := many(300)
	for _, c := range []struct {
		name, reason string
		fault        error
	}{
		{"patched", "the content of one chunk differs", nil},
		{"refused", "it is applied", errors.New("no")},
	} {
		t.Run(c.name, func(t *testing.T) {
			patches := 0
			in := proxyConfigsIn(t, func() error { patches++; return c.fault })
			to, w := &fleet.Connection{Client: in, Cache: in}, workerOf(t)
			w.member = "east"
			have, err := w.update(t.Context(), to, before, web, applied{})
			if err != nil || patches != 0 {
				t.Fatalf("%d patches, %v", patches, err)
			}
			have, err = w.update(t.Context(), to, after, web, have)
			if err != nil {
				t.Fatal(err)
			}
			w.land(proxyOf(web))
			if patches != 1 {
				t.Errorf("%s: %d patches", c.reason, patches)
			}
			if failed := c.fault != nil; w.takeDoubt(proxyOf(web)) != failed {
				t.Errorf("%s: doubted: %t", c.reason, !failed)
			} else if failed {
				have.published = nil // as deploy does
				if _, err := w.update(t.Context(), to, after, web, have); err != nil {
					t.Fatal(err)
				}
			}
			want, err := compile.ProxyConfigs(after, web, w.member)
			if err != nil {
				t.Fatal(err)
			}
			if left := compile.Writes(listed(t, in), want); len(left) > 0 {
				t.Errorf("%s: %d objects are not as they should be", c.reason, len(left))
			}
		})
	}
}

// proxyConfigsIn is a member in which fault is asked before each patch.
func proxyConfigsIn(t *testing.T, fault func() error) client.WithWatch {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := dataplanev1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithInterceptorFuncs(interceptor.Funcs{
		Patch: func(ctx context.Context, to client.WithWatch, object client.Object, patch client.Patch, o ...client.PatchOption) error {
			if err := fault(); err != nil {
				return err
			}
			return to.Patch(ctx, object, patch, o...)
		},
	}).Build()
}

func listed(t *testing.T, in client.Client) []dataplanev1alpha1.ProxyConfig {
	t.Helper()
	list := &dataplanev1alpha1.ProxyConfigList{}
	if err := in.List(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	return list.Items
}
