package proxy

import (
	"net/http"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/router"
)

// admit brings the request into the form that rules are matched on and backends see, or refuses
// it: what two parsers may read differently never gets further.
func (x *exchange) admit() (int, string) {
	r := x.r
	if r.Method == http.MethodConnect {
		return http.StatusMethodNotAllowed, ReasonBadMethod
	}
	host, ok := router.NormalHost(r.Host)
	if !ok {
		return http.StatusBadRequest, ReasonBadHost
	}
	target, ok := originForm(r.RequestURI)
	if !ok {
		return http.StatusBadRequest, ReasonBadPath
	}
	path, query, _ := strings.Cut(target, "?")
	path, err := router.NormalPath(path)
	if err != nil {
		return http.StatusBadRequest, ReasonBadPath
	}
	if query, err = router.NormalQuery(query); err != nil {
		return http.StatusBadRequest, ReasonBadPath
	}
	for name := range r.Header {
		if strings.IndexByte(name, '_') >= 0 {
			// CGI-like backends cannot tell "X_User" from "X-User".
			return http.StatusBadRequest, ReasonBadHeader
		}
	}
	x.req = router.Request{Host: host, Method: r.Method, Path: path, RawQuery: query, Header: headerView{r}}
	x.record.Path = path
	return 0, ""
}

// originForm gives path and query of a request target in origin form or in absolute form.
func originForm(target string) (string, bool) {
	if strings.HasPrefix(target, "/") {
		return target, true
	}
	scheme, rest, ok := strings.Cut(target, "://")
	if !ok || !strings.EqualFold(scheme, "http") && !strings.EqualFold(scheme, "https") {
		return "", false
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		return "/", true
	}
	if rest[end] == '?' {
		return "/" + rest[end:], true
	}
	return rest[end:], true
}

// headerView lets the router look at the header of a request.
type headerView struct{ r *http.Request }

// Value implements router.Header.
func (v headerView) Value(name string) (string, bool) {
	values := v.r.Header[name]
	switch len(values) {
	case 0:
		if name == "Host" {
			return v.r.Host, true
		}
		return "", false
	case 1:
		return values[0], true
	}
	return strings.Join(values, ","), true
}
