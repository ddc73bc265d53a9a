package translate

import (
	"fmt"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/world"
)

// Kinds that references name.
const (
	kindGateway     = "Gateway"
	kindListenerSet = "ListenerSet"
	kindHTTPRoute   = "HTTPRoute"
	kindGRPCRoute   = "GRPCRoute"
	kindTLSRoute    = "TLSRoute"
	kindTCPRoute    = "TCPRoute"
	kindUDPRoute    = "UDPRoute"
	kindSecret      = "Secret"
	kindConfigMap   = "ConfigMap"
	kindService     = "Service"
)

// grantFrom is who refers.
type grantFrom struct {
	group     string
	kind      string
	namespace string
}

// grantTo is what is referred to.
type grantTo struct {
	group string
	kind  string
	name  world.Name
}

func grantsByNamespace(w *world.World) map[string][]*gatewayv1.ReferenceGrant {
	out := map[string][]*gatewayv1.ReferenceGrant{}
	for name, grant := range w.Grants {
		out[name.Namespace] = append(out[name.Namespace], grant)
	}
	return out
}

// permitted says whether a ReferenceGrant in the namespace of what is referred to allows the reference.
func (t *translator) permitted(from grantFrom, to grantTo) bool {
	for _, grant := range t.grants()[to.name.Namespace] {
		fits := false
		for _, f := range grant.Spec.From {
			fits = fits || grantFrom{string(f.Group), string(f.Kind), string(f.Namespace)} == from
		}
		if !fits {
			continue
		}
		for _, target := range grant.Spec.To {
			if string(target.Group) == to.group && string(target.Kind) == to.kind &&
				(target.Name == nil || *target.Name == "" || string(*target.Name) == to.name.Name) {
				return true
			}
		}
	}
	return false
}

// notPermitted says which grant is missing.
func notPermitted(from grantFrom, to grantTo) string {
	return fmt.Sprintf("%s %s may not be referred to from namespace %s: "+
		"create a ReferenceGrant in namespace %s, from kind %s in namespace %s, to kind %s named %s",
		to.kind, to.name, from.namespace, to.name.Namespace, from.kind, from.namespace, to.kind, to.name.Name)
}

func deref[T ~string](value *T) T {
	return derefOr(value, "")
}

func derefOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}
