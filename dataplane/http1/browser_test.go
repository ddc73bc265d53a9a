package http1

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// browser is a request as browsers send them, of ten fields and Host.
const browser = "GET /articles/2024/05/some-title.html?ref=home&page=2 HTTP/1.1\r\n" +
	"Host: www.example.com\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n" +
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
	"Accept-Language: en-US,en;q=0.5\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Referer: https://www.example.com/articles/\r\n" +
	"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=1\r\n" +
	"Connection: keep-alive\r\n" +
	"Upgrade-Insecure-Requests: 1\r\n" +
	"Sec-Fetch-Dest: document\r\n\r\n"

// page is its response.
const page = "HTTP/1.1 200 OK\r\n" +
	"Date: Mon, 06 May 2024 10:00:00 GMT\r\n" +
	"Server: backend\r\n" +
	"Content-Type: text/html; charset=utf-8\r\n" +
	"Content-Length: 1024\r\n" +
	"Connection: keep-alive\r\n" +
	"Cache-Control: private, max-age=0\r\n" +
	"Vary: Accept-Encoding\r\n" +
	"ETag: \"5f3c-1a2b\"\r\n" +
	"Set-Cookie: session=0123456789abcdef; Path=/; Secure; HttpOnly; SameSite=Lax\r\n" +
	"X-Content-Type-Options: nosniff\r\n\r\n"

func mustRequest(t testing.TB, head string) *message.Request {
	t.Helper()
	r := &message.Request{}
	if err := ParseRequest([]byte(head), r, Limits{}); err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	return r
}

func mustResponse(t testing.TB, head, method string) *message.Response {
	t.Helper()
	r := &message.Response{}
	if _, err := ParseResponse([]byte(head), method, r, Limits{}); err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	return r
}

// TestAllocations holds the engine to its promise: nothing is allocated for a message once its
// memory is there.
func TestAllocations(t *testing.T) {
	var (
		request  message.Request
		response message.Response
		chunks   Chunks
		out      = make([]byte, 0, 4096)
		head     = []byte(browser)
		answer   = []byte(page)
		body     = []byte("5;a=\"b\"\r\nhello\r\n400\r\n" + string(make([]byte, 1024)) + "\r\n0\r\n\r\n")
		broken   = []byte("GET / HTTP/1.1\r\nHost: a\r\nA b: c\r\n\r\n")
	)
	cases := []struct {
		name string
		run  func() bool
	}{
		{"end", func() bool { end, err := HeadEnd(head, 0); return err == nil && end == len(head) }},
		{"request", func() bool { return ParseRequest(head, &request, Limits{}) == nil }},
		{"response", func() bool { _, err := ParseResponse(answer, "GET", &response, Limits{}); return err == nil }},
		{"refusal", func() bool { return ParseRequest(broken, &request, Limits{}) != nil }},
		{"chunks", func() bool {
			chunks.Reset()
			for rest := body; ; {
				_, used, err := chunks.Next(rest)
				if rest = rest[used:]; err != nil {
					return len(rest) == 0
				}
			}
		}},
		{"append request", func() bool { out = AppendRequest(out[:0], &request); return true }},
		{"append response", func() bool { out = AppendResponse(out[:0], &response, Framing{Close: true}); return true }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if n := testing.AllocsPerRun(100, func() {
				if !c.run() {
					t.Error("not the result that is meant")
				}
			}); n != 0 {
				t.Errorf("%v allocations", n)
			}
		})
	}
}

func BenchmarkHeadEnd(b *testing.B) {
	head := []byte(browser)
	b.ReportAllocs()
	for b.Loop() {
		if end, err := HeadEnd(head, 0); end != len(head) || err != nil {
			b.Fatal(end, err)
		}
	}
}

func BenchmarkParseRequest(b *testing.B) {
	head := []byte(browser)
	var r message.Request
	b.ReportAllocs()
	for b.Loop() {
		if err := ParseRequest(head, &r, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseResponse(b *testing.B) {
	head := []byte(page)
	var r message.Response
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseResponse(head, "GET", &r, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendRequest(b *testing.B) {
	r := mustRequest(b, browser)
	out := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		out = AppendRequest(out[:0], r)
	}
}

func BenchmarkAppendResponse(b *testing.B) {
	r := mustResponse(b, page, "GET")
	out := make([]byte, 0, 2048)
	b.ReportAllocs()
	for b.Loop() {
		out = AppendResponse(out[:0], r, Framing{Version: message.HTTP11})
	}
}
