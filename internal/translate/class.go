package translate

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Answers of supportedVersion.
const (
	versionKnown   = "True"
	versionUnknown = "False"
)

// Minor versions of Gateway API's CRDs that we know.
const (
	oldestMinor = 4
	newestMinor = 7
)

func (t *translator) allClasses() []*ir.Class {
	var out []*ir.Class
	for _, name := range slices.Sorted(maps.Keys(t.w.Classes)) {
		if class := t.class(t.w.Classes[name]); class != nil {
			t.classes[name] = class
			out = append(out, class)
		}
	}
	return out
}

// class translates a GatewayClass; nil if it is another controller's.
func (t *translator) class(class *gatewayv1.GatewayClass) *ir.Class {
	provider, ours := t.w.Providers[string(class.Spec.ControllerName)]
	if !ours {
		return nil
	}
	out := &ir.Class{
		Name:             class.Name,
		Controller:       string(class.Spec.ControllerName),
		Generation:       class.Generation,
		SupportedVersion: supportedVersion(t.w.GatewayAPI),
		Features:         installedFeatures(t.w, provider.Features),
	}
	for _, kind := range t.w.Absent {
		out.Absent = append(out.Absent, string(kind))
	}
	if ref := class.Spec.ParametersRef; ref != nil {
		object := ir.Object{Kind: "GatewayClass", Name: class.Name}
		named := reference{string(ref.Group), string(ref.Kind), ref.Name}
		if ref.Namespace != nil && *ref.Namespace != "" {
			out.Problems = append(out.Problems, ir.InvalidParameters.Problem(object,
				"spec.parametersRef.namespace: %s is cluster-scoped: remove namespace", ref.Kind))
			return out
		}
		out.Problems = t.checkReference(object, "spec.parametersRef", provider, named)
	}
	return out
}

// since is the minor version whose standard CRDs first had the fields of a feature, where that is not the oldest.
var since = map[string]int{
	"GatewayBackendClientCertificate":                            5,
	"GatewayFrontendClientCertificateValidation":                 5,
	"GatewayFrontendClientCertificateValidationInsecureFallback": 5,
	"HTTPRouteCORS":                 6,
	"HTTPRouteRetryCodes":           7,
	"HTTPRouteRetryConnectionError": 7,
}

// experimental are the features whose fields the experimental CRDs alone have.
var experimental = map[string]bool{
	"ClusterTrustBundle":               true,
	"GatewayAddressRoutability":        true,
	"GatewayAddressRoutabilityCluster": true,
	"GatewayListenerFilters":           true,
	"HTTPRouteExternalAuth":            true,
	"HTTPRouteExternalAuthForwardBody": true,
	"HTTPRouteExternalAuthGRPC":        true,
	"HTTPRouteExternalAuthHTTP":        true,
}

// installedFeatures are those that the installed CRDs have kinds and fields for, sorted.
func installedFeatures(w *world.World, features []string) []string {
	minor := minorOf(w.GatewayAPI)
	out := slices.DeleteFunc(slices.Clone(features), func(feature string) bool {
		if minor > 0 && since[feature] > minor || experimental[feature] && !w.Experimental {
			return true
		}
		return slices.ContainsFunc(w.Absent, func(kind world.Kind) bool { return strings.HasPrefix(feature, string(kind)) })
	})
	slices.Sort(out)
	return out
}

// minorOf is the minor version of a bundle of major version 1; 0 if that cannot be told.
func minorOf(bundle string) int {
	parts := strings.SplitN(strings.TrimPrefix(bundle, "v"), ".", 3)
	if len(parts) < 2 || parts[0] != "1" {
		return 0
	}
	minor, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0
	}
	return minor
}

// supportedVersion says whether the bundle version of the installed CRDs, such as "v1.7.0", is one that we know.
func supportedVersion(bundle string) string {
	if bundle == "" {
		return ""
	}
	if minor := minorOf(bundle); minor < oldestMinor || minor > newestMinor {
		return versionUnknown
	}
	return versionKnown
}
