package proxy

import (
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// passFilters takes the request through the filters of its listener, in their order, and then finds its rule. If it does not
// get past one, the client is answered, with a status or, when that is 0, by now.
func (x *exchange) passFilters() (passed bool, status int, reason string) {
	filters := x.result.Listener.Filters
	if len(filters) == 0 {
		return true, 0, ""
	}
	x.ownRequest()
	for i := range filters {
		switch f := &filters[i]; {
		case f.Broken != "":
			return false, 500, f.Broken
		case f.Auth == nil:
			return false, 500, ReasonUnknownFilter
		default:
			v, status, reason := x.authorize(f.Auth)
			if v == nil {
				return false, status, reason
			}
			if !x.become(v) {
				return false, 503, ReasonAuthUnavailable
			}
		}
	}
	x.result = x.state.table.Match(x.result.Listener, &x.view)
	return true, 0, ""
}

// ownRequest makes the request one that may be changed: the protocol engine has the one that came.
func (x *exchange) ownRequest() {
	own := *x.req
	own.Fields = slices.Clone(x.req.Fields)
	x.req = &own
	x.view.Header = headerView{x.req}
}

// become makes of the request what a service asks for: rules and later filters see it so. It is false when that can be no request.
func (x *exchange) become(v *verdict) bool {
	edits := make([]headerEdit, 0, len(v.request))
	for _, e := range v.request {
		switch name := strings.ToLower(e.name); {
		case name == ":path":
			if !x.becomePath(e.value) {
				return false
			}
		case name == ":method":
			if !x.becomeMethod(e.value) {
				return false
			}
		case !settled(name):
			edits = append(edits, e)
		}
	}
	to := fields{list: &x.req.Fields}
	edit(&to, edits, slices.DeleteFunc(slices.Clone(v.remove), settled))
	x.replyEdits = append(x.replyEdits, v.reply...)
	return true
}

// settled says of a header that no filter of a listener changes it: by the host the listener was found, and what is said of the
// way of the request to here is the proxy's to write.
func settled(name string) bool {
	switch message.NewField(name, "").ID { //nolint:exhaustive // the others are the client's
	case message.Host, message.Expect, message.XForwardedFor, message.XForwardedProto, message.XForwardedPort,
		message.XForwarded, message.Forwarded, message.XRealIP, message.XRequestID:
		return true
	}
	return false
}

// becomePath takes a path with its query.
func (x *exchange) becomePath(target string) bool {
	path, query, _ := strings.Cut(target, "?")
	path, err := router.NormalPath(path)
	if err != nil {
		return false
	}
	if query, err = router.NormalQuery(query); err != nil {
		return false
	}
	x.view.Path, x.view.RawQuery = path, query
	return true
}

// becomeMethod takes a method. HEAD and CONNECT say how long messages are, to the client as to the backend: they stay what they are.
func (x *exchange) becomeMethod(method string) bool {
	if method == x.view.Method {
		return true
	}
	frames := func(method string) bool {
		return strings.EqualFold(method, "HEAD") || strings.EqualFold(method, "CONNECT")
	}
	if !filter.IsToken(method) || frames(method) || frames(x.req.Method) || x.req.Upgrade != "" {
		return false
	}
	x.view.Method = method
	return true
}
