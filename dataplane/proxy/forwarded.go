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
		if before := strings.Join(x.r.Header["X-Forwarded-For"], ", "); before != "" {
			chain = before + ", " + chain
		}
		scheme = said(x.r.Header["X-Forwarded-Proto"], isScheme, scheme)
		port = said(x.r.Header["X-Forwarded-Port"], isPort, port)
	} else {
		removeForwarded(header)
	}
	header["X-Forwarded-For"] = []string{chain}
	header["X-Forwarded-Proto"] = []string{scheme}
	header["X-Forwarded-Port"] = []string{port}
	header["X-Request-Id"] = []string{x.record.RequestID}
}

// said is the one value of a field if it is valid, else what is known without it.
func said(values []string, valid func(string) bool, otherwise string) string {
	if len(values) == 1 && valid(values[0]) {
		return values[0]
	}
	return otherwise
}

// removeForwarded takes away what a client says of its own way here.
func removeForwarded(header http.Header) {
	for name := range header {
		if name == "Forwarded" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			delete(header, name)
		}
	}
}

func isScheme(s string) bool { return s == "http" || s == "https" }

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}
