package head

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// Request makes a request of the list, but for its Version, and gives the verdict on it. ended says that
// no body follows. The buffer for cookies that it gives back belongs to the request.
func (h *List) Request(r *message.Request, ended bool, cookies []byte) (Verdict, []byte) {
	if h.Verdict == Sound || h.Verdict == Bad {
		h.checkRequest(ended)
	}
	if h.Verdict != Sound {
		r.Fields = h.Fields
		return h.Verdict, cookies
	}
	cookies = h.joinCookies(cookies)
	r.Method, r.Scheme, r.Authority, r.Target = h.method, h.scheme, h.authority, h.path
	r.Fields = h.Fields
	r.Trailers, r.Expect, r.Upgrade = h.te, h.expect, h.protocol
	r.ContentLength = message.Unknown
	switch {
	case ended:
		r.ContentLength = 0
	case h.method == "CONNECT":
	case h.hasLength:
		r.ContentLength = h.length
	}
	return Sound, cookies
}

// checkRequest holds the list as a whole against RFC 9113 sections 8.1.1, 8.3.1 and 8.5, and RFC 8441
// section 4.
func (h *List) checkRequest(ended bool) {
	const whole = pseudoMethod | pseudoScheme | pseudoPath
	extended := h.pseudo&pseudoProtocol != 0
	switch {
	case h.pseudo&pseudoMethod == 0 || !isToken(h.method):
		h.refuse(Malformed, "no method")
	case extended && (h.method != "CONNECT" || !isToken(h.protocol)):
		h.refuse(Malformed, "bad :protocol")
	case h.method == "CONNECT" && !extended:
		if h.pseudo != pseudoMethod|pseudoAuthority {
			h.refuse(Malformed, "bad CONNECT")
		}
	case h.pseudo&whole != whole:
		h.refuse(Malformed, "pseudo-header field missing")
	case !soundTarget(h.path, h.method):
		h.refuse(Malformed, "bad :path")
	case h.scheme != "http" && h.scheme != "https":
		h.refuse(Bad, "unknown scheme")
	}
	if ended && h.hasLength && h.length != 0 {
		h.refuse(Malformed, "content-length without a body")
	}
	h.checkAuthority()
}

// checkAuthority makes :authority and Host one (RFC 9113 section 8.3.1): what they say must be the
// same, and one of them must be there.
func (h *List) checkAuthority() {
	if h.hosts > 1 {
		h.refuse(Malformed, "more than one host")
		return
	}
	switch {
	case h.pseudo&pseudoAuthority == 0:
		h.authority = h.host
	case h.hosts == 1 && !strings.EqualFold(h.authority, h.host):
		h.refuse(Malformed, "host is not :authority")
		return
	}
	if !soundAuthority(h.authority) {
		h.refuse(Bad, "bad authority")
	}
}
