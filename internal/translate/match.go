package translate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

var (
	pathPattern   = regexp.MustCompile(`^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$`)
	regexpPattern = regexp.MustCompile(`\.[*+]|\\[dwsDWSb.]|\[[^\]]+\][*+?{]|\(\?|^\^|\$$|\([^()]*\|[^()]*\)`)
)

// tokenBytes are the bytes of a header name besides letters and digits (RFC 9110).
const tokenBytes = "!#$%&'*+-.^_`|~"

// isToken says whether a text can be a header name.
func isToken(text string) bool {
	for i := range len(text) {
		c := text[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(tokenBytes, c) < 0 {
			return false
		}
	}
	return text != ""
}

// methods of HTTPMethod.
var methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// matches translates the matches of a rule; what cannot be compiled is left out, with a fault.
func (r *ruleContext) matches() []config.Match {
	if len(r.rule.matches) == 0 {
		return []config.Match{{PathKind: config.PathPrefix, Path: "/"}}
	}
	out := make([]config.Match, 0, len(r.rule.matches))
	for i := range r.rule.matches {
		if match, ok := r.match(fmt.Sprintf("matches[%d]", i), &r.rule.matches[i]); ok {
			out = append(out, match)
		}
	}
	return out
}

func (r *ruleContext) match(field string, spec *gatewayv1.HTTPRouteMatch) (config.Match, bool) {
	faults := len(r.set.broken)
	out := config.Match{PathKind: config.PathPrefix, Path: "/"}
	if spec.Path != nil {
		out.PathKind, out.Path = r.path(field+".path", spec.Path)
	}
	if spec.Method != nil {
		out.Method = string(*spec.Method)
		if !slices.Contains(methods, out.Method) {
			r.brokenf(ir.UnsupportedValue, "%s.method: %q is none of %s", field, out.Method, strings.Join(methods, ", "))
		}
	}
	for i, header := range spec.Headers {
		out.Headers = appendFirst(out.Headers, r.header(fmt.Sprintf("%s.headers[%d]", field, i), string(header.Name),
			header.Value, string(derefOr(header.Type, gatewayv1.HeaderMatchExact))))
	}
	for i, query := range spec.QueryParams {
		value := r.value(fmt.Sprintf("%s.queryParams[%d]", field, i), "query parameter "+string(query.Name),
			config.ValueMatch{Name: string(query.Name), Value: query.Value}, string(derefOr(query.Type, gatewayv1.QueryParamMatchExact)))
		out.Query = appendFirst(out.Query, value)
	}
	return out, len(r.set.broken) == faults
}

// header reads how a header is compared.
func (r *ruleContext) header(field, name, value, kind string) config.ValueMatch {
	lower := strings.ToLower(name)
	if !isToken(lower) {
		r.brokenf(ir.UnsupportedValue, "%s.name: %q is not a header name", field, name)
	}
	return r.value(field, "header "+name, config.ValueMatch{Name: lower, Value: value}, kind)
}

// appendFirst keeps the first match of each name, as the API wants, sorted by name.
func appendFirst(have []config.ValueMatch, next config.ValueMatch) []config.ValueMatch {
	at, found := slices.BinarySearchFunc(have, next.Name, func(v config.ValueMatch, name string) int {
		return strings.Compare(v.Name, name)
	})
	if found {
		return have
	}
	return slices.Insert(have, at, next)
}

// value reads how a header or query parameter is compared.
func (r *ruleContext) value(field, what string, match config.ValueMatch, kind string) config.ValueMatch {
	switch kind {
	case string(gatewayv1.HeaderMatchExact):
		if looksLikeRegexp(match.Value) {
			r.advisef(ir.LooksLikeRegularExpression,
				"%s is matched exactly against a value that looks like a regular expression: set type: RegularExpression", what)
		}
	case string(gatewayv1.HeaderMatchRegularExpression):
		match.Regex = true
		r.regexp(field+".value", match.Value)
	default:
		r.brokenf(ir.UnsupportedValue, "%s.type: %q is not Exact or RegularExpression", field, kind)
	}
	return match
}

// regexp refuses what RE2 cannot compile.
func (r *ruleContext) regexp(field, expression string) {
	if _, err := regexp.Compile(expression); err != nil {
		r.brokenf(ir.UnsupportedValue, "%s: %q is not a regular expression (RE2 syntax): %s", field, expression,
			strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
}

// looksLikeRegexp says that a value has signs of a regular expression that a literal value hardly has.
func looksLikeRegexp(value string) bool {
	if !strings.ContainsAny(value, `*+\[(^$`) || !regexpPattern.MatchString(value) {
		return false
	}
	_, err := regexp.Compile(value)
	return err == nil
}

// path reads a path match.
func (r *ruleContext) path(field string, spec *gatewayv1.HTTPPathMatch) (config.PathKind, string) {
	value := derefOr(spec.Value, "/")
	switch kind := derefOr(spec.Type, gatewayv1.PathMatchPathPrefix); kind {
	case gatewayv1.PathMatchRegularExpression:
		r.regexp(field+".value", value)
		return config.PathRegex, value
	case gatewayv1.PathMatchExact:
		r.literalPath(field+".value", value)
		return config.PathExact, value
	case gatewayv1.PathMatchPathPrefix:
		r.literalPath(field+".value", value)
		if trimmed := strings.TrimRight(value, "/"); trimmed != "" {
			return config.PathPrefix, trimmed
		}
		return config.PathPrefix, "/"
	default:
		r.brokenf(ir.UnsupportedValue, "%s.type: %q is not Exact, PathPrefix or RegularExpression", field, kind)
		return config.PathExact, value
	}
}

// literalPath checks what the CRD checks, since objects also come from files.
func (r *ruleContext) literalPath(field, value string) {
	lower := strings.ToLower(value)
	switch {
	case !strings.HasPrefix(value, "/"):
		r.brokenf(ir.UnsupportedValue, "%s: %q must begin with /", field, value)
	case strings.Contains(value, "//"), strings.Contains(value, "/./"), strings.Contains(value, "/../"),
		strings.HasSuffix(value, "/.."), strings.HasSuffix(value, "/."), strings.Contains(lower, "%2f"):
		r.brokenf(ir.UnsupportedValue, "%s: %q must not contain //, /./, /../ or an encoded slash", field, value)
	case !pathPattern.MatchString(value):
		r.brokenf(ir.UnsupportedValue, "%s: %q has characters that a path cannot have", field, value)
	case looksLikeRegexp(value):
		r.advisef(ir.LooksLikeRegularExpression,
			"path %s is matched literally although it looks like a regular expression: set type: RegularExpression", value)
	}
}
