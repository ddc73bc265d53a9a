package proxy

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// admit brings the request into the form that rules are matched on and backends see, or refuses
// it: what two parsers may read differently never gets further.
func (x *exchange) admit() (int, string) {
	r := x.req
	if r.Method == "CONNECT" {
		switch {
		case r.Version < message.HTTP2 || r.Upgrade == "":
			return 405, ReasonBadMethod
		case !x.wantsUpgrade():
			return 501, ReasonBadUpgrade // what RFC 9220 section 3 says of an unknown :protocol
		}
	}
	if limit := x.proxy.options.MaxBodyBytes; limit > 0 && r.ContentLength > limit {
		return 413, ReasonBodyTooLarge
	}
	host, ok := router.NormalHost(r.Authority)
	if !ok || host == "" && r.Version != message.HTTP10 {
		return 400, ReasonBadHost
	}
	path, query, _ := strings.Cut(r.Target, "?")
	path, err := router.NormalPath(path)
	if err != nil {
		return 400, ReasonBadPath
	}
	if query, err = router.NormalQuery(query); err != nil {
		return 400, ReasonBadPath
	}
	method := r.Method
	if method == "CONNECT" {
		method = "GET" // an extended CONNECT is what GET is in HTTP/1.1 (RFC 8441 section 5)
	}
	x.view = router.Request{Host: host, Method: method, Path: path, RawQuery: query, Header: headerView{r}}
	x.record.Path = path
	return 0, ""
}
