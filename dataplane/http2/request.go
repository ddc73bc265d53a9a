package http2

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// request makes a request of the list, and gives the verdict on it. ended says that no body follows.
// The buffer for cookies that it gives back belongs to the request.
func (h *head) request(r *message.Request, ended bool, cookies []byte) (verdict, []byte) {
	if h.verdict == verdictSound || h.verdict == verdictBad {
		h.checkRequest(ended)
	}
	if h.verdict != verdictSound {
		r.Fields = h.fields
		return h.verdict, cookies
	}
	cookies = h.joinCookies(cookies)
	r.Version = message.HTTP2
	r.Method, r.Scheme, r.Authority, r.Target = h.method, h.scheme, h.authority, h.path
	r.Fields = h.fields
	r.Trailers, r.Expect, r.Upgrade = h.te, h.expect, h.protocol
	r.ContentLength = message.Unknown
	switch {
	case ended:
		r.ContentLength = 0
	case h.method == "CONNECT":
	case h.hasLength:
		r.ContentLength = h.length
	}
	return verdictSound, cookies
}

// checkRequest holds the list as a whole against RFC 9113 sections 8.1.1, 8.3.1 and 8.5, and RFC 8441
// section 4.
func (h *head) checkRequest(ended bool) {
	const whole = pseudoMethod | pseudoScheme | pseudoPath
	extended := h.pseudo&pseudoProtocol != 0
	switch {
	case h.pseudo&pseudoMethod == 0 || !isToken(h.method):
		h.refuse(verdictMalformed, "no method")
	case extended && (h.method != "CONNECT" || !isToken(h.protocol)):
		h.refuse(verdictMalformed, "bad :protocol")
	case h.method == "CONNECT" && !extended:
		if h.pseudo != pseudoMethod|pseudoAuthority {
			h.refuse(verdictMalformed, "bad CONNECT")
		}
	case h.pseudo&whole != whole:
		h.refuse(verdictMalformed, "pseudo-header field missing")
	case !soundTarget(h.path, h.method):
		h.refuse(verdictMalformed, "bad :path")
	case h.scheme != "http" && h.scheme != "https":
		h.refuse(verdictBad, "unknown scheme")
	}
	if ended && h.hasLength && h.length != 0 {
		h.refuse(verdictMalformed, "content-length without a body")
	}
	h.checkAuthority()
}

// checkAuthority makes :authority and Host one (RFC 9113 section 8.3.1): what they say must be the
// same, and one of them must be there.
func (h *head) checkAuthority() {
	if h.hosts > 1 {
		h.refuse(verdictMalformed, "more than one host")
		return
	}
	switch {
	case h.pseudo&pseudoAuthority == 0:
		h.authority = h.host
	case h.hosts == 1 && !strings.EqualFold(h.authority, h.host):
		h.refuse(verdictMalformed, "host is not :authority")
		return
	}
	if !soundAuthority(h.authority) {
		h.refuse(verdictBad, "bad authority")
	}
}
