package proxy

import (
	"net/http"
	"net/url"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
)

// replayLimit bounds the body that is kept to be sent again.
const replayLimit = 64 << 10

// prepare makes the request for backends; the endpoint is set for each attempt. It is false when a
// rewrite cannot give a safe path.
func (x *exchange) prepare() bool {
	r, rule := x.r, x.action.rule
	header := r.Header.Clone()
	websocket := x.wantsUpgrade()
	trailers := hasToken(header["Te"], "trailers")
	removeHopByHop(header)
	delete(header, "Expect") // answered by our own server when the body is read
	x.setForwarded(header)
	host := r.Host
	edit := outgoingHeader{header, &host}
	filter.EditHeader(edit, rule.Filters.Request)
	filter.EditHeader(edit, x.backend.Filters.Request)
	path := x.req.Path
	for _, rewrite := range []*config.Rewrite{rule.Filters.Rewrite, x.backend.Filters.Rewrite} {
		if rewrite == nil {
			continue
		}
		if rewrite.Hostname != "" {
			host = rewrite.Hostname
		}
		var ok bool
		if path, ok = filter.EditPath(path, x.result.Prefix, rewrite.Path); !ok {
			return false
		}
	}
	if websocket {
		header["Connection"], header["Upgrade"] = []string{"Upgrade"}, []string{"websocket"}
	}
	if trailers {
		header["Te"] = []string{"trailers"}
	}
	if _, ok := header["User-Agent"]; !ok {
		header["User-Agent"] = []string{""} // or the transport would write its own
	}
	x.out = &http.Request{
		Method: r.Method,
		// Opaque goes on the wire as it is: exactly the normal form that was matched.
		URL:    &url.URL{Scheme: "http", Opaque: path, RawQuery: x.req.RawQuery},
		Host:   host,
		Header: header,
	}
	if len(r.Trailer) > 0 {
		x.out.Trailer = r.Trailer
	}
	if r.ContentLength != 0 {
		x.out.ContentLength = r.ContentLength
		x.body = newReplay(r.Body, x.keepsBody())
	}
	return true
}

// keepsBody says whether the body may be needed again.
func (x *exchange) keepsBody() bool {
	return 0 < x.r.ContentLength && x.r.ContentLength <= replayLimit || x.action.rule.Retry != nil || len(x.action.samples) > 0
}

// outgoingHeader lets filters edit the Host, which net/http keeps apart.
type outgoingHeader struct {
	header http.Header
	host   *string
}

func (h outgoingHeader) Set(name, value string) {
	if http.CanonicalHeaderKey(name) == "Host" {
		*h.host = value
		return
	}
	h.header.Set(name, value)
}

func (h outgoingHeader) Add(name, value string) {
	if http.CanonicalHeaderKey(name) == "Host" {
		return // there can be one only
	}
	h.header.Add(name, value)
}

func (h outgoingHeader) Del(name string) { h.header.Del(name) }
