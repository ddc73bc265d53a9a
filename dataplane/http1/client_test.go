package http1

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// TestBothWaysFailAtOnce keeps that a backend which goes may fail the writing and the receiving goroutine at
// the same time; the race detector looks on.
func TestBothWaysFailAtOnce(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for range 10 {
		conn, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		backend, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c := NewClient(socket.New(conn))
		r := message.Request{Version: message.HTTP11, Method: "POST", Authority: "a", Target: "/", ContentLength: message.Unknown}
		if err := c.Send(&r, nil, false); err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(20*time.Second), 0)
		var group sync.WaitGroup
		group.Go(func() {
			for piece := make([]byte, 1<<20); c.Body(piece, false) == nil; {
				continue
			}
		})
		group.Go(func() {
			if err := c.Receive(&message.Response{}); err == nil {
				t.Error("there was no response")
			}
		})
		_ = backend.(*net.TCPConn).SetLinger(0)
		backend.Close()
		group.Wait()
		if c.Release() {
			t.Fatal("the connection is kept")
		}
	}
}
