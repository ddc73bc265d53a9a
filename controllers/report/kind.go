package report

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/world"
)

// kind is how objects of a kind that has a status of ours are made and found.
type kind struct {
	empty func() client.Object
	// find gives nil if it is not there.
	find func(*world.World, world.Name) any
}

// kinds are those whose statuses are written.
var kinds = map[world.Kind]kind{
	world.KindGatewayClass:     global(func(w *world.World) map[string]*gatewayv1.GatewayClass { return w.Classes }),
	world.KindALBConfig:        global(func(w *world.World) map[string]*awsv1alpha1.ALBConfig { return w.ALBConfigs }),
	world.KindServiceConfig:    global(func(w *world.World) map[string]*gatewayv1alpha1.ServiceConfig { return w.ServiceConfigs }),
	world.KindGateway:          local(func(w *world.World) map[world.Name]*gatewayv1.Gateway { return w.Gateways }),
	world.KindListenerSet:      many(func(w *world.World) world.Objects[*gatewayv1.ListenerSet] { return w.ListenerSets }),
	world.KindHTTPRoute:        many(func(w *world.World) world.Objects[*gatewayv1.HTTPRoute] { return w.HTTPRoutes }),
	world.KindGRPCRoute:        many(func(w *world.World) world.Objects[*gatewayv1.GRPCRoute] { return w.GRPCRoutes }),
	world.KindTLSRoute:         many(func(w *world.World) world.Objects[*gatewayv1.TLSRoute] { return w.TLSRoutes }),
	world.KindTCPRoute:         many(func(w *world.World) world.Objects[*gatewayv1.TCPRoute] { return w.TCPRoutes }),
	world.KindUDPRoute:         many(func(w *world.World) world.Objects[*gatewayv1.UDPRoute] { return w.UDPRoutes }),
	world.KindBackendTLSPolicy: local(func(w *world.World) map[world.Name]*gatewayv1.BackendTLSPolicy { return w.BackendTLS }),
	world.KindTrafficPolicy:    local(func(w *world.World) map[world.Name]*gatewayxv1alpha1.XBackendTrafficPolicy { return w.BackendTraffic }),
}

// object is a pointer to a T that is a Kubernetes object.
type object[T any] interface {
	*T
	client.Object
}

func global[T any, P object[T]](in func(*world.World) map[string]P) kind {
	return kind{
		empty: func() client.Object { return P(new(T)) },
		find:  func(w *world.World, name world.Name) any { return orNil(in(w)[name.Name]) },
	}
}

func local[T any, P object[T]](in func(*world.World) map[world.Name]P) kind {
	return kind{
		empty: func() client.Object { return P(new(T)) },
		find:  func(w *world.World, name world.Name) any { return orNil(in(w)[name]) },
	}
}

func many[T any, P object[T]](in func(*world.World) world.Objects[P]) kind {
	return kind{
		empty: func() client.Object { return P(new(T)) },
		find:  func(w *world.World, name world.Name) any { return orNil(in(w).Get(name)) },
	}
}

func empty(of world.Kind) client.Object {
	if known, found := kinds[of]; found {
		return known.empty()
	}
	return nil
}

// find looks an object up; nil if it is not there.
func find(w *world.World, key world.Key) any {
	if known, found := kinds[key.Kind]; found {
		return known.find(w, key.Name)
	}
	return nil
}

func orNil[T any](object *T) any {
	if object == nil {
		return nil
	}
	return object
}

// attachedConditions are those of a route or a policy, on all that it is attached to.
func attachedConditions(object client.Object) []metav1.Condition {
	var out []metav1.Condition
	if route := status.RouteStatus(object); route != nil {
		for _, parent := range route.Parents {
			out = append(out, parent.Conditions...)
		}
	}
	if policy := status.PolicyStatus(object); policy != nil {
		for _, ancestor := range policy.Ancestors {
			out = append(out, ancestor.Conditions...)
		}
	}
	return out
}
