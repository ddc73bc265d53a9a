package translate

import (
	"fmt"
	"regexp"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

var (
	servicePattern = regexp.MustCompile(`^\.?[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$`)
	methodPattern  = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*$`)
)

// isCall is what every match of a GRPCRoute asks for: it takes gRPC alone, and leaves the rest to HTTPRoutes.
var isCall = config.ValueMatch{Name: "content-type", Value: `application/grpc(?:[+;].*)?`, Regex: true}

// anySegment is a segment of a path, in a regular expression.
const anySegment = "[^/]+"

// callMatches translates the matches of a rule of a GRPCRoute; what cannot be compiled is left out, with a fault.
func (r *ruleContext) callMatches() []config.Match {
	if len(r.rule.calls) == 0 {
		return []config.Match{{PathKind: config.PathPrefix, Path: "/", Headers: []config.ValueMatch{isCall}}}
	}
	out := make([]config.Match, 0, len(r.rule.calls))
	for i := range r.rule.calls {
		if match, ok := r.callMatch(fmt.Sprintf("matches[%d]", i), &r.rule.calls[i]); ok {
			out = append(out, match)
		}
	}
	return out
}

func (r *ruleContext) callMatch(field string, spec *gatewayv1.GRPCRouteMatch) (config.Match, bool) {
	faults := len(r.set.broken)
	out := config.Match{PathKind: config.PathPrefix, Path: "/"}
	if spec.Method != nil {
		out.PathKind, out.Path = r.call(field+".method", spec.Method)
	}
	for i, header := range spec.Headers {
		out.Headers = appendFirst(out.Headers, r.header(fmt.Sprintf("%s.headers[%d]", field, i), string(header.Name),
			header.Value, string(derefOr(header.Type, gatewayv1.GRPCHeaderMatchExact))))
	}
	out.Headers = appendFirst(out.Headers, isCall)
	return out, len(r.set.broken) == faults
}

// call reads which service and method are called as the path that gRPC makes of them: "/service/method".
func (r *ruleContext) call(field string, spec *gatewayv1.GRPCMethodMatch) (config.PathKind, string) {
	service, method := derefOr(spec.Service, ""), derefOr(spec.Method, "")
	if service == "" && method == "" {
		r.brokenf(ir.UnsupportedValue, "%s: neither service nor method is set: set one of them, or remove the match", field)
		return config.PathExact, ""
	}
	switch kind := derefOr(spec.Type, gatewayv1.GRPCMethodMatchExact); kind {
	case gatewayv1.GRPCMethodMatchExact:
		return r.exactCall(field, service, method)
	case gatewayv1.GRPCMethodMatchRegularExpression:
		return config.PathRegex, "/" + r.segment(field+".service", service) + "/" + r.segment(field+".method", method)
	default:
		r.brokenf(ir.UnsupportedValue, "%s.type: %q is not Exact or RegularExpression", field, kind)
		return config.PathExact, ""
	}
}

func (r *ruleContext) exactCall(field, service, method string) (config.PathKind, string) {
	r.callName(field+".service", service, servicePattern)
	r.callName(field+".method", method, methodPattern)
	switch {
	case method == "":
		return config.PathPrefix, "/" + service
	case service == "":
		return config.PathMethod, method
	}
	return config.PathExact, "/" + service + "/" + method
}

// callName refuses what cannot be a name in gRPC.
func (r *ruleContext) callName(field, name string, pattern *regexp.Regexp) {
	switch {
	case name == "" || pattern.MatchString(name):
	case looksLikeRegexp(name) || strings.ContainsAny(name, "*[(|\\"):
		r.brokenf(ir.UnsupportedValue, "%s: %q cannot be a name, and looks like a regular expression: set type: RegularExpression", field, name)
	default:
		r.brokenf(ir.UnsupportedValue, "%s: %q cannot be a name in gRPC", field, name)
	}
}

// segment is a regular expression of a user for one segment of a path; any segment for none.
func (r *ruleContext) segment(field, expression string) string {
	if expression == "" {
		return anySegment
	}
	r.regexp(field, expression)
	return "(?:" + expression + ")"
}
