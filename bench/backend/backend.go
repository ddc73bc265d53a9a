// Package backend is the server behind the proxies of a benchmark: HTTP/1.1 with bodies of several
// sizes, an upload sink and a WebSocket echo on one port, a gRPC echo over HTTP/2 without TLS on
// another. It answers from fixed bytes in one thread, so that it is never what is measured.
//
// The last segment of a path chooses the answer: /1k, /16k and /128k are bodies of that size, /upload
// answers a body with its length, /ws becomes a WebSocket. Whatever stands before it is for routes.
package backend

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/bench/counter"
	"github.com/fleetgate/fleetgate/bench/loop"
)

// Sizes are the bodies that there are, by the last segment of the path.
var Sizes = map[string]int{"1k": 1 << 10, "16k": 16 << 10, "128k": 128 << 10}

// Server is a backend on a loop.
type Server struct {
	// HTTP and GRPC are the addresses of the two ports.
	HTTP, GRPC netip.AddrPort

	counters  *counter.Counters
	responses map[string][]byte
}

// Start listens at two free ports of an address. The loop serves them once it runs.
func Start(l *loop.Loop, address netip.Addr, counters *counter.Counters) (*Server, error) {
	s := &Server{counters: counters, responses: map[string][]byte{}}
	for name, size := range Sizes {
		s.responses[name] = response("200 OK", strings.Repeat("fleetgate.bench\n", size/16))
	}
	free := netip.AddrPortFrom(address, 0)
	var err error
	if s.HTTP, err = l.Listen(free, func() loop.Handler { return &httpConn{server: s} }); err != nil {
		return nil, err
	}
	s.GRPC, err = l.Listen(free, func() loop.Handler { return newGRPCConn(s) })
	return s, err
}

// response is an answer as a plain backend gives it. The date stays the one of the start: what
// counts is that it is there.
func response(status, body string) []byte {
	date := time.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	return fmt.Appendf(nil, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nDate: %s\r\nContent-Length: %d\r\n\r\n%s", status, date, len(body), body)
}
