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

	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pair is two ends of a TCP connection, the first wrapped.
func pair(t *testing.T) (*socket.Conn, *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	far, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	near, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { near.Close(); far.Close() })
	return socket.New(near), far.(*net.TCPConn)
}

func TestReadAndEnd(t *testing.T) {
	near, far := pair(t)
	go func() {
		time.Sleep(5 * time.Millisecond)
		_, _ = far.Write([]byte("hello"))
		_ = far.CloseWrite()
	}()
	if err := near.WaitRead(); err != nil {
		t.Fatal(err)
	}
	b, n, err := near.Take(socket.SmallBuffers)
	if err != nil || string(b.Bytes[:n]) != "hello" {
		t.Fatalf("got %d, %v", n, err)
	}
	b.Free()
	if b, _, err := near.Take(socket.SmallBuffers); !errors.Is(err, io.EOF) || b != nil {
		t.Fatalf("got %v, %v", b, err)
	}
	if n, err := near.Read(make([]byte, 10)); n != 0 || !errors.Is(err, io.EOF) {
		t.Fatalf("got %d, %v", n, err)
	}
}

func TestWritePartsOfAnySize(t *testing.T) {
	for _, size := range []int{0, 1, 70 << 10, 8 << 20} {
		near, far := pair(t)
		body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		failed := make(chan error, 1)
		go func() {
			err := near.WriteParts([]byte("head"), body, []byte("tail"))
			_ = near.Conn.(*net.TCPConn).CloseWrite()
			failed <- err
		}()
		time.Sleep(2 * time.Millisecond) // lets the socket's buffer run full
		got, err := io.ReadAll(far)
		if err != nil || <-failed != nil || !bytes.Equal(got, append(append([]byte("head"), body...), "tail"...)) {
			t.Fatalf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
}

func TestExchange(t *testing.T) {
	near, far := pair(t)
	go func() {
		request := make([]byte, 7)
		_, _ = io.ReadFull(far, request)
		_, _ = far.Write(append([]byte("re: "), request...))
	}()
	b, n, err := near.Exchange([]byte("request"), socket.LargeBuffers)
	if err != nil || string(b.Bytes[:n]) != "re: request" {
		t.Fatalf("got %d, %v", n, err)
	}
	b.Free()
	big := bytes.Repeat([]byte("x"), 9<<20)
	go func() {
		_, _ = io.CopyN(io.Discard, far, int64(len(big)))
		_, _ = far.Write([]byte("ok"))
	}()
	b, n, err = near.Exchange(big, socket.LargeBuffers)
	if err != nil || string(b.Bytes[:n]) != "ok" {
		t.Fatalf("a request larger than the socket's buffers: got %d, %v", n, err)
	}
	b.Free()
}

func TestStaleConnectionsGetNothing(t *testing.T) {
	cases := []struct {
		name, reason string
		spoil        func(far *net.TCPConn)
	}{
		{"closed", "the backend closed it while it was idle", func(far *net.TCPConn) { _ = far.CloseWrite() }},
		{"unasked", "an answer that nobody asked for would be taken for the next one", func(far *net.TCPConn) { _, _ = far.Write([]byte("x")) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			near, far := pair(t)
			c.spoil(far)
			if err := near.WaitRead(); err != nil && !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			if _, _, err := near.Exchange([]byte("request"), socket.SmallBuffers); !errors.Is(err, socket.ErrStale) {
				t.Fatalf("%s: got %v", c.reason, err)
			}
			if _, err := near.WriteFresh([]byte("request")); !errors.Is(err, socket.ErrStale) {
				t.Fatalf("%s: got %v", c.reason, err)
			}
			_ = near.Close()
			if got, _ := io.ReadAll(far); len(got) > 0 {
				t.Fatalf("%s: %q was sent", c.reason, got)
			}
		})
	}
}

func TestDeadlinesAndInterrupt(t *testing.T) {
	near, far := pair(t)
	if err := near.ReadUntil(time.Now().Add(5 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if err := near.ReadWithin(time.Now(), time.Hour); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(5*time.Millisecond, near.Interrupt)
	if err := near.WaitRead(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	if err := near.Resume(); err != nil {
		t.Fatal(err)
	}
	_, _ = far.Write([]byte("x"))
	if n, err := near.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
}

// TestExchangeThatIsTooLateCanBeRepeated keeps that a request is not taken for sent when a deadline was over before.
func TestExchangeThatIsTooLateCanBeRepeated(t *testing.T) {
	near, far := pair(t)
	_ = near.ReadUntil(time.Unix(1, 0))
	var timeout interface{ Timeout() bool }
	if _, _, err := near.Exchange([]byte("request"), socket.SmallBuffers); !errors.Is(err, socket.ErrNotSent) || !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Fatalf("got %v", err)
	}
	go func() {
		request := make([]byte, 7)
		_, _ = io.ReadFull(far, request)
		_, _ = far.Write(request)
	}()
	_ = near.ReadUntil(time.Now().Add(5 * time.Second))
	b, n, err := near.Exchange([]byte("request"), socket.SmallBuffers)
	if err != nil || string(b.Bytes[:n]) != "request" {
		t.Fatalf("got %d, %v", n, err)
	}
	b.Free()
}

// TestResetIsAnErrorWithoutBytes keeps io.Reader's contract, on which crypto/tls relies with a panic.
func TestResetIsAnErrorWithoutBytes(t *testing.T) {
	near, far := pair(t)
	_ = far.SetLinger(0)
	far.Close()
	for near.WaitRead() == nil {
		time.Sleep(time.Millisecond)
	}
	near, far = pair(t)
	_ = far.SetLinger(0)
	time.AfterFunc(5*time.Millisecond, func() { far.Close() })
	if n, err := near.Read(make([]byte, 10)); n != 0 || !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("got %d, %v", n, err)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	near, far := pair(t)
	go func() {
		b := make([]byte, 64)
		for {
			n, err := far.Read(b)
			if err != nil {
				return
			}
			_, _ = far.Write(b[:n])
		}
	}()
	request := []byte("request")
	allocated := testing.AllocsPerRun(200, func() {
		now := time.Now()
		_ = near.ReadWithin(now, time.Minute)
		_ = near.WriteWithin(now, time.Minute)
		b, n, err := near.Exchange(request, socket.SmallBuffers)
		if err != nil || n != len(request) {
			t.Fatal(n, err)
		}
		b.Free()
	})
	if allocated > 0 {
		t.Fatalf("%v allocations for an exchange", allocated)
	}
}
