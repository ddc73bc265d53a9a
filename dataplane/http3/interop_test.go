package http3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// all reads a body whole.
func all(st *Stream) ([]byte, error) {
	var body []byte
	for {
		piece, err := st.Next()
		if errors.Is(err, io.EOF) {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		body = append(body, piece...)
	}
}

// mirror answers with what it got: method, target and length as fields, the body, and trailers.
func mirror(st *Stream) {
	r := &st.Request
	response := message.Response{Status: 200, ContentLength: message.Unknown}
	body, err := all(st)
	if err != nil {
		return
	}
	response.Fields = fields("X-Method", r.Method, "x-target", r.Target, "x-authority", r.Authority,
		"x-length", strconv.FormatInt(r.ContentLength, 10), "content-type", "text/plain")
	trailers := st.Trailers()
	if r.Method == "HEAD" {
		response.ContentLength, response.Bodiless = 5, true
		_ = st.Respond(&response, nil, true)
		return
	}
	if len(trailers) == 0 {
		response.ContentLength = int64(len(body))
		_ = st.Respond(&response, body, true)
		return
	}
	if st.Respond(&response, body, false) == nil {
		_ = st.Trail(trailers)
	}
}

func TestGet(t *testing.T) {
	l := listen(t, ServerOptions{}, mirror)
	response, err := oracle(t).Get(l.url("/a?b=c"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	for name, want := range map[string]string{
		"X-Method": "GET", "X-Target": "/a?b=c", "X-Authority": l.address, "X-Length": "0", "Content-Length": "0", "Content-Type": "text/plain",
	} {
		if got := response.Header.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if response.StatusCode != 200 || len(body) != 0 || response.Proto != "HTTP/3.0" {
		t.Errorf("got %s %q over %s", response.Status, body, response.Proto)
	}
}

func TestHead(t *testing.T) {
	l := listen(t, ServerOptions{}, mirror)
	response, err := oracle(t).Head(l.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.ContentLength != 5 || response.Header.Get("X-Length") != "0" {
		t.Errorf("got %d bytes, request of %s", response.ContentLength, response.Header.Get("X-Length"))
	}
}

func TestBodies(t *testing.T) {
	large := make([]byte, 1<<20)
	_, _ = rand.Read(large)
	l := listen(t, ServerOptions{}, mirror)
	client := oracle(t)
	for _, test := range []struct {
		name, reason string
		body         io.Reader
		want         []byte
		length       string
	}{
		{"small", "comes with its head", bytes.NewReader([]byte("hello")), []byte("hello"), "5"},
		{"large", "both windows have to move", bytes.NewReader(large), large, strconv.Itoa(len(large))},
		{"of unknown length", "its end is the stream's", io.MultiReader(bytes.NewReader(large)), large, "-1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.Post(l.url("/"), "text/plain", test.body)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			got, err := io.ReadAll(response.Body)
			if err != nil || !bytes.Equal(got, test.want) {
				t.Errorf("%s: got %d bytes, %v", test.reason, len(got), err)
			}
			if got := response.Header.Get("X-Length"); got != test.length {
				t.Errorf("%s: got length %s", test.reason, got)
			}
		})
	}
}

func TestTrailers(t *testing.T) {
	l := listen(t, ServerOptions{}, mirror)
	r := request(t, t.Context(), http.MethodPost, l.url("/"))
	r.Body = io.NopCloser(strings.NewReader("body"))
	r.Trailer = http.Header{"X-Sum": {"42"}}
	response, err := oracle(t).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || string(body) != "body" {
		t.Errorf("got %q, %v", body, err)
	}
	if got := response.Trailer.Get("X-Sum"); got != "42" {
		t.Errorf("got trailer %q", got)
	}
}

func TestManyStreams(t *testing.T) {
	var now, most atomic.Int32
	l := listen(t, ServerOptions{}, func(st *Stream) {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		mirror(st)
	})
	client := oracle(t)
	var wg sync.WaitGroup
	var failed atomic.Int32
	for i := range 300 {
		wg.Go(func() {
			want := strings.Repeat(strconv.Itoa(i), 1000)
			response, err := client.Post(l.url("/"), "text/plain", strings.NewReader(want))
			if err != nil {
				failed.Add(1)
				return
			}
			defer response.Body.Close()
			if got, err := io.ReadAll(response.Body); err != nil || string(got) != want {
				failed.Add(1)
			}
		})
	}
	wg.Wait()
	if failed.Load() > 0 || most.Load() > 100 {
		t.Errorf("%d of 300 failed, %d at once where 100 may be", failed.Load(), most.Load())
	}
}

func TestClientLeaves(t *testing.T) {
	begun, left := make(chan struct{}), make(chan struct{})
	l := listen(t, ServerOptions{}, func(st *Stream) {
		if st.Request.Target != "/leave" {
			mirror(st)
			return
		}
		st.OnCancel(func() { close(left) })
		_ = st.Respond(&message.Response{Status: 200, ContentLength: message.Unknown}, []byte("some"), false)
		close(begun)
		<-left
		st.OnCancel(nil)
	})
	client := oracle(t)
	ctx, cancel := context.WithCancel(t.Context())
	response, err := client.Do(request(t, ctx, http.MethodGet, l.url("/leave")))
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	cancel()
	_ = response.Body.Close()
	select {
	case <-left:
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was told that the client has left")
	}
	again, err := client.Get(l.url("/"))
	if err != nil {
		t.Fatalf("the connection goes on: %v", err)
	}
	_ = again.Body.Close()
	if len(l.servers) != 1 {
		t.Errorf("%d connections", len(l.servers))
	}
}

func TestUploadStopped(t *testing.T) {
	l := listen(t, ServerOptions{}, func(st *Stream) {
		_ = st.Respond(&message.Response{Status: 413, ContentLength: 3}, []byte("no\n"), true)
	})
	endless, end := io.Pipe()
	defer end.Close()
	go func() {
		for {
			if _, err := end.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	}()
	response, err := oracle(t).Post(l.url("/"), "text/plain", endless)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || string(body) != "no\n" || response.StatusCode != 413 {
		t.Errorf("got %s %q %v", response.Status, body, err)
	}
}

func TestUnfinishedResponse(t *testing.T) {
	l := listen(t, ServerOptions{}, func(st *Stream) {
		_ = st.Respond(&message.Response{Status: 200, ContentLength: message.Unknown}, []byte("half"), false)
	})
	response, err := oracle(t).Get(l.url("/"))
	if err != nil {
		return // the reset came first
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil {
		t.Errorf("half a response was taken for a whole one: %q", body)
	}
}

func TestInterim(t *testing.T) {
	l := listen(t, ServerOptions{}, func(st *Stream) {
		_ = st.Inform(&message.Response{Status: 101})
		_ = st.Inform(&message.Response{Status: 103, Fields: fields("link", "</a>")})
		mirror(st)
	})
	response, err := oracle(t).Get(l.url("/"))
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("got %s", response.Status)
	}
}

func TestIdle(t *testing.T) {
	l := listen(t, ServerOptions{IdleTimeout: 300 * time.Millisecond}, func(st *Stream) {
		time.Sleep(time.Second) // longer than the connection may be idle
		mirror(st)
	})
	response, err := oracle(t).Get(l.url("/"))
	if err != nil {
		t.Fatalf("a connection with a request is not idle: %v", err)
	}
	_ = response.Body.Close()
	if errs := l.ended(t, 1); errs[0] != nil {
		t.Errorf("an idle connection ends in good order: %v", errs[0])
	}
}
