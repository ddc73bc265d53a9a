package translate

import (
	"regexp"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// originPattern is the CRD's, since objects also come from files.
var originPattern = regexp.MustCompile(`^https?://((\*\.)?([a-z0-9-]+\.)*[a-z0-9-]+|\*)(:[0-9]{1,5})?$`)

// any is how CORS says that all are allowed.
const anyValue = "*"

// defaultMaxAge is what browsers are told in seconds unless the user says otherwise, as the API wants it.
const defaultMaxAge = 5

func (r *ruleContext) cors(at string, spec *gatewayv1.HTTPRouteFilter, out *config.Filters) {
	if spec.CORS == nil {
		r.missing(at, "cors")
		return
	}
	made := &config.CORS{
		Credentials: derefOr(spec.CORS.AllowCredentials, false),
		Headers:     r.corsHeaders(at+".cors.allowHeaders", spec.CORS.AllowHeaders),
		Expose:      r.corsHeaders(at+".cors.exposeHeaders", spec.CORS.ExposeHeaders),
		MaxAge:      spec.CORS.MaxAge,
	}
	if made.MaxAge == 0 {
		made.MaxAge = defaultMaxAge
	}
	if made.MaxAge < 0 {
		r.brokenf(ir.UnsupportedValue, "%s.cors.maxAge: %d is negative", at, made.MaxAge)
	}
	for _, origin := range spec.CORS.AllowOrigins {
		made.Origins = append(made.Origins, r.origin(at+".cors.allowOrigins", string(origin)))
	}
	for _, method := range spec.CORS.AllowMethods {
		if method != anyValue && !slices.Contains(methods, string(method)) {
			r.brokenf(ir.UnsupportedValue, "%s.cors.allowMethods: %q is none of %s, *", at, method, strings.Join(methods, ", "))
		}
		made.Methods = append(made.Methods, string(method))
	}
	out.CORS = made
}

// origin is an origin as browsers write it: in lower case, without the port that the scheme has anyway.
func (r *ruleContext) origin(at, origin string) string {
	if origin == anyValue {
		return origin
	}
	origin = strings.ToLower(origin)
	if !originPattern.MatchString(origin) {
		r.brokenf(ir.UnsupportedValue, "%s: %q is not an origin such as https://www.example.com, https://*.example.com or *", at, origin)
	}
	for scheme, port := range map[string]string{"http://": ":80", "https://": ":443"} {
		if strings.HasPrefix(origin, scheme) {
			origin = strings.TrimSuffix(origin, port)
		}
	}
	return origin
}

func (r *ruleContext) corsHeaders(at string, names []gatewayv1.HTTPHeaderName) []string {
	var out []string
	for _, name := range names {
		if name != anyValue {
			r.headerName(at, string(name))
		}
		out = append(out, string(name))
	}
	return out
}
