//go:build !race

package proxy_test

import (
	"bytes"
	"net"
	"runtime"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// TestNothingIsAllocatedForARequest counts the allocations of the whole process, in which client and backend are
// bare sockets that allocate nothing.
func TestNothingIsAllocatedForARequest(t *testing.T) {
	answer := []byte("HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 11:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n" + string(make([]byte, 1024)))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for buffer := make([]byte, 8<<10); ; {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {endpointOf(t, listener.Addr().String())}}), func(o *proxy.Options) { o.AccessLog = nil })
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cases := []struct{ name, request string }{
		{"GET", "GET /some/path?q=1 HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: x\r\nAccept: */*\r\nCookie: a=b\r\n\r\n"},
		{"POST with a small body", "POST /x HTTP/1.1\r\nHost: shop.example.com\r\nContent-Length: 5\r\n\r\nhello"},
	}
	for _, c := range cases {
		request, reply := []byte(c.request), make([]byte, 4<<10)
		exchange := func() {
			if _, err := conn.Write(request); err != nil {
				t.Fatal(err)
			}
			for got := 0; !bytes.HasSuffix(reply[:got], answer[len(answer)-1024:]) || got < len(answer); {
				n, err := conn.Read(reply[got:])
				if err != nil {
					t.Fatal(err)
				}
				got += n
			}
		}
		for range 200 {
			exchange() // pools and slices grow to what is needed
		}
		const requests = 2000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range requests {
			exchange()
		}
		runtime.ReadMemStats(&after)
		if got := float64(after.Mallocs-before.Mallocs) / requests; got > 0.05 {
			t.Errorf("%s: %.2f allocations a request", c.name, got)
		}
	}
}
