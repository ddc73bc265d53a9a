package translate

import (
	"fmt"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/world"
)

// ClusterTrustBundles (KEP-3257) hold CA certificates for a whole cluster.
const (
	groupCertificates = "certificates.k8s.io"
	kindTrustBundle   = "ClusterTrustBundle"
)

// isTrustBundle says that a reference names a ClusterTrustBundle.
func isTrustBundle(group gatewayv1.Group, kind gatewayv1.Kind) bool {
	return group == groupCertificates && kind == kindTrustBundle
}

// WantedTrustBundles are the ClusterTrustBundles that policies, and Gateways of our classes for their clients, name. None without the
// experimental channel of Gateway API, in which alone they may be named.
func WantedTrustBundles(w *world.World) map[world.Name]bool {
	out := map[world.Name]bool{}
	if !w.Experimental {
		return out
	}
	for _, policy := range w.BackendTLS {
		for _, ref := range policy.Spec.Validation.CACertificateRefs {
			if isTrustBundle(ref.Group, ref.Kind) {
				out[world.Name{Name: string(ref.Name)}] = true
			}
		}
	}
	eachClientAuthority(w, func(_ string, ref *gatewayv1.ObjectReference) {
		if isTrustBundle(ref.Group, ref.Kind) {
			out[world.Name{Name: string(ref.Name)}] = true
		}
	})
	return out
}

// holders says which kinds hold CA certificates here.
func (t *translator) holders() string {
	if t.w.Experimental {
		return "name a ConfigMap or a ClusterTrustBundle"
	}
	return "name a ConfigMap (a ClusterTrustBundle needs the experimental channel of Gateway API)"
}

// trustBundle reads CA certificates in PEM from a ClusterTrustBundle, or says what is wrong with it.
func (t *translator) trustBundle(deps dependencies, name string) (bundle, fault string) {
	deps.on(world.KindTrustBundle, "", name)
	object, looked := t.w.TrustBundles[world.Name{Name: name}]
	switch {
	case !looked:
		return "", fmt.Sprintf("ClusterTrustBundle %s has not been read yet", name)
	case object == nil:
		return "", fmt.Sprintf("ClusterTrustBundle %s does not exist, or the cluster does not serve its kind in certificates.k8s.io/v1 or v1beta1: "+
			"create it, or correct the reference", name)
	case firstCertificate([]byte(object.Spec.TrustBundle)) == nil:
		return "", fmt.Sprintf("ClusterTrustBundle %s has a trustBundle that cannot be read: put CA certificates there in PEM", name)
	}
	return strings.TrimRight(object.Spec.TrustBundle, "\n") + "\n", ""
}
