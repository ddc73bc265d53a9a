package providers

import (
	"slices"

	"sigs.k8s.io/gateway-api/pkg/features"
)

// HTTPFeatures are the Gateway API features that the proxies implement themselves, sorted: what a
// provider reports whose fronts only carry bytes to them.
// https://gateway-api.sigs.k8s.io/concepts/conformance/#2-support-levels
func HTTPFeatures() []string {
	out := make([]string, 0, len(httpFeatures))
	for _, f := range httpFeatures {
		out = append(out, string(f))
	}
	slices.Sort(out)
	return out
}

var httpFeatures = []features.FeatureName{
	features.SupportGateway,
	features.SupportHTTPRoute,
	features.SupportReferenceGrant,
	features.SupportHTTPRouteBackendProtocolH2C,
	features.SupportHTTPRouteBackendProtocolWebSocket,
	features.SupportHTTPRouteBackendRequestHeaderModification,
	features.SupportHTTPRouteBackendTimeout,
	features.SupportHTTPRouteHostRewrite,
	features.SupportHTTPRouteMethodMatching,
	features.SupportHTTPRouteParentRefPort,
	features.SupportHTTPRoutePathRedirect,
	features.SupportHTTPRoutePathRewrite,
	features.SupportHTTPRoutePortRedirect,
	features.SupportHTTPRouteQueryParamMatching,
	features.SupportHTTPRouteRequestMirror,
	features.SupportHTTPRouteRequestMultipleMirrors,
	features.SupportHTTPRouteRequestPercentageMirror,
	features.SupportHTTPRouteRequestTimeout,
	features.SupportHTTPRouteResponseHeaderModification,
	features.SupportHTTPRouteRetryCodes,
	features.SupportHTTPRouteRetryConnectionError,
	features.SupportHTTPRouteSchemeRedirect,
}
