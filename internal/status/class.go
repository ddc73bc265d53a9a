package status

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// class is the status of a GatewayClass (GEP-2162 for the features).
func class(c *ir.Class) Patch {
	patch := Patch{Key: world.Key{Kind: world.KindGatewayClass, Name: world.Name{Name: c.Name}}}
	patch.Conditions = append(patch.Conditions, classAccepted.unless(c.Problems, c.Generation), version(c))
	for _, feature := range c.Features {
		patch.Features = append(patch.Features, gatewayv1.SupportedFeature{Name: gatewayv1.FeatureName(feature)})
	}
	return patch
}

// version tells of the installed CRDs, and which of them are missing.
func version(c *ir.Class) metav1.Condition {
	var out metav1.Condition
	switch c.SupportedVersion {
	case "True":
		out = versionSupported.is(metav1.ConditionTrue, c.Generation)
	case "False":
		out = versionUnsupported.is(metav1.ConditionFalse, c.Generation)
	default:
		out = versionUnknown.is(metav1.ConditionUnknown, c.Generation)
	}
	if len(c.Absent) > 0 {
		out.Message += " These kinds of it are not installed, in the version that is read, and do nothing here: " +
			strings.Join(c.Absent, ", ") + "."
	}
	return out
}

// parameters is the status of an ALBConfig or a ServiceConfig.
func parameters(p *ir.Parameters) Patch {
	return Patch{
		Key:        world.Key{Kind: world.Kind(p.Kind), Name: world.Name{Name: p.Name}},
		Conditions: []metav1.Condition{parametersAccepted.unless(p.Problems, p.Generation)},
	}
}
