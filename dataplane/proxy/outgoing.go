package proxy

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// prepare makes the request for backends. It is false when a rewrite cannot give a safe path.
func (x *exchange) prepare() bool {
	r, rule := x.req, x.action.rule
	x.out = message.Request{
		Version: message.HTTP11, Method: x.view.Method, Scheme: x.pool.scheme, Authority: r.Authority,
		Fields: x.fields[0][:0], ContentLength: r.ContentLength, Trailers: r.Trailers,
	}
	x.copyFields()
	x.setForwarded()
	if x.wantsUpgrade() {
		x.prepareUpgrade()
	}
	x.edit = fields{&x.out.Fields, &x.out.Authority}
	if x.verdict != nil {
		x.verdict.apply(&x.edit)
	}
	filter.EditHeader(&x.edit, rule.Filters.Request)
	filter.EditHeader(&x.edit, x.backend.Filters.Request)
	return x.rewrite(rule.Filters.Rewrite, x.backend.Filters.Rewrite)
}

// rewrite writes host and path as the rule says, or the backend where that says it. It is false when that gives no safe path.
func (x *exchange) rewrite(all ...*config.Rewrite) bool {
	var edit *config.PathEdit
	for _, rewrite := range all {
		if rewrite == nil {
			continue
		}
		if rewrite.Hostname != "" {
			x.out.Authority = rewrite.Hostname
		}
		if rewrite.Path != nil {
			edit = rewrite.Path
		}
	}
	path, ok := filter.EditPath(x.view.Path, x.result.Prefix, edit)
	if !ok {
		return false
	}
	x.out.Target = x.target(path)
	return true
}

// target joins path and query: the client's own bytes if nothing in them changed.
func (x *exchange) target(path string) string {
	query := x.view.RawQuery
	if before, raw, asked := strings.Cut(x.req.Target, "?"); before == path && raw == query && (!asked || query != "") {
		return x.req.Target
	}
	return x.withQuery(path)
}

// withQuery puts the client's query behind a path.
func (x *exchange) withQuery(path string) string {
	if x.view.RawQuery == "" {
		return path
	}
	return path + "?" + x.view.RawQuery
}

// copyFields passes on what is not of the client's connection, and not of the way here.
func (x *exchange) copyFields() {
	for i := range x.req.Fields {
		f := &x.req.Fields[i]
		if f.Hop {
			continue
		}
		switch f.ID {
		case message.Expect, message.ContentLength, message.Host, message.XRequestID,
			message.XForwardedFor, message.XForwardedProto, message.XForwardedPort:
			continue // ours to write
		case message.XForwarded, message.Forwarded, message.XRealIP:
			if !x.trusted || f.ID == message.Forwarded && x.state.snapshot.Root.Forwarded {
				continue // a client's word on its own way here, or ours to write
			}
		}
		x.out.Fields = append(x.out.Fields, *f)
	}
}
