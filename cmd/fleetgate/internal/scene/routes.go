package scene

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
)

// routes are the routes of all kinds.
func routes(folder manifest.Folder) []metav1.Object {
	var out []metav1.Object
	for _, o := range folder.HTTPRoutes {
		out = append(out, o)
	}
	for _, o := range folder.GRPCRoutes {
		out = append(out, o)
	}
	for _, o := range folder.TLSRoutes {
		out = append(out, o)
	}
	for _, o := range folder.TCPRoutes {
		out = append(out, o)
	}
	for _, o := range folder.UDPRoutes {
		out = append(out, o)
	}
	return out
}

// parentRefs are those of the routes of all kinds; to write to one is to write to its route.
func parentRefs(folder manifest.Folder) [][]gatewayv1.ParentReference {
	var out [][]gatewayv1.ParentReference
	for _, o := range routes(folder) {
		switch o := o.(type) {
		case *gatewayv1.HTTPRoute:
			out = append(out, o.Spec.ParentRefs)
		case *gatewayv1.GRPCRoute:
			out = append(out, o.Spec.ParentRefs)
		case *gatewayv1.TLSRoute:
			out = append(out, o.Spec.ParentRefs)
		case *gatewayv1.TCPRoute:
			out = append(out, o.Spec.ParentRefs)
		case *gatewayv1.UDPRoute:
			out = append(out, o.Spec.ParentRefs)
		}
	}
	return out
}

func stampRoutes(folder manifest.Folder, ledger *Ledger) {
	for _, o := range routes(folder) {
		switch o := o.(type) {
		case *gatewayv1.HTTPRoute:
			ledger.stamp("HTTPRoute", o, o.Spec)
		case *gatewayv1.GRPCRoute:
			ledger.stamp("GRPCRoute", o, o.Spec)
		case *gatewayv1.TLSRoute:
			ledger.stamp("TLSRoute", o, o.Spec)
		case *gatewayv1.TCPRoute:
			ledger.stamp("TCPRoute", o, o.Spec)
		case *gatewayv1.UDPRoute:
			ledger.stamp("UDPRoute", o, o.Spec)
		}
	}
}
