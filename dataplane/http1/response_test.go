package http1

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

func TestParseResponse(t *testing.T) {
	field := message.NewField
	cases := []struct {
		name, reason, head, method string
		chunked                    bool
		want                       message.Response
	}{
		{
			"length", "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "GET", false,
			message.Response{Status: 200, ContentLength: 5, Fields: []message.Field{field("Content-Length", "5")}},
		},
		{
			"chunked", "", "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n", "GET", true,
			message.Response{Status: 404, ContentLength: -1, Fields: []message.Field{field("Transfer-Encoding", "chunked")}},
		},
		{
			"until the end", "neither length nor chunks: the connection's end is the body's", "HTTP/1.1 200 OK\r\n", "GET", false,
			message.Response{Status: 200, ContentLength: -1, Close: true},
		},
		{
			"close", "", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n", "GET", false,
			message.Response{Status: 200, Close: true, Fields: []message.Field{field("Content-Length", "0"), field("Connection", "close")}},
		},
		{
			"old", "", "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 200, Close: true, Fields: []message.Field{field("Content-Length", "0")}},
		},
		{
			"old, kept alive", "", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n", "GET", false,
			message.Response{Status: 200, ContentLength: 1, Fields: []message.Field{field("Connection", "keep-alive"), field("Content-Length", "1")}},
		},
		{
			"other phrase", "", "HTTP/1.1 200 Sehr\tsch\xf6n \r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 200, Reason: "Sehr\tsch\xf6n ", Fields: []message.Field{field("Content-Length", "0")}},
		},
		{
			"no phrase", "", "HTTP/1.1 200 \r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 200, Fields: []message.Field{field("Content-Length", "0")}},
		},
		{
			"no space before no phrase", "common, and RFC 9112 section 4 wants it read", "HTTP/1.1 200\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 200, Fields: []message.Field{field("Content-Length", "0")}},
		},
		{
			"unknown status", "read as x00", "HTTP/1.1 599 Odd\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 599, Reason: "Odd", Fields: []message.Field{field("Content-Length", "0")}},
		},
		{
			"HEAD", "the length is that of the answer to GET", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", "HEAD", false,
			message.Response{Status: 200, ContentLength: 5, Bodiless: true, Fields: []message.Field{field("Content-Length", "5")}},
		},
		{
			"HEAD without length", "does not end with the connection", "HTTP/1.1 200 OK\r\n", "HEAD", false,
			message.Response{Status: 200, ContentLength: -1, Bodiless: true},
		},
		{
			"HEAD, chunked", "as GET would have been", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", "HEAD", true,
			message.Response{Status: 200, ContentLength: -1, Bodiless: true, Fields: []message.Field{field("Transfer-Encoding", "chunked")}},
		},
		{"not modified", "", "HTTP/1.1 304 Not Modified\r\n", "GET", false, message.Response{Status: 304, ContentLength: -1, Bodiless: true}},
		{"no content", "", "HTTP/1.1 204 No Content\r\n", "GET", false, message.Response{Status: 204, ContentLength: -1, Bodiless: true}},
		{
			"no content, length 0", "many backends say so; it changes nothing", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 204, ContentLength: -1, Bodiless: true, Fields: []message.Field{field("Content-Length", "0")}},
		},
		{
			"no content, some length", "what follows may be that body: the connection is not used again", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n", "GET", false,
			message.Response{Status: 204, ContentLength: -1, Bodiless: true, Close: true, Fields: []message.Field{field("Content-Length", "5")}},
		},
		{
			"early hints", "", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n", "GET", false,
			message.Response{Status: 103, ContentLength: -1, Bodiless: true, Fields: []message.Field{{Name: "Link", Value: "</a>"}}},
		},
		{
			"switching", "", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n", "GET", false,
			message.Response{
				Status: 101, ContentLength: -1, Bodiless: true, Upgrade: "websocket",
				Fields: []message.Field{field("Connection", "upgrade"), field("Upgrade", "websocket")},
			},
		},
		{
			"upgrade offered", "only a 101 changes anything", "HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade\r\nUpgrade: a\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 426, Fields: []message.Field{field("Connection", "upgrade"), field("Upgrade", "a"), field("Content-Length", "0")}},
		},
		{
			"underscore", "no CGI reads a response", "HTTP/1.1 200 OK\r\nX_A: b\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 200, Fields: []message.Field{{Name: "X_A", Value: "b"}, field("Content-Length", "0")}},
		},
		{
			"fields of requests", "they mean nothing here", "HTTP/1.1 200 OK\r\nHost: a/b\r\nHost: c\r\nExpect: d\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 200, Fields: []message.Field{field("Host", "a/b"), field("Host", "c"), field("Expect", "d"), field("Content-Length", "0")}},
		},
		{
			"nominated", "", "HTTP/1.1 200 OK\r\nX-A: 1\r\nConnection: x-a\r\nContent-Length: 0\r\n", "GET", false,
			message.Response{Status: 200, Fields: []message.Field{{Name: "X-A", Value: "1", Hop: true}, field("Connection", "x-a"), field("Content-Length", "0")}},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := message.Response{Reason: "left over", Bodiless: true, Close: true, Upgrade: "left over"}
			chunked, err := ParseResponse([]byte(c.head+"\r\n"), c.method, &got, Limits{})
			if len(got.Fields) == 0 {
				got.Fields = nil
			}
			if err != nil || chunked != c.chunked || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: chunked %v, %v\ngot  %+v\nwant %+v", c.reason, chunked, err, got, c.want)
			}
		})
	}
}

