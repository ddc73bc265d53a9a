package http2

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

func get(target string) *message.Request {
	return &message.Request{Method: "GET", Scheme: "http", Authority: "example.com", Target: target}
}

func readAll(t testing.TB, b message.Body) []byte {
	t.Helper()
	var all []byte
	for {
		piece, err := b.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("body: %v after %d bytes", err, len(all))
		}
		all = append(all, piece...)
	}
}

func TestClientServer(t *testing.T) {
	l := listen(t, nil, ServerOptions{}, echo)
	c := dial(t, l, ClientOptions{})
	for _, size := range []int{0, 1, 1000, 16384, 70000, 1 << 20, 5 << 20} {
		call, err := c.Open()
		if err != nil {
			t.Fatal(err)
		}
		call.SetDeadline(time.Now().Add(20 * time.Second))
		sent := bytes.Repeat([]byte("abcdefghij"), size/10+1)[:size]
		r := get("/x")
		r.Method = "POST"
		r.ContentLength = int64(size)
		done := make(chan error, 1)
		if err := call.Send(r, nil, size == 0); err != nil {
			t.Fatal(err)
		}
		go func() {
			if size > 0 {
				done <- call.Body(sent, true)
				return
			}
			done <- nil
		}()
		var response message.Response
		if err := call.Receive(&response); err != nil || response.Status != 200 {
			t.Fatal(response, err)
		}
		got := readAll(t, call)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, sent) {
			t.Fatalf("%d of %d bytes", len(got), len(sent))
		}
		call.Release()
	}
	if c.Active() != 0 {
		t.Fatal(c.Active())
	}
}
