package proxies

import (
	"context"
	"errors"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// pair is a TLS Secret that can be used.
func pair(t *testing.T) *corev1.Secret {
	t.Helper()
	chain, key := worldtest.Certificate("a.example.com")
	return &corev1.Secret{Data: map[string][]byte{corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: key}}
}

// TestASpoiltSecretLeavesItsCopy keeps that proxies, those that start anew included, go on with the last certificate that
// could be read, and may read it.
func TestASpoiltSecretLeavesItsCopy(t *testing.T) {
	gateway := meantGateway(func(g *ir.Gateway) { g.EndsTLS = false })
	source := compile.Copies(gateway)[0].Source
	good, other := pair(t), pair(t)
	in, w := memberWith(interceptor.Funcs{}), workerOf(t)
	have := applied{}
	for _, c := range []struct {
		name, reason string
		now          *corev1.Secret
		want         string
	}{
		{"good", "it is copied", good, string(good.Data[corev1.TLSCertKey])},
		{"garbage", "nothing is written over the copy", &corev1.Secret{Data: map[string][]byte{
			corev1.TLSCertKey: []byte("garbage"), corev1.TLSPrivateKeyKey: []byte("garbage"),
		}}, string(good.Data[corev1.TLSCertKey])},
		{"a key of another", "halves of two certificates are none", &corev1.Secret{Data: map[string][]byte{
			corev1.TLSCertKey: other.Data[corev1.TLSCertKey], corev1.TLSPrivateKeyKey: good.Data[corev1.TLSPrivateKeyKey],
		}}, string(good.Data[corev1.TLSCertKey])},
		{"other", "it is copied", other, string(other.Data[corev1.TLSCertKey])},
	} {
		want := deploymentOf(gateway, nil, Settings{Hub: "h"})
		want.secrets = secretsOf(&world.World{Secrets: map[world.Name]*corev1.Secret{source: c.now}}, gateway)
		var err error
		if have, err = w.applySecrets(t.Context(), in, want, have); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		have.prune = time.Now().Add(-time.Second)
		if have, err = w.pruneSecrets(t.Context(), in, want, have); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := chainOf(t, in, want.secrets[0].name); got != c.want {
			t.Errorf("%s: %s: the copy is %q", c.name, c.reason, got)
		}
		if rule := want.secretRule(); len(rule.ResourceNames) != 1 {
			t.Errorf("%s: proxies may read %v", c.name, rule.ResourceNames)
		}
	}
}

func chainOf(t *testing.T, in *fleet.Connection, name string) string {
	t.Helper()
	copied := &corev1.Secret{}
	if err := in.Client.Get(t.Context(), client.ObjectKey{Namespace: "shop", Name: name}, copied); err != nil {
		t.Fatal(err)
	}
	return string(copied.Data[corev1.TLSCertKey])
}

func TestWithoutTheRightToCopyASpoiltSecretIsNotGranted(t *testing.T) {
	in, w := memberWith(interceptor.Funcs{
		Patch: func(context.Context, client.WithWatch, client.Object, client.Patch, ...client.PatchOption) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, "", errors.New("no"))
		},
	}), workerOf(t)
	want := certificateNamed("spoilt")
	want.secrets[0].data = nil
	if _, err := w.applySecrets(t.Context(), in, want, applied{}); !errors.Is(err, errNoSecrets) {
		t.Errorf("got %v: a Role that grants what the operator may not do would be refused, and with it all else", err)
	}
	in, w = memberWith(interceptor.Funcs{}), workerOf(t)
	if _, err := w.applySecrets(t.Context(), in, want, applied{}); err != nil {
		t.Errorf("one that never was good has no copy: %v", err)
	}
}