func TestParseResponseRefuses(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	cases := []struct{ name, reason, head, want string }{
		{"nothing", "", "", "bad_head"},
		{"short", "", "HTTP/1.1 20\r\n\r\n", "bad_status_line"},
		{"cut", "", "HTTP/1.1 200 OK", "bad_head"},
		{"empty line first", "the RFC has that for requests only", "\r\n" + ok + "\r\n", "bad_status_line"},
		{"other version", "", "HTTP/2.0 200 OK\r\n\r\n", "other_version"},
		{"lower case", "", "http/1.1 200 OK\r\n\r\n", "bad_version"},
		{"other protocol", "", "ICY/1.0  200 OK\r\n\r\n", "bad_version"},
		{"no version", "", "ICY 200 OK\r\nA: b\r\n\r\n", "bad_status_line"},
		{"two spaces", "", "HTTP/1.1  200 OK\r\n\r\n", "bad_status_line"},
		{"two digits", "", "HTTP/1.1 20 OK\r\n\r\n", "bad_status_line"},
		{"four digits", "", "HTTP/1.1 2000 OK\r\n\r\n", "bad_status_line"},
		{"sign", "", "HTTP/1.1 +20 OK\r\n\r\n", "bad_status_line"},
		{"below 100", "", "HTTP/1.1 099 OK\r\n\r\n", "bad_status"},
		{"above 599", "", "HTTP/1.1 600 OK\r\n\r\n", "bad_status"},
		{"bare LF", "", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "bare_lf"},
		{"bare LF at the status", "", "HTTP/1.1 200\nA: b\r\n\r\n", "bad_status_line"},
		{"bare CR", "", "HTTP/1.1 200 OK\rA: b\r\n\r\n", "bare_cr"},
		{"NUL", "", "HTTP/1.1 200 O\x00K\r\n\r\n", "control_character"},
		{"fold", "", ok + "A: b\r\n c\r\n\r\n", "obsolete_fold"},
		{"space before the colon", "", ok + "A : b\r\n\r\n", "space_before_colon"},
		{"no colon", "", ok + "A\r\n\r\n", "bad_field_name"},
		{"more behind", "", ok + "\r\nA", "bad_head"},
		{"length and coding", "response splitting", ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer_encoding_and_content_length"},
		{"two lengths", "", ok + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", "many_content_lengths"},
		{"sign of a length", "", ok + "Content-Length: +1\r\n\r\n", "bad_content_length"},
		{"bad length without a body", "ignored, but not unread", "HTTP/1.1 204 No Content\r\nContent-Length: a\r\n\r\n", "bad_content_length"},
		{"other coding", "", ok + "Transfer-Encoding: gzip\r\n\r\n", "other_transfer_encoding"},
		{"coding before chunked", "we did not ask for it in TE", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", "other_transfer_encoding"},
		{"coding in HTTP/1.0", "", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer_encoding_in_http10"},
		{"chunked 204", "chunks that nobody reads", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer_encoding_without_body"},
		{"chunked 1xx", "", "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n", "transfer_encoding_without_body"},
		{"101 without protocol", "what is spoken from here on?", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\r\n", "bad_upgrade"},
		{"101 without option", "", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n", "bad_upgrade"},
		{"101 to HTTP/2", "we never ask for it", "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", "bad_upgrade"},
		{"too many fields", "", ok + strings.Repeat("A: b\r\n", DefaultFields+1) + "\r\n", "too_many_fields"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r message.Response
			_, err := ParseResponse([]byte(c.head), "GET", &r, Limits{})
			want := Fault{Status: 502, Reason: c.want}
			if fault := asFault(err); fault == nil || *fault != want {
				t.Errorf("%s: got %+v, want %+v", c.reason, err, want)
			}
		})
	}
	var r message.Response
	if _, err := ParseResponse([]byte(page), "GET", &r, Limits{Bytes: 10}); word(err) != "head_too_large" {
		t.Errorf("got %v for a head over the limit", err)
	}
}
