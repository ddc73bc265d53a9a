package socket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	slow, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	listener := socket.Listen(slow)
	t.Cleanup(func() { listener.Close() })
	if listener == slow {
		t.Fatal("a TCP listener was not taken over")
	}
	return listener
}

// visit gives both ends of a connection to a listener, the accepted one as it came.
func visit(t *testing.T, listener net.Listener) (net.Conn, *net.TCPConn) {
	t.Helper()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return near, far.(*net.TCPConn)
}

func TestAcceptedConnections(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", ":0"} {
		t.Run(address, func(t *testing.T) {
			listener := listen(t, address)
			near, far := visit(t, listener)
			if got, want := near.RemoteAddr().(*net.TCPAddr).AddrPort(), far.LocalAddr().(*net.TCPAddr).AddrPort(); got.Port() != want.Port() || got.Addr().Unmap() != want.Addr() {
				t.Errorf("it says that it comes from %v: it comes from %v", got, want)
			}
			if near.LocalAddr().String() != listener.Addr().String() {
				t.Errorf("got %v", near.LocalAddr())
			}
			conn := socket.New(near)
			_, _ = far.Write([]byte("there"))
			b, n, err := conn.Take(socket.SmallBuffers)
			if err != nil || string(b.Bytes[:n]) != "there" {
				t.Fatalf("got %d, %v", n, err)
			}
			b.Free()
			if _, err := conn.Write([]byte("back")); err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if got, err := io.ReadAll(far); string(got) != "back" || err != nil {
				t.Fatalf("got %q, %v", got, err)
			}
		})
	}
}

// TestAcceptedOptions keeps what connections have from the listening socket.
func TestAcceptedOptions(t *testing.T) {
	near, _ := visit(t, listen(t, "127.0.0.1:0"))
	raw, err := near.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		if v, err := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY); v == 0 || err != nil {
			t.Errorf("TCP_NODELAY is %d, %v: small writes would wait for acknowledgements", v, err)
		}
	})
}

// TestAcceptedWaits keeps that a connection waits on the poller: for what comes later, for room to
// write, and no longer than its deadline, whenever that was set.
func TestAcceptedWaits(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	cases := []struct {
		name, reason string
		do           func(t *testing.T, conn *socket.Conn, far *net.TCPConn)
	}{
		{"bytes", "what comes later is waited for", func(t *testing.T, conn *socket.Conn, far *net.TCPConn) {
			time.AfterFunc(5*time.Millisecond, func() { _, _ = far.Write([]byte("late")) })
			b := make([]byte, 10)
			if n, err := conn.Read(b); string(b[:n]) != "late" || err != nil {
				t.Errorf("got %q, %v", b[:n], err)
			}
		}},
		{"room", "more than the socket takes at once goes out piece by piece", func(t *testing.T, conn *socket.Conn, far *net.TCPConn) {
			body := bytes.Repeat([]byte("0123456789abcdef"), 1<<19)
			go func() { _ = conn.WriteParts([]byte("h"), body, nil); conn.Close() }()
			if got, err := io.ReadAll(far); len(got) != len(body)+1 || err != nil {
				t.Errorf("got %d, %v", len(got), err)
			}
		}},
		{"deadline before", "a deadline holds that was set before the first wait", func(t *testing.T, conn *socket.Conn, _ *net.TCPConn) {
			_ = conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}},
		{"deadline over", "nothing is read after a deadline, even if there is something", func(t *testing.T, conn *socket.Conn, far *net.TCPConn) {
			_, _ = far.Write([]byte("x"))
			conn.Interrupt()
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			if err := conn.Resume(); err != nil {
				t.Error(err)
			}
			if n, err := conn.Read(make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
		}},
		{"interrupt", "a wait is ended from elsewhere", func(t *testing.T, conn *socket.Conn, _ *net.TCPConn) {
			time.AfterFunc(5*time.Millisecond, conn.Interrupt)
			if err := conn.WaitRead(); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		}},
		{"close", "so it is by a close", func(t *testing.T, conn *socket.Conn, _ *net.TCPConn) {
			time.AfterFunc(5*time.Millisecond, func() { conn.Close() })
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("a closed connection was read")
			}
		}},
		{"plain methods", "those of net.Conn work too", func(t *testing.T, conn *socket.Conn, far *net.TCPConn) {
			_, _ = far.Write([]byte("x"))
			if n, err := conn.Conn.Read(make([]byte, 1)); n != 1 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
			if n, err := conn.Conn.Write([]byte("y")); n != 1 || err != nil {
				t.Errorf("got %d, %v", n, err)
			}
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Log(c.reason)
			near, far := visit(t, listener)
			c.do(t, socket.New(near), far)
		})
	}
}

