package proxy

import (
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// peer is who is at the other end of a client connection.
type peer struct {
	address netip.Addr
	trusted bool
}

func (s *state) peerOf(r *http.Request) peer {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return peer{}
	}
	address := from.Addr().Unmap().WithZone("")
	return peer{address, s.isTrusted(address)}
}

// setForwarded writes what backends learn of the client from the connection. What the request says
// itself counts only when it comes from a trusted front.
func (x *exchange) setForwarded(header http.Header) {
	listener := x.result.Listener
	chain, scheme, port := x.peer.address.String(), strings.ToLower(string(listener.Protocol)), strconv.Itoa(int(listener.Port))
	if x.peer.trusted {
		in := x.r.Header
		if before := strings.Join(in["X-Forwarded-For"], ", "); before != "" {
			chain = before + ", " + chain
		}
		if said := in["X-Forwarded-Proto"]; len(said) == 1 && (said[0] == "http" || said[0] == "https") {
			scheme = said[0]
		}
		if said := in["X-Forwarded-Port"]; len(said) == 1 && isPort(said[0]) {
			port = said[0]
		}
	} else {
		for name := range header {
			if name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
				delete(header, name)
			}
		}
	}
	header["X-Forwarded-For"] = []string{chain}
	header["X-Forwarded-Proto"] = []string{scheme}
	header["X-Forwarded-Port"] = []string{port}
	header["X-Request-Id"] = []string{x.record.RequestID}
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}
