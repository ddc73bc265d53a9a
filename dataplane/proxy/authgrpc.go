package proxy

import (
	"errors"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/extauthz"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// askGRPC asks a service that speaks Envoy's ext_authz.
func (x *exchange) askGRPC(auth *config.Auth, to *pool, body []byte) (v verdict, denied *inquired, err error) {
	check := x.check(auth, body)
	framed := check.Append(nil)
	out := message.Request{
		Version: message.HTTP2, Method: "POST", Scheme: to.scheme, Authority: to.Config.Service + "." + to.Config.Namespace,
		Target: extauthz.Path, ContentLength: int64(len(framed)), Trailers: true,
		Fields: []message.Field{message.NewField("Content-Type", "application/grpc")},
	}
	got, err := x.inquire(to, &out, framed, true)
	if err != nil {
		return v, nil, err
	}
	answer, err := readAnswer(got)
	if err != nil {
		return v, nil, err
	}
	if !answer.Allowed {
		return v, deniedBy(&answer), nil
	}
	v.remove, v.request, v.reply = answer.Remove, editsOf(answer.Edits, auth.ResponseHeaders), editsOf(answer.Reply, nil)
	v.remove = append(v.remove, auth.ResponseHeaders...)
	return v, nil, nil
}

// check is the question.
func (x *exchange) check(auth *config.Auth, body []byte) extauthz.Check {
	c := extauthz.Check{
		Source: x.clientAddress(), Time: x.record.Start, ID: x.record.RequestID, Method: x.view.Method, Scheme: x.clientScheme(),
		Host: x.req.Authority, Path: x.withQuery(x.view.Path), Protocol: protocolOf(x.req.Version), Size: x.req.ContentLength, Body: body,
	}
	for i := range x.req.Fields {
		f := &x.req.Fields[i]
		if !f.Hop && (len(auth.RequestHeaders) == 0 || among(auth.RequestHeaders, f.Name)) && x.tells(f) {
			c.Headers = append(c.Headers, extauthz.Header{Name: strings.ToLower(f.Name), Value: f.Value})
		}
	}
	return c
}

func protocolOf(v message.Version) string {
	switch v {
	case message.HTTP10:
		return "HTTP/1.0"
	case message.HTTP2:
		return "HTTP/2"
	case message.HTTP3:
		return "HTTP/3"
	case message.HTTP11:
	}
	return "HTTP/1.1"
}

// readAnswer reads the message of an answer that says that the call went well.
func readAnswer(got *inquired) (extauthz.Answer, error) {
	status := firstValue(got.trailers, "grpc-status")
	if status == "" {
		status = firstValue(got.fields, "grpc-status")
	}
	if got.status != 200 || status != "0" {
		return extauthz.Answer{}, errors.New("the service answers " + strconv.Itoa(got.status) + ", status " + status + " of gRPC")
	}
	body, err := extauthz.Unframe(got.body)
	if err != nil {
		return extauthz.Answer{}, err
	}
	return extauthz.Parse(body)
}

// deniedBy is the answer to a client that may not pass.
func deniedBy(a *extauthz.Answer) *inquired {
	denied := &inquired{status: a.Status, body: []byte(a.Body)}
	if denied.status == 0 {
		denied.status = 403
	}
	to := fields{list: &denied.fields}
	edit(&to, editsOf(a.Edits, nil), nil)
	return denied
}

// editsOf are edits of headers, of those alone that are listed if any are.
func editsOf(edits []extauthz.Edit, listed []string) (list []headerEdit) {
	for _, e := range edits {
		if len(listed) == 0 || among(listed, e.Name) {
			list = append(list, headerEdit{name: e.Name, value: e.Value, append: e.Append, ifAbsent: e.IfAbsent})
		}
	}
	return list
}