// TestAcceptedEnds keeps how connections end, whether they have waited on the poller before or not.
func TestAcceptedEnds(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	for _, waited := range []bool{false, true} {
		begin := func() (*socket.Conn, *net.TCPConn) {
			near, far := visit(t, listener)
			conn := socket.New(near)
			if waited {
				_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
				_ = conn.WaitRead()
				_ = conn.SetReadDeadline(time.Time{})
			}
			return conn, far
		}
		conn, far := begin()
		if err := conn.Conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if n, err := far.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("half closed: got %d, %v", n, err)
		}
		_, _ = far.Write([]byte("x"))
		if n, err := conn.Read(make([]byte, 1)); n != 1 || err != nil {
			t.Errorf("the other half: got %d, %v", n, err)
		}
		conn, far = begin()
		if err := conn.Conn.(interface{ SetLinger(seconds int) error }).SetLinger(0); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("reset: got %v", err)
		}
		if conn.Close() == nil || conn.SetReadDeadline(time.Now()) == nil {
			t.Error("a closed connection can be closed again, or have a deadline")
		}
		if _, err := conn.Write([]byte("x")); err == nil {
			t.Error("a closed connection was written to")
		}
	}
}

func TestListenerEnds(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	closed := make(chan struct{})
	time.AfterFunc(5*time.Millisecond, func() { defer close(closed); listener.Close() })
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	<-closed // Accept may return while the descriptor is being closed
	if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
		t.Error("something still listens")
	}
	if _, err := listener.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if other := (struct{ net.Listener }{listener}); socket.Listen(other) != net.Listener(other) {
		t.Error("what is not of TCP stays as it is")
	}
}

// TestConcurrentCloseIsSafe has connections closed from elsewhere at any moment of their life.
func TestConcurrentCloseIsSafe(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	for range 200 {
		far, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = far.Write([]byte("x"))
		near, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn := socket.New(near)
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = conn.ReadWithin(time.Now(), time.Second)
			_, _ = conn.Read(make([]byte, 1))
			_, _ = conn.Write([]byte("y"))
			_, _ = conn.Read(make([]byte, 1))
		}()
		conn.Close()
		<-done
		far.Close()
	}
}

// TestAcceptedAllocations bounds what a connection costs whose request is there when it is accepted.
func TestAcceptedAllocations(t *testing.T) {
	listener := listen(t, "127.0.0.1:0")
	const connections = 50
	var far [connections + 1]net.Conn // AllocsPerRun has a run more
	for i := range far {
		var err error
		if far[i], err = net.Dial("tcp", listener.Addr().String()); err != nil {
			t.Fatal(err)
		}
		defer far[i].Close()
		_, _ = far[i].Write([]byte("x"))
	}
	allocated := testing.AllocsPerRun(connections, func() {
		near, err := listener.Accept()
		if err != nil {
			t.Fatal(err)
		}
		conn := socket.New(near)
		b, _, err := conn.Take(socket.SmallBuffers)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write(b.Bytes[:1])
		b.Free()
		conn.Close()
	})
	if allocated > 5 {
		t.Errorf("%v allocations for a connection", allocated)
	}
}
