package integration

import (
	"context"
	"fmt"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/providers/memory"
)

// TestAChunkIsOurs has a real API server patch a chunk, and mends what others do to it then.
func TestAChunkIsOurs(t *testing.T) {
	joinBoth(t)
	s := openShop(t, "chunk", one, two)
	cloud := memory.NewCloud(memory.Options{})
	operate(t, cloud)
	at := client.ObjectKey{Namespace: s.key.Namespace, Name: compile.ChunkName(world.Name(s.key), 0)}
	read := func() *dataplanev1alpha1.ProxyConfig {
		out := &dataplanev1alpha1.ProxyConfig{}
		if err := one.client.Get(context.Background(), at, out); err != nil {
			return nil
		}
		return out
	}
	var was, now *dataplanev1alpha1.ProxyConfig
	eventually(t, "the chunk should come", func() string {
		if was = read(); was == nil {
			return "it is not there"
		}
		return ""
	})
	s.deployed(t, one)
	for i := 0; now == nil || len(now.ManagedFields) > 0; i++ { // while the Gateway settles too, they are applied
		if i == 20 {
			t.Fatalf("no change is a patch: %+v", now.ObjectMeta)
		}
		before := read()
		s.reach(t, gatewayv1.Hostname(fmt.Sprintf("host-%d.example.com", i)))
		eventually(t, "the chunk should change", func() string {
			if now = read(); now == nil || now.Spec.Checksum == before.Spec.Checksum {
				return "it is as before"
			}
			return ""
		})
	}
	if now.UID != was.UID || len(now.Labels) != len(was.Labels) {
		t.Errorf("it was made anew: %+v", now.ObjectMeta)
	}
	mended := func() string {
		if have := read(); have == nil || !compile.Same(have.Spec, now.Spec) || len(have.Spec.Data) != len(now.Spec.Data) {
			return "it is not as it was"
		}
		return ""
	}
	changed := now.DeepCopy()
	changed.Spec.Checksum, changed.Spec.Data = was.Spec.Checksum, was.Spec.Data
	if err := one.client.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was put back by hand should be mended", mended)
	if err := one.client.Delete(t.Context(), now.DeepCopy()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what was deleted by hand should be mended", mended)
	s.close(t, cloud, one, two)
}

// reach gives the route of a shop a hostname.
func (s shop) reach(t *testing.T, hostname gatewayv1.Hostname) {
	t.Helper()
	route := &gatewayv1.HTTPRoute{}
	if err := hub.client.Get(t.Context(), client.ObjectKey{Namespace: s.key.Namespace, Name: "route"}, route); err != nil {
		t.Fatal(err)
	}
	was := route.DeepCopy()
	route.Spec.Hostnames = []gatewayv1.Hostname{hostname}
	if err := hub.client.Patch(t.Context(), route, client.MergeFrom(was)); err != nil {
		t.Fatal(err)
	}
}
