package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// TestBodiesOfUnknownLengthAreBounded keeps that a body which does not say its length is not longer than one may be that does.
func TestBodiesOfUnknownLengthAreBounded(t *testing.T) {
	whole := make(chan int, 16)
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{
		"a": {backend(t, func(_ http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); err == nil {
				whole <- len(body)
			}
		})},
	}), func(o *proxy.Options) { o.MaxBodyBytes = 100 << 10 })
	chunk := func(size int) string { return fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("x", size)) }
	const head = "POST /%s HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	const next = "GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
	cases := []struct{ name, reason, body, want string }{
		{"exact", "a body of just the limit is taken", chunk(100<<10) + "0\r\n\r\n", "200"},
		{"piece", "what comes with the head counts", chunk(100<<10+1) + "0\r\n\r\n", "413"},
		{"sum", "pieces are summed up", strings.Repeat(chunk(10<<10), 11) + "0\r\n\r\n", "413"},
		{"endless", "the answer does not wait for the end", strings.Repeat(chunk(10<<10), 12), "413"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := b.raw(fmt.Sprintf(head, c.name) + c.body + next)
			if !strings.HasPrefix(got, "HTTP/1.1 "+c.want) {
				t.Fatalf("%s: got %.80q", c.reason, got)
			}
			if c.want == "200" {
				if n := <-whole; n != 100<<10 {
					t.Fatalf("the backend got %d bytes", n)
				}
				<-whole // of the request that follows
				return
			}
			if strings.Count(got, "HTTP/1.1 ") != 1 || !strings.Contains(got, "Connection: close\r\n") {
				t.Fatalf("the connection ends with the answer: got %q", got)
			}
			if record := b.last("/" + c.name); record["reason"] != "body_too_large" {
				t.Fatalf("got %v", record)
			}
		})
	}
	if len(whole) > 0 {
		t.Fatalf("a backend took a body of %d bytes for whole", <-whole)
	}
}

func TestBodiesOfUnknownLengthAreBoundedOverHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, drained(echo("a")))}}),
		func(o *proxy.Options) { o.MaxBodyBytes = 100 << 10 })
	client := b.h2cClient()
	for size, want := range map[int]int{100 << 10: 200, 100<<10 + 1: 413} {
		body, send := io.Pipe()
		go func() {
			_, _ = io.CopyN(send, strings.NewReader(strings.Repeat("x", size)), int64(size))
			if want == 200 {
				send.Close()
			}
		}()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a/", body)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		body.Close()
		if response.StatusCode != want {
			t.Fatalf("%d bytes: got %d", size, response.StatusCode)
		}
	}
	if response, err := client.Get("http://a/"); err != nil || response.StatusCode != 200 {
		t.Fatalf("other streams of the connection go on: got %v, %v", response, err)
	} else {
		response.Body.Close()
	}
}

// TestSlowBodyOverHTTP2 keeps that a client learns why its request has ended.
func TestSlowBodyOverHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, drained(echo("a")))}}),
		func(o *proxy.Options) { o.BodyTimeout = 100 * time.Millisecond })
	body, send := io.Pipe()
	defer send.Close()
	go func() { _, _ = io.WriteString(send, "begin") }()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://a/", body)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.h2cClient().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 400 {
		t.Fatalf("got %d", response.StatusCode)
	}
}
