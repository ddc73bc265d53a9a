package providers

import (
	"slices"

	"sigs.k8s.io/gateway-api/pkg/features"
)

// HTTPFeatures are the Gateway API features that Gateways have behind a front that carries HTTP and HTTPS alone, ends TLS
// and speaks HTTP/1.1 to the proxies, sorted.
// https://gateway-api.sigs.k8s.io/concepts/conformance/#2-support-levels
func HTTPFeatures() []string { return names(httpFeatures, experimentalFeatures) }

// AllFeatures are all that operator and proxies implement, sorted: what a provider reports whose fronts carry every
// protocol to the proxies as it is, and take addresses that users ask for.
func AllFeatures() []string { return names(httpFeatures, passedOnFeatures, experimentalFeatures) }

func names(lists ...[]features.FeatureName) []string {
	var out []string
	for _, list := range lists {
		for _, f := range list {
			out = append(out, string(f))
		}
	}
	slices.Sort(out)
	return out
}

var httpFeatures = []features.FeatureName{
	features.SupportGateway,
	features.SupportGatewayBackendClientCertificate,
	features.SupportGatewayHTTPListenerIsolation,
	features.SupportGatewayInfrastructure,
	features.SupportGatewayPort8080,
	features.SupportGatewayRouteHostnameIntersectionPrecedence,
	features.SupportListenerSet,
	features.SupportReferenceGrant,
	features.SupportBackendTLSPolicy,
	features.SupportBackendTLSPolicySANValidation,
	features.SupportHTTPRoute,
	features.SupportHTTPRoute303RedirectStatusCode,
	features.SupportHTTPRoute307RedirectStatusCode,
	features.SupportHTTPRoute308RedirectStatusCode,
	features.SupportHTTPRouteBackendProtocolH2C,
	features.SupportHTTPRouteBackendProtocolWebSocket,
	features.SupportHTTPRouteBackendRequestHeaderModification,
	features.SupportHTTPRouteBackendTimeout,
	features.SupportHTTPRouteBackendURLRewrite,
	features.SupportHTTPRouteCORS,
	features.SupportHTTPRouteDestinationPortMatching,
	features.SupportHTTPRouteHostRewrite,
	features.SupportHTTPRouteMethodMatching,
	features.SupportHTTPRouteNamedRouteRule,
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

// experimentalFeatures are claimed by a GatewayClass where the CRDs have them. Some are named by the API's own
// documentation alone.
var experimentalFeatures = []features.FeatureName{
	features.SupportClusterTrustBundle,
	features.SupportGatewayListenerFilters,
	"HTTPRouteExternalAuth",
	"HTTPRouteExternalAuthForwardBody",
	"HTTPRouteExternalAuthGRPC",
	"HTTPRouteExternalAuthHTTP",
}

// passedOnFeatures need connections that reach the proxies as clients make them, or an address of choice.
var passedOnFeatures = []features.FeatureName{
	features.SupportGatewayAddressEmpty,
	features.SupportGatewayAddressRoutability,
	features.SupportGatewayAddressRoutabilityCluster,
	features.SupportGatewayFrontendClientCertificateValidation,
	features.SupportGatewayFrontendClientCertificateValidationInsecureFallback,
	features.SupportGatewayHTTPSListenerDetectMisdirectedRequests,
	features.SupportGatewayStaticAddresses,
	features.SupportGRPCRoute,
	features.SupportGRPCRouteNamedRouteRule,
	features.SupportGRPCRouteRequestHeaderModifier,
	features.SupportTCPRoute,
	features.SupportTLSRoute,
	features.SupportTLSRouteModeMixed,
	features.SupportTLSRouteModeTerminate,
	features.SupportUDPRoute,
}
