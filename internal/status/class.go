package status

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// class is the status of a GatewayClass (GEP-2162 for the features).
func class(c *ir.Class) Patch {
	patch := Patch{Key: world.Key{Kind: world.KindGatewayClass, Name: world.Name{Name: c.Name}}}
	patch.Conditions = append(patch.Conditions, classAccepted.unless(c.Problems, c.Generation))
	switch c.SupportedVersion {
	case "True":
		patch.Conditions = append(patch.Conditions, versionSupported.is(metav1.ConditionTrue, c.Generation))
	case "False":
		patch.Conditions = append(patch.Conditions, versionUnsupported.is(metav1.ConditionFalse, c.Generation))
	default:
		patch.Conditions = append(patch.Conditions, versionUnknown.is(metav1.ConditionUnknown, c.Generation))
	}
	for _, feature := range c.Features {
		patch.Features = append(patch.Features, gatewayv1.SupportedFeature{Name: gatewayv1.FeatureName(feature)})
	}
	return patch
}

// parameters is the status of an ALBConfig or a ServiceConfig.
func parameters(p *ir.Parameters) Patch {
	return Patch{
		Key:        world.Key{Kind: world.Kind(p.Kind), Name: world.Name{Name: p.Name}},
		Conditions: []metav1.Condition{parametersAccepted.unless(p.Problems, p.Generation)},
	}
}
