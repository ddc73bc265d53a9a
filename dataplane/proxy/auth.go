package proxy

import (
	"errors"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// verdict is what the service of an auth filter says of a request that may pass.
type verdict struct {
	// remove are headers that the request loses, those that the client may not say itself among them.
	remove []string
	// request and reply are edits of the headers of the request and of the response.
	request, reply []headerEdit
}

// headerEdit sets a header, or adds to it.
type headerEdit struct {
	name, value      string
	append, ifAbsent bool
}

// authorize asks the service whether the request may pass. If it may not, or the service does not say that it may, there
// is no verdict and the client is answered, with a status or, when that is 0, by now.
func (x *exchange) authorize(auth *config.Auth) (v *verdict, status int, reason string) {
	to := x.proxy.poolOf(x.state, auth.Pool)
	if to == nil {
		return nil, 503, ReasonAuthUnavailable
	}
	var body []byte
	if auth.MaxBody > 0 && x.req.HasBody() && !x.wantsUpgrade() {
		var err error
		if body, err = x.hold(int(auth.MaxBody)); err != nil {
			status, reason = bodyStatus(err)
			return nil, status, reason
		}
	}
	var answer verdict
	var denied *inquired
	var err error
	if auth.GRPC {
		answer, denied, err = x.askGRPC(auth, to, body)
	} else {
		answer, denied, err = x.askHTTP(auth, to, body)
	}
	switch {
	case x.cause() != nil:
		return nil, 499, ReasonClientGone
	case err != nil:
		return nil, 503, ReasonAuthUnavailable
	case denied != nil:
		return nil, x.deny(denied), ReasonAuthDenied
	}
	return &answer, 0, ""
}

// bodyStatus is the answer to a client whose body could not be read.
func bodyStatus(err error) (int, string) {
	switch {
	case errors.Is(err, errLargeBody):
		return 413, ReasonBodyTooLarge
	case errors.Is(err, errBadBody):
		return 400, ReasonBadBody
	}
	return 499, ReasonClientGone
}

// deny passes on what the service answers to a client that may not pass. It gives the status for whom that is no answer.
func (x *exchange) deny(denied *inquired) int {
	switch {
	case denied.status < 300 || denied.status > 599:
		return 403
	case isGRPC(x.req):
		return denied.status
	}
	x.startReply(denied.status)
	x.reply.Fields = x.reply.Fields[:0]
	for _, f := range denied.fields {
		if !f.Hop && f.ID != message.ContentLength {
			x.reply.Fields = append(x.reply.Fields, f)
		}
	}
	x.advertise()
	x.editCORS()
	x.record.Reason = ReasonAuthDenied
	x.sendReply(string(denied.body))
	return 0
}

// askHTTP asks over HTTP (GEP-1494): 200 is a yes, what is 5xx is no answer.
func (x *exchange) askHTTP(auth *config.Auth, to *pool, body []byte) (v verdict, denied *inquired, err error) {
	path, err := router.NormalPath(strings.TrimSuffix(auth.Path, "/") + x.view.Path)
	if err != nil {
		return v, nil, err
	}
	out := message.Request{
		Version: message.HTTP11, Method: x.view.Method, Scheme: to.scheme, Authority: x.req.Authority,
		Target: x.withQuery(path), ContentLength: int64(len(body)),
	}
	for i := range x.req.Fields {
		f := &x.req.Fields[i]
		if !f.Hop && (strings.EqualFold(f.Name, "Authorization") || among(auth.RequestHeaders, f.Name)) && x.tells(f) {
			out.Fields = append(out.Fields, *f)
		}
	}
	got, err := x.inquire(to, &out, body, isHTTP2(to.Config.Protocol))
	switch {
	case err != nil:
		return v, nil, err
	case got.status >= 500:
		return v, nil, errors.New("the service answers " + strconv.Itoa(got.status))
	case got.status != 200:
		return v, got, nil
	}
	v.remove = auth.ResponseHeaders
	for _, f := range got.fields {
		if f.Hop || len(auth.ResponseHeaders) > 0 && !among(auth.ResponseHeaders, f.Name) || len(auth.ResponseHeaders) == 0 && isOfAnswer(f.Name) {
			continue
		}
		// Values of one name stay together: the first one takes the place of the client's.
		v.request = append(v.request, headerEdit{name: f.Name, value: f.Value, append: v.names(f.Name)})
	}
	return v, nil, nil
}

func (v *verdict) names(name string) bool {
	for i := range v.request {
		if strings.EqualFold(v.request[i].name, name) {
			return true
		}
	}
	return false
}

// among says whether a name is in a list.
func among(list []string, name string) bool {
	for _, one := range list {
		if strings.EqualFold(one, name) {
			return true
		}
	}
	return false
}

// tells says whether a service is told of a field of the client's: not of what frames the message, nor of what others
// than trusted fronts say of the way here.
func (x *exchange) tells(f *message.Field) bool {
	switch f.ID { //nolint:exhaustive // the others are the client's to say
	case message.ContentLength, message.Expect, message.Host:
		return false
	case message.XForwardedFor, message.XForwardedProto, message.XForwardedPort, message.XForwarded, message.Forwarded, message.XRealIP, message.XRequestID:
		return x.trusted
	}
	return true
}

// isOfAnswer says that a header is about the service's answer itself, and would say something wrong of the request.
func isOfAnswer(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "date", "server", "vary", "etag", "last-modified", "expires", "cache-control", "set-cookie", "accept-ranges", "age":
		return true
	}
	return strings.HasPrefix(name, "content-")
}

// apply makes the edits of the request that the service asks for.
func (v *verdict) apply(to *fields) {
	edit(to, nil, v.remove)
	edit(to, v.request, nil)
}

// edit removes headers and then sets others, as far as they may be edited.
func edit(to *fields, edits []headerEdit, remove []string) {
	filter.EditHeader(to, &config.HeaderEdit{Remove: remove})
	for i := range edits {
		e := &edits[i]
		one := []config.Header{{Name: e.name, Value: e.value}}
		switch {
		case e.ifAbsent && firstValue(*to.list, e.name) != "":
		case e.append:
			filter.EditHeader(to, &config.HeaderEdit{Add: one})
		default:
			filter.EditHeader(to, &config.HeaderEdit{Set: one})
		}
	}
}
