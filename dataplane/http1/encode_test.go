package http1

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

func TestAppendRequest(t *testing.T) {
	fields := []message.Field{
		message.NewField("Accept", "*/*"), message.NewField("Connection", "close"), message.NewField("Content-Length", "99"),
		message.NewField("Transfer-Encoding", "gzip"), message.NewField("Host", "evil"), message.NewField("Keep-Alive", "a"),
		{Name: "X-Hop", Value: "a", Hop: true},
		{Name: "transfer-encoding", Value: "gzip", ID: message.TransferEncoding},
		message.NewField("Empty", ""),
	}
	cases := []struct {
		name, reason string
		given        message.Request
		want         string
	}{
		{"plain", "", message.Request{Method: "GET", Target: "/a?b", Authority: "c:80"}, "GET /a?b HTTP/1.1\r\nHost: c:80\r\n\r\n"},
		{"no authority", "Host must be there, be it empty", message.Request{Method: "GET", Target: "/"}, "GET / HTTP/1.1\r\nHost: \r\n\r\n"},
		{
			"fields", "those of one connection and of framing are not passed on",
			message.Request{Method: "GET", Target: "/", Authority: "a", Fields: fields},
			"GET / HTTP/1.1\r\nHost: a\r\nAccept: */*\r\nEmpty: \r\n\r\n",
		},
		{
			"length", "",
			message.Request{Method: "DELETE", Target: "/", Authority: "a", ContentLength: 12},
			"DELETE / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n",
		},
		{
			"chunks", "",
			message.Request{Method: "POST", Target: "/", Authority: "a", ContentLength: message.Unknown},
			"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
		},
		{"empty POST", "RFC 9110 section 8.6", message.Request{Method: "POST", Target: "/", Authority: "a"}, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
		{"empty PUT", "", message.Request{Method: "PUT", Target: "/", Authority: "a"}, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
		{"empty PATCH", "", message.Request{Method: "PATCH", Target: "/", Authority: "a"}, "PATCH / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"},
		{
			"upgrade", "",
			message.Request{Method: "GET", Target: "/", Authority: "a", Upgrade: "websocket"},
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
		{
			"trailers", "",
			message.Request{Method: "GET", Target: "/", Authority: "a", Trailers: true},
			"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: TE\r\n\r\n",
		},
		{
			"upgrade and trailers", "",
			message.Request{Method: "GET", Target: "/", Authority: "a", Trailers: true, Upgrade: "b"},
			"GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: Upgrade, TE\r\nUpgrade: b\r\n\r\n",
		},
		{"close", "the client's connection is not the backend's", message.Request{Method: "GET", Target: "/", Authority: "a", Close: true}, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendRequest([]byte("before"), &c.given)); got != "before"+c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestAppendResponse(t *testing.T) {
	fields := []message.Field{
		message.NewField("Date", "now"), message.NewField("Connection", "close"), message.NewField("Content-Length", "99"),
		message.NewField("Transfer-Encoding", "gzip"),
		{Name: "X-Hop", Value: "a", Hop: true},
	}
	cases := []struct {
		name, reason string
		given        message.Response
		framing      Framing
		want         string
	}{
		{"length", "", message.Response{Status: 200, ContentLength: 5, Fields: fields}, Framing{}, "HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n"},
		{"empty", "", message.Response{Status: 404}, Framing{}, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
		{"chunks", "", message.Response{Status: 200, ContentLength: -1}, Framing{Chunked: true}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"chunks win", "never both", message.Response{Status: 200, ContentLength: 5}, Framing{Chunked: true}, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"close", "", message.Response{Status: 200, ContentLength: -1}, Framing{Version: 11, Close: true}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
		{
			"keep alive", "an HTTP/1.0 client must be told",
			message.Response{Status: 200},
			Framing{Version: 10, KeepAlive: true},
			"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
		},
		{"keep alive to HTTP/1.1", "it is so anyway", message.Response{Status: 200}, Framing{Version: 11, KeepAlive: true}, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
		{"phrase", "", message.Response{Status: 200, Reason: "Fine"}, Framing{}, "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n"},
		{"no phrase", "the space stays", message.Response{Status: 599}, Framing{}, "HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"},
		{"no content", "never has a length", message.Response{Status: 204, ContentLength: 0}, Framing{Chunked: true}, "HTTP/1.1 204 No Content\r\n\r\n"},
		{"interim", "", message.Response{Status: 103, Fields: fields[:1]}, Framing{}, "HTTP/1.1 103 Early Hints\r\nDate: now\r\n\r\n"},
		{"HEAD", "what GET would have", message.Response{Status: 200, ContentLength: 5, Bodiless: true}, Framing{}, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
		{"not modified", "", message.Response{Status: 304, ContentLength: 5, Bodiless: true}, Framing{}, "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"},
		{"not modified, not said", "", message.Response{Status: 304, ContentLength: -1, Bodiless: true}, Framing{}, "HTTP/1.1 304 Not Modified\r\n\r\n"},
		{
			"switching", "Close would contradict",
			message.Response{Status: 101, Upgrade: "websocket"},
			Framing{Close: true},
			"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := string(AppendResponse([]byte("before"), &c.given, c.framing)); got != "before"+c.want {
				t.Errorf("%s: got %q, want %q", c.reason, got, c.want)
			}
		})
	}
}

func TestAppendChunk(t *testing.T) {
	for size, want := range map[int]string{1: "1\r\n", 255: "ff\r\n", 1 << 20: "100000\r\n"} {
		if got := string(AppendChunk(nil, size)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
