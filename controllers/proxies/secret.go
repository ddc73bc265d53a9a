package proxies

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/controllers/fleet"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// annotationSource is on a copied Secret and names the one on the hub.
const annotationSource = "gateway.company.com/copy-of"

// keyStaple holds an OCSP response for the certificate.
const keyStaple = "tls.ocsp-staple"

// secretsKept is how long a copy stays that is not named any more: proxies serve with it until they have the
// configuration that does not name it.
const secretsKept = 30 * time.Second

// secretCopy is the content of a Secret that proxies read, under the name that they read it by. Without data, the copy
// that is there stays as it is: what the hub has now cannot be read, and proxies that start anew get the last that could.
type secretCopy struct {
	name   string
	source world.Name
	data   map[string][]byte
}

// secretsOf are the copies that a Gateway's proxies need, as far as there is something to copy.
func secretsOf(w *world.World, gateway *ir.Gateway) []secretCopy {
	var out []secretCopy
	for _, wanted := range compile.Copies(gateway) {
		found := w.Secrets[wanted.Source]
		if found == nil {
			continue
		}
		one := secretCopy{name: wanted.Name, source: wanted.Source}
		if _, err := tls.X509KeyPair(found.Data[corev1.TLSCertKey], found.Data[corev1.TLSPrivateKeyKey]); err != nil {
			out = append(out, one)
			continue
		}
		one.data = map[string][]byte{}
		for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey, keyStaple} {
			if value, has := found.Data[key]; has {
				one.data[key] = value
			}
		}
		out = append(out, one)
	}
	return out
}

// secretObjects are the copies as objects.
func (d deployment) secretObjects() []client.Object {
	out := make([]client.Object, 0, len(d.secrets))
	for _, secret := range d.secrets {
		if secret.data == nil {
			continue
		}
		meta := d.meta(secret.name)
		meta.Annotations[annotationSource] = secret.source.String()
		out = append(out, &corev1.Secret{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: meta,
			Type: corev1.SecretTypeTLS, Data: secret.data,
		})
	}
	return out
}

// errNoSecrets says that the operator may not copy Secrets into a member. All else goes on.
var errNoSecrets = errors.New("HTTPS and TLS listeners have no certificates there, since the operator may not copy Secrets: " +
	"install the chart fleetgate in it with proxyCertificates: true")

// applySecrets writes the copies that differ from what was written last.
func (w *worker) applySecrets(ctx context.Context, to *fleet.Connection, want deployment, have applied) (applied, error) {
	wanted := map[string]client.Object{}
	for _, object := range want.secretObjects() {
		wanted[object.GetName()] = object
	}
	if have.secrets != nil && reflect.DeepEqual(wanted, have.secrets) {
		return have, nil
	}
	before := have.secrets
	have.secrets = nil // until all are written
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if reflect.DeepEqual(wanted[name], before[name]) {
			continue
		}
		if _, err := apply(ctx, to.Client, wanted[name]); err != nil {
			return have, mayNot(err)
		}
	}
	if err := touch(ctx, to.Client, want); err != nil {
		return have, mayNot(err)
	}
	have.secrets, have.prune = wanted, time.Now().Add(secretsKept)
	w.queue.AddAfter(proxyOf(want.gateway), secretsKept)
	return have, nil
}

// mayNot is errNoSecrets for an error that means that, else the error.
func mayNot(err error) error {
	if apierrors.IsForbidden(err) && !apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause) {
		return errNoSecrets
	}
	return err
}

// touch writes nothing to the copies that stay as they are, to learn whether the operator may write to them: a Role may
// only grant what he may do who makes it.
func touch(ctx context.Context, in client.Client, want deployment) error {
	for _, secret := range want.secrets {
		if secret.data != nil {
			continue
		}
		kept := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: want.gateway.Namespace, Name: secret.name}}
		if err := in.Patch(ctx, kept, client.RawPatch(types.MergePatchType, []byte("{}"))); client.IgnoreNotFound(err) != nil {
			return err
		}
	}
	return nil
}

// pruneSecrets deletes the copies that are not named any more, once nobody can need them.
func (w *worker) pruneSecrets(ctx context.Context, to *fleet.Connection, want deployment, have applied) (applied, error) {
	if have.prune.IsZero() || time.Now().Before(have.prune) {
		return have, nil
	}
	named := map[string]bool{}
	for _, secret := range want.secrets {
		named[secret.name] = true
	}
	key := proxyOf(want.gateway)
	found, err := w.ours(ctx, to, corev1.SchemeGroupVersion.WithKind("Secret"), key, client.InNamespace(key.Namespace))
	if err != nil {
		return have, err
	}
	for i := range found {
		if named[found[i].Name] {
			continue
		}
		if err := deleteOne(ctx, to.Client, &found[i]); err != nil {
			return have, fmt.Errorf("take back a certificate: %w", err)
		}
	}
	have.prune = time.Time{}
	return have, nil
}
