package translate

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// auth reads the filter ExternalAuth (GEP-1494). A rule whose service cannot be asked answers 500: nobody gets past it.
func (r *ruleContext) auth(at string, spec *gatewayv1.HTTPRouteFilter, out *config.Filters) {
	auth := spec.ExternalAuth
	if auth == nil {
		r.missing(at, "externalAuth")
		return
	}
	at += ".externalAuth"
	made := &config.Auth{}
	speaks := speakHTTP
	switch auth.ExternalAuthProtocol {
	case gatewayv1.HTTPRouteExternalAuthGRPCProtocol:
		made.GRPC, speaks = true, speakGRPC
		if auth.GRPCAuthConfig != nil {
			made.RequestHeaders = r.lowerHeaders(at+".grpc.allowedHeaders", auth.GRPCAuthConfig.AllowedRequestHeaders)
		}
	case gatewayv1.HTTPRouteExternalAuthHTTPProtocol:
		r.httpAuth(at+".http", auth.HTTPAuthConfig, made)
	default:
		r.brokenf(ir.UnsupportedValue, "%s.protocol: %q is not HTTP or GRPC", at, auth.ExternalAuthProtocol)
		return
	}
	if auth.ForwardBody != nil {
		made.MaxBody = auth.ForwardBody.MaxSize
	}
	if made.MaxBody < 0 {
		r.brokenf(ir.UnsupportedValue, "%s.forwardBody.maxSize: %d is negative", at, made.MaxBody)
	}
	pool, fault := r.pool(at+".backendRef", &auth.BackendRef, speaks)
	if fault != "" {
		r.refusal = fault
		return
	}
	made.Pool = pool
	out.Auth = made
}

func (r *ruleContext) httpAuth(at string, spec *gatewayv1.HTTPAuthConfig, out *config.Auth) {
	if spec == nil {
		return
	}
	if spec.Path != "" {
		r.literalPath(at+".path", spec.Path)
		out.Path = strings.TrimRight(spec.Path, "/")
	}
	out.RequestHeaders = r.lowerHeaders(at+".allowedHeaders", spec.AllowedRequestHeaders)
	out.ResponseHeaders = r.lowerHeaders(at+".allowedResponseHeaders", spec.AllowedResponseHeaders)
}

// lowerHeaders are names of headers in lower case, sorted, each once.
func (r *ruleContext) lowerHeaders(at string, names []string) []string {
	var out []string
	for _, name := range names {
		r.headerName(at, name)
		out = append(out, strings.ToLower(name))
	}
	slices.Sort(out)
	return slices.Compact(out)
}
