package http1

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// TestBodiesThatComeFast keeps that a long body is read in pieces that grow, that all of it comes, and that it
// holds no huge buffer in the end.
func TestBodiesThatComeFast(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	const size = 16 << 20
	go func() {
		far, err := net.Dial("tcp", listener.Addr().String())
		if err != nil {
			return
		}
		defer far.Close()
		_, _ = io.WriteString(far, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777216\r\n\r\n")
		body := make([]byte, size)
		for i := range body {
			body[i] = byte(i >> 8)
		}
		_, _ = far.Write(body)
		_, _ = io.Copy(io.Discard, far)
	}()
	near, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	const maxWait = time.Minute
	s := NewServer(socket.New(near), &ServerOptions{IdleTimeout: maxWait, HeadTimeout: maxWait, BodyTimeout: maxWait, WriteTimeout: maxWait})
	if err := s.ReadRequest(nil); err != nil || s.Request.ContentLength != size {
		t.Fatalf("got %d, %v", s.Request.ContentLength, err)
	}
	at := 0
	for {
		piece, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(piece); i += 251 {
			if piece[i] != byte((at+i)>>8) {
				t.Fatalf("byte %d is wrong", at+i)
			}
		}
		at += len(piece)
	}
	s.Release()
	if at != size || socket.HugeBuffers.InUse() != 0 {
		t.Errorf("got %d bytes; %d huge buffers are still in use", at, socket.HugeBuffers.InUse())
	}
}

// TestHugeBuffersAreFew keeps where a body takes its next buffer from.
func TestHugeBuffersAreFew(t *testing.T) {
	if c := (&body{kind: length, left: 1 << 30, plenty: true}).class(); c != socket.HugeBuffers {
		t.Error("a long body that comes fast gets no huge buffer")
	}
	if c := (&body{kind: length, left: socket.Large, plenty: true}).class(); c != socket.LargeBuffers {
		t.Error("a rest that fits into a large buffer gets a huge one")
	}
	if c := (&body{kind: chunked}).class(); c != socket.LargeBuffers {
		t.Error("a body that comes slowly gets a huge buffer")
	}
	var held [hugeBuffers]*socket.Buffer
	for i := range held {
		held[i] = socket.HugeBuffers.Get()
	}
	if c := (&body{kind: closed, plenty: true}).class(); c != socket.LargeBuffers {
		t.Error("there is no end of huge buffers")
	}
	for _, b := range held {
		b.Free()
	}
}
