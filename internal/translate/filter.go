package translate

import (
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// ruleFilters is the field of a rule's own filters.
const ruleFilters = "filters"

// filterReaders translate one filter each into what the rule or the backend does.
var filterReaders = map[gatewayv1.HTTPRouteFilterType]func(*ruleContext, string, *gatewayv1.HTTPRouteFilter, *config.Filters){
	gatewayv1.HTTPRouteFilterRequestHeaderModifier:  (*ruleContext).requestHeaders,
	gatewayv1.HTTPRouteFilterResponseHeaderModifier: (*ruleContext).responseHeaders,
	gatewayv1.HTTPRouteFilterRequestRedirect:        (*ruleContext).redirect,
	gatewayv1.HTTPRouteFilterURLRewrite:             (*ruleContext).rewrite,
	gatewayv1.HTTPRouteFilterRequestMirror:          (*ruleContext).mirror,
	gatewayv1.HTTPRouteFilterCORS:                   (*ruleContext).cors,
	gatewayv1.HTTPRouteFilterExternalAuth:           (*ruleContext).auth,
}

// callFilters are those that a GRPCRoute may have.
var callFilters = []gatewayv1.HTTPRouteFilterType{
	gatewayv1.HTTPRouteFilterRequestHeaderModifier, gatewayv1.HTTPRouteFilterResponseHeaderModifier, gatewayv1.HTTPRouteFilterRequestMirror,
}

// answering are filters that decide whether a backend is asked at all: a backendRef cannot have them.
var answering = []gatewayv1.HTTPRouteFilterType{
	gatewayv1.HTTPRouteFilterRequestRedirect, gatewayv1.HTTPRouteFilterCORS, gatewayv1.HTTPRouteFilterExternalAuth,
}

// misplaced are filters that other APIs and articles have, and the field that does the same here.
var misplaced = map[gatewayv1.HTTPRouteFilterType]string{
	"RequestTimeout": "rules[].timeouts.request",
	"RequestRetry":   "rules[].retry",
}

// filters translates the filters at a field of the rule: its own, or those of a backendRef.
func (r *ruleContext) filters(specs []gatewayv1.HTTPRouteFilter, field string) config.Filters {
	var out config.Filters
	seen := map[gatewayv1.HTTPRouteFilterType]bool{}
	for i := range specs {
		spec := &specs[i]
		at := fmt.Sprintf("%s[%d]", field, i)
		read, known := filterReaders[spec.Type]
		known = known && (r.key.Kind != ir.GRPCRoute || slices.Contains(callFilters, spec.Type))
		switch {
		case !known:
			r.unknownFilter(at, spec.Type)
		case seen[spec.Type] && spec.Type != gatewayv1.HTTPRouteFilterRequestMirror:
			r.brokenf(ir.IncompatibleFilters, "%s: filter %s is given twice: put both into one", at, spec.Type)
		case slices.Contains(answering, spec.Type) && field != ruleFilters:
			r.brokenf(ir.UnsupportedValue, "%s: filter %s is not supported on a backendRef: set it in the filters of a rule", at, spec.Type)
		default:
			read(r, at, spec, &out)
		}
		seen[spec.Type] = true
	}
	if seen[gatewayv1.HTTPRouteFilterRequestRedirect] && seen[gatewayv1.HTTPRouteFilterURLRewrite] {
		r.brokenf(ir.IncompatibleFilters, "%s: RequestRedirect and URLRewrite exclude each other: remove one", field)
	}
	return out
}

func (r *ruleContext) unknownFilter(at string, kind gatewayv1.HTTPRouteFilterType) {
	if field, found := misplaced[kind]; found {
		r.brokenf(ir.UnsupportedValue, "%s: there is no filter %s in Gateway API: use %s", at, kind, field)
		return
	}
	r.brokenf(ir.UnsupportedValue, "%s: filter %s is not supported in %ss: remove it", at, kind, r.key.Kind)
}

func (r *ruleContext) missing(at string, field string) {
	r.brokenf(ir.UnsupportedValue, "%s.%s is missing", at, field)
}

func (r *ruleContext) requestHeaders(at string, spec *gatewayv1.HTTPRouteFilter, out *config.Filters) {
	if spec.RequestHeaderModifier == nil {
		r.missing(at, "requestHeaderModifier")
		return
	}
	out.Request = r.headerEdit(at+".requestHeaderModifier", spec.RequestHeaderModifier)
}

func (r *ruleContext) responseHeaders(at string, spec *gatewayv1.HTTPRouteFilter, out *config.Filters) {
	if spec.ResponseHeaderModifier == nil {
		r.missing(at, "responseHeaderModifier")
		return
	}
	out.Response = r.headerEdit(at+".responseHeaderModifier", spec.ResponseHeaderModifier)
}

func (r *ruleContext) headerEdit(at string, spec *gatewayv1.HTTPHeaderFilter) *config.HeaderEdit {
	out := &config.HeaderEdit{
		Set: r.headers(at+".set", spec.Set),
		Add: r.headers(at+".add", spec.Add),
	}
	for _, name := range spec.Remove {
		r.headerName(at+".remove", name)
		out.Remove = append(out.Remove, name)
	}
	return out
}

func (r *ruleContext) headers(at string, specs []gatewayv1.HTTPHeader) []config.Header {
	var out []config.Header
	for _, header := range specs {
		r.headerName(at, string(header.Name))
		if strings.ContainsFunc(header.Value, func(c rune) bool { return c == '\r' || c == '\n' || c == 0 }) {
			r.brokenf(ir.UnsupportedValue, "%s: the value of header %s has a line break, which would begin another header: remove it", at, header.Name)
		}
		known := slices.ContainsFunc(out, func(h config.Header) bool { return strings.EqualFold(h.Name, string(header.Name)) })
		if !known {
			out = append(out, config.Header{Name: string(header.Name), Value: header.Value})
		}
	}
	return out
}

func (r *ruleContext) headerName(at, name string) {
	if !isToken(name) {
		r.brokenf(ir.UnsupportedValue, "%s: %q is not a header name", at, name)
	}
}

// redirectCodes are the statuses that a redirect may have.
var redirectCodes = []int{301, 302, 303, 307, 308}

func (r *ruleContext) redirect(at string, spec *gatewayv1.HTTPRouteFilter, out *config.Filters) {
	redirect := spec.RequestRedirect
	if redirect == nil {
		r.missing(at, "requestRedirect")
		return
	}
	made := &config.Redirect{
		Scheme:   derefOr(redirect.Scheme, ""),
		Hostname: strings.ToLower(string(deref(redirect.Hostname))),
		Path:     r.pathEdit(at+".requestRedirect.path", redirect.Path),
		Port:     derefOr(redirect.Port, 0),
		Status:   derefOr(redirect.StatusCode, 302),
	}
	if !slices.Contains([]string{"", "http", "https"}, made.Scheme) {
		r.brokenf(ir.UnsupportedValue, "%s.requestRedirect.scheme: %q is not http or https", at, made.Scheme)
	}
	if !slices.Contains(redirectCodes, made.Status) {
		r.brokenf(ir.UnsupportedValue, "%s.requestRedirect.statusCode: %d is none of 301, 302, 303, 307, 308", at, made.Status)
	}
	if strings.Contains(made.Hostname, "*") {
		r.brokenf(ir.UnsupportedValue, "%s.requestRedirect.hostname: %q must be one precise hostname", at, made.Hostname)
	}
	if made.Port < 0 || made.Port > 65535 {
		r.brokenf(ir.UnsupportedValue, "%s.requestRedirect.port: %d is not between 1 and 65535", at, made.Port)
	}
	out.Redirect = made
}

func (r *ruleContext) rewrite(at string, spec *gatewayv1.HTTPRouteFilter, out *config.Filters) {
	if spec.URLRewrite == nil {
		r.missing(at, "urlRewrite")
		return
	}
	out.Rewrite = &config.Rewrite{
		Hostname: strings.ToLower(string(deref(spec.URLRewrite.Hostname))),
		Path:     r.pathEdit(at+".urlRewrite.path", spec.URLRewrite.Path),
	}
	if strings.Contains(out.Rewrite.Hostname, "*") {
		r.brokenf(ir.UnsupportedValue, "%s.urlRewrite.hostname: %q must be one precise hostname", at, out.Rewrite.Hostname)
	}
}

func (r *ruleContext) pathEdit(at string, spec *gatewayv1.HTTPPathModifier) *config.PathEdit {
	if spec == nil {
		return nil
	}
	switch spec.Type {
	case gatewayv1.FullPathHTTPPathModifier:
		if spec.ReplaceFullPath == nil {
			r.missing(at, "replaceFullPath")
		}
		return &config.PathEdit{Full: spec.ReplaceFullPath}
	case gatewayv1.PrefixMatchHTTPPathModifier:
		if spec.ReplacePrefixMatch == nil {
			r.missing(at, "replacePrefixMatch")
		}
		r.onePrefix(at)
		return &config.PathEdit{Prefix: spec.ReplacePrefixMatch}
	default:
		r.brokenf(ir.UnsupportedValue, "%s.type: %q is not ReplaceFullPath or ReplacePrefixMatch", at, spec.Type)
		return nil
	}
}

// onePrefix wants the one prefix that ReplacePrefixMatch replaces.
func (r *ruleContext) onePrefix(at string) {
	matches := r.rule.matches
	if len(matches) == 0 {
		return
	}
	if len(matches) > 1 || (matches[0].Path != nil && derefOr(matches[0].Path.Type, gatewayv1.PathMatchPathPrefix) != gatewayv1.PathMatchPathPrefix) {
		r.brokenf(ir.UnsupportedValue, "%s: ReplacePrefixMatch needs a rule with exactly one match, of path type PathPrefix: split the rule", at)
	}
}

// percentWhole is the whole of a mirror's percent.
const percentWhole = 100

func (r *ruleContext) mirror(at string, spec *gatewayv1.HTTPRouteFilter, out *config.Filters) {
	mirror := spec.RequestMirror
	if mirror == nil {
		r.missing(at, "requestMirror")
		return
	}
	made := config.Mirror{Numerator: percentWhole, Denominator: percentWhole}
	switch {
	case mirror.Percent != nil && mirror.Fraction != nil:
		r.brokenf(ir.UnsupportedValue, "%s.requestMirror: percent and fraction exclude each other: remove one", at)
	case mirror.Percent != nil:
		made.Numerator = *mirror.Percent
	case mirror.Fraction != nil:
		made.Numerator, made.Denominator = mirror.Fraction.Numerator, derefOr(mirror.Fraction.Denominator, percentWhole)
	}
	if made.Denominator <= 0 || made.Numerator < 0 || made.Numerator > made.Denominator {
		r.brokenf(ir.UnsupportedValue, "%s.requestMirror: %d of %d is not a share", at, made.Numerator, made.Denominator)
	}
	pool, fault := r.pool(at+".requestMirror.backendRef", &mirror.BackendRef, r.speaks)
	if fault == "" {
		made.Pool = pool
		out.Mirrors = append(out.Mirrors, made)
	}
}
