package http1

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

func TestParseRequest(t *testing.T) {
	host := "Host: a\r\n"
	line := "GET / HTTP/1.1\r\n" + host
	plain := message.Request{Version: 11, Method: "GET", Authority: "a", Target: "/"}
	cases := []struct {
		name, reason, head string
		want               func(r *message.Request)
	}{
		{"plain", "", line, func(*message.Request) {}},
		{"empty line first", "RFC 9112 section 2.2", "\r\n" + line, func(*message.Request) {}},
		{"method", "any token is one", "m-search!#$%&'*+.^_`|~09 / HTTP/1.1\r\n" + host, func(r *message.Request) { r.Method = "m-search!#$%&'*+.^_`|~09" }},
		{"query", "", "GET /a?b=1;c=/?%zz HTTP/1.1\r\n" + host, func(r *message.Request) { r.Target = "/a?b=1;c=/?%zz" }},
		{"raw bytes", "normalisation escapes them", "GET /caf\xc3\xa9\xff~~~~~~~~ HTTP/1.1\r\n" + host, func(r *message.Request) { r.Target = "/caf\xc3\xa9\xff~~~~~~~~" }},
		{"doubled slash", "a path, not an authority", "GET //b/c HTTP/1.1\r\n" + host, func(r *message.Request) { r.Target = "//b/c" }},
		{"asterisk", "", "OPTIONS * HTTP/1.1\r\n" + host, func(r *message.Request) { r.Method, r.Target = "OPTIONS", "*" }},
		{"absolute", "the target's authority wins over Host", "GET http://b:80/c?d HTTP/1.1\r\n" + host, func(r *message.Request) {
			r.Scheme, r.Authority, r.Target = "http", "b:80", "/c?d"
		}},
		{"absolute https", "schemes have no case", "GET HTTPS://b/ HTTP/1.1\r\n" + host, func(r *message.Request) { r.Scheme, r.Authority = "https", "b" }},
		{"absolute without path", "", "GET http://b HTTP/1.1\r\n" + host, func(r *message.Request) { r.Scheme, r.Authority = "http", "b" }},
		{"absolute with query alone", "", "GET http://b?c=/d HTTP/1.1\r\n" + host, func(r *message.Request) {
			r.Scheme, r.Authority, r.Target = "http", "b", "/?c=/d"
		}},
		{"absolute asterisk", "RFC 9112 section 3.2.4", "OPTIONS http://b HTTP/1.1\r\n" + host, func(r *message.Request) {
			r.Method, r.Scheme, r.Authority, r.Target = "OPTIONS", "http", "b", "*"
		}},
		{"old", "closes, and needs no Host", "GET / HTTP/1.0\r\n", func(r *message.Request) { r.Version, r.Authority, r.Close = 10, "", true }},
		{"old, kept alive", "", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n" + host, func(r *message.Request) {
			r.Version, r.Fields = 10, []message.Field{{Name: "Connection", Value: "Keep-Alive", ID: message.Connection, Hop: true}}
		}},
		{"close", "close beats keep-alive", line + "Connection: keep-alive\r\nConnection: ,, CLOSE ,\r\n", func(r *message.Request) {
			r.Close = true
			r.Fields = []message.Field{message.NewField("Connection", "keep-alive"), message.NewField("Connection", ",, CLOSE ,")}
		}},
		{
			"nominated", "what Connection names is of one connection, also if it came before", line + "X-A: 1\r\nConnection: x-a, keep-alive,host, X-Forwarded-For\r\nX-Forwarded-For: 2\r\n",
			func(r *message.Request) {
				r.Fields = []message.Field{
					{Name: "X-A", Value: "1", Hop: true},
					message.NewField("Connection", "x-a, keep-alive,host, X-Forwarded-For"),
					message.NewField("X-Forwarded-For", "2"),
				}
			},
		},
		{"white space", "around values it is not part of them", line + "A:\t b \tc\t \r\nB:\r\nC: \t\r\n", func(r *message.Request) {
			r.Fields = []message.Field{{Name: "A", Value: "b \tc"}, {Name: "B"}, {Name: "C"}}
		}},
		{"obs-text", "", line + "A: \xff\x80~~~~~~~~~~~~~~~~~~~~\r\n", func(r *message.Request) {
			r.Fields = []message.Field{{Name: "A", Value: "\xff\x80~~~~~~~~~~~~~~~~~~~~"}}
		}},
		{"odd names", "tokens", line + "!#$%&'*+-.^`|~09: b\r\n", func(r *message.Request) { r.Fields = []message.Field{{Name: "!#$%&'*+-.^`|~09", Value: "b"}} }},
		{"length", "", line + "Content-Length: 0042\r\n", func(r *message.Request) {
			r.ContentLength, r.Fields = 42, []message.Field{message.NewField("Content-Length", "0042")}
		}},
		{"greatest length", "", line + "Content-Length: 4611686018427387904\r\n", func(r *message.Request) {
			r.ContentLength, r.Fields = 1<<62, []message.Field{message.NewField("Content-Length", "4611686018427387904")}
		}},
		{"chunked", "codings have no case", line + "Transfer-Encoding: Chunked\r\n", func(r *message.Request) {
			r.ContentLength, r.Fields = message.Unknown, []message.Field{message.NewField("Transfer-Encoding", "Chunked")}
		}},
		{"expect", "", line + "Expect: 100-Continue\r\nContent-Length: 1\r\n", func(r *message.Request) {
			r.Expect, r.ContentLength = true, 1
			r.Fields = []message.Field{message.NewField("Expect", "100-Continue"), message.NewField("Content-Length", "1")}
		}},
		{"expect without body", "there is nothing to wait with", line + "Expect: 100-continue\r\n", func(r *message.Request) {
			r.Fields = []message.Field{message.NewField("Expect", "100-continue")}
		}},
		{"expect in HTTP/1.0", "RFC 9110 section 10.1.1: ignored", "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n" + host, func(r *message.Request) {
			r.Version, r.Method, r.Close, r.ContentLength = 10, "POST", true, 1
			r.Fields = []message.Field{message.NewField("Expect", "100-continue"), message.NewField("Content-Length", "1")}
		}},
		{"trailers", "", line + "TE: gzip;q=0.5, Trailers\r\n", func(r *message.Request) {
			r.Trailers, r.Fields = true, []message.Field{message.NewField("TE", "gzip;q=0.5, Trailers")}
		}},
		{"other TE", "nothing else is understood", line + "TE: gzip\r\n", func(r *message.Request) { r.Fields = []message.Field{message.NewField("TE", "gzip")} }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want, got := plain, message.Request{Scheme: "left over", Close: true, Upgrade: "left over"}
			c.want(&want)
			if err := ParseRequest([]byte(c.head+"\r\n"), &got, Limits{}); err != nil {
				t.Fatalf("%s: %v", c.reason, err)
			}
			if len(got.Fields) == 0 {
				got.Fields = nil
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s:\ngot  %+v\nwant %+v", c.reason, got, want)
			}
		})
	}
}

func TestParseRequestUpgrade(t *testing.T) {
	cases := []struct{ name, reason, version, fields, want string }{
		{"websocket", "", "1.1", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "websocket"},
		{"among options", "", "1.1", "Upgrade: WebSocket\r\nConnection: keep-alive, upgrade\r\n", "WebSocket"},
		{"versioned", "", "1.1", "Connection: Upgrade\r\nUpgrade: a/1.2\r\n", "a/1.2"},
		{"no option", "a field that is not named was not meant for this connection", "1.1", "Upgrade: websocket\r\n", ""},
		{"no field", "", "1.1", "Connection: Upgrade\r\n", ""},
		{"empty", "", "1.1", "Connection: Upgrade\r\nUpgrade:\r\n", ""},
		{"two fields", "which one is asked for is not clear", "1.1", "Connection: Upgrade\r\nUpgrade: a\r\nUpgrade: a\r\n", ""},
		{"list", "", "1.1", "Connection: Upgrade\r\nUpgrade: websocket, a\r\n", ""},
		{"no token", "", "1.1", "Connection: Upgrade\r\nUpgrade: a b\r\n", ""},
		{"no token behind the slash", "", "1.1", "Connection: Upgrade\r\nUpgrade: a/\r\n", ""},
		{"old version", "HTTP/1.0 has no Upgrade", "1.0", "Connection: Upgrade\r\nUpgrade: websocket\r\n", ""},
		{"settings", "a change to HTTP/2 takes later requests past the routes", "1.1", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: a\r\nHTTP2-Settings: AA\r\n", ""},
		{"h2c", "also without settings", "1.1", "Connection: Upgrade\r\nUpgrade: H2C\r\n", ""},
		{"http", "", "1.1", "Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\n", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if r := mustRequest(t, "GET / HTTP/"+c.version+"\r\nHost: a\r\n"+c.fields+"\r\n"); r.Upgrade != c.want {
				t.Errorf("%s: got %q, want %q", c.reason, r.Upgrade, c.want)
			}
		})
	}
}

func TestParseRequestRefuses(t *testing.T) {
	const line, host = "GET / HTTP/1.1\r\n", "Host: a\r\n"
	const get = line + host
	const smuggling = "two parsers would not agree where the request ends"
	cases := []struct {
		name, reason, head string
		status             int
		want               string
	}{
		{"nothing", "", "", 400, "bad_head"},
		{"empty lines", "one is passed over, no more", "\r\n\r\n", 400, "bad_request_line"},
		{"cut line", "", "GET / HTTP/1.1", 400, "bad_head"},
		{"cut method", "", "GET", 400, "bad_head"},
		{"cut target", "", "GET /", 400, "bad_head"},
		{"no empty line", "", get, 400, "bad_head"},
		{"more behind", "", get + "\r\nGET", 400, "bad_head"},
		{"cut field", "", get + "A: b", 400, "bad_head"},
		{"cut name", "", get + "A", 400, "bad_head"},
		{"cut line end", "", get + "A: b\r", 400, "bad_head"},

		{"HTTP/0.9", "", "GET /\r\n\r\n", 400, "bad_request_line"},
		{"no target", "", "GET HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"no method", "", " / HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"two spaces", smuggling, "GET  / HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"two spaces before the version", "", "GET /  HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"space at the end", "", "GET / HTTP/1.1 \r\n\r\n", 400, "bad_request_line"},
		{"space before", "", " GET / HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"tab", "", "GET\t/ HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"space in the target", "", "GET /a b HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"method not a token", "", "G(T / HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"bytes in the method", "", "G\xc3T / HTTP/1.1\r\n\r\n", 400, "bad_request_line"},
		{"CONNECT", "a gateway is no tunnel", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405, "bad_method"},

		{"lower-case version", "", "GET / http/1.1\r\n\r\n", 400, "bad_version"},
		{"HTTP/1.2", "", "GET / HTTP/1.2\r\n\r\n", 505, "other_version"},
		{"HTTP/2.0", "the preface of another protocol", "PRI * HTTP/2.0\r\n\r\n", 400, "bad_target"},
		{"HTTP/3.0", "", "GET / HTTP/3.0\r\n\r\n", 505, "other_version"},
		{"HTTP/11", "", "GET / HTTP/11\r\n\r\n", 400, "bad_request_line"},
		{"long version", "", "GET / HTTP/1.10\r\n\r\n", 400, "bad_request_line"},
		{"letter in the version", "", "GET / HTTP/1.x\r\n\r\n", 400, "bad_version"},
		{"other protocol", "", "GET / ICAP/1.1\r\n\r\n", 400, "bad_version"},

		{"relative", "", "GET a HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"asterisk for GET", "", "GET * HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"asterisk and more", "", "OPTIONS *a HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"authority form", "", "GET a:80 HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"other scheme", "", "GET ftp://a/ HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"scheme alone", "", "GET http: HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"no authority", "", "GET http:///a HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"user information", "it looks like a host", "GET http://a@b/ HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"bad authority", "", "GET http://a:b/ HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"fragment", "it never leaves a client", "GET /a#b HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"fragment far behind", "", "GET /aaaaaaaaaaaaaaaaaaaaaaa#b HTTP/1.1\r\n" + host, 400, "bad_target"},
		{"control in the target", "", "GET /\x01 HTTP/1.1\r\n" + host, 400, "control_character"},
		{"NUL in the target", "", "GET /aaaaaaaaaaaaa\x00aaaaaaa HTTP/1.1\r\n" + host, 400, "control_character"},
		{"DEL in the target", "", "GET /aaaaaaaaaaaaa\x7faaaaaaa HTTP/1.1\r\n" + host, 400, "control_character"},

		{"bare LF", smuggling, "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "bare_lf"},
		{"bare LF behind the target", "", "GET /\nHost: a\r\n\r\n", 400, "bare_lf"},
		{"bare LF in a field", smuggling, get + "A: b\nC: d\r\n\r\n", 400, "bare_lf"},
		{"bare LF in a name", smuggling, get + "A\nC: d\r\n\r\n", 400, "bare_lf"},
		{"bare LF as the empty line", smuggling, get + "A: b\r\n\nC: d\r\n\r\n", 400, "bare_lf"},
		{"bare CR", "", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400, "bare_cr"},
		{"bare CR in a value", "some end a line with it", get + "A: b\rc\r\n\r\n", 400, "bare_cr"},
		{"bare CR in a name", "", get + "A\rC: d\r\n\r\n", 400, "bare_cr"},
		{"NUL in a value", "", get + "A: b\x00\r\n\r\n", 400, "control_character"},
		{"NUL in a name", "", get + "A\x00: b\r\n\r\n", 400, "control_character"},
		{"control in a long value", "", get + "A: " + strings.Repeat("b", 50) + "\x1f" + strings.Repeat("b", 50) + "\r\n\r\n", 400, "control_character"},
		{"DEL in a long value", "", get + "A: " + strings.Repeat("b", 50) + "\x7f" + strings.Repeat("b", 50) + "\r\n\r\n", 400, "control_character"},
		{"DEL behind a byte 0xff", "", get + "A: " + strings.Repeat("\xff\x7f", 50) + "\r\n\r\n", 400, "control_character"},
		{"fold", "obsolete, and read differently", get + "A: b\r\n c\r\n\r\n", 400, "obsolete_fold"},
		{"fold by a tab", "", get + "A: b\r\n\tc: d\r\n\r\n", 400, "obsolete_fold"},
		{"fold of the first line", "", line + " Host: a\r\n\r\n", 400, "obsolete_fold"},
		{"space before the colon", smuggling, get + "A : b\r\n\r\n", 400, "space_before_colon"},
		{"tab before the colon", smuggling, get + "Transfer-Encoding\t: chunked\r\n\r\n", 400, "space_before_colon"},
		{"space in a name", "", get + "A b: c\r\n\r\n", 400, "space_before_colon"},
		{"empty name", "", get + ": c\r\n\r\n", 400, "empty_field_name"},
		{"no colon", "", get + "A\r\n\r\n", 400, "bad_field_name"},
		{"bytes in a name", "", get + "A\xe9: c\r\n\r\n", 400, "bad_field_name"},
		{"separator in a name", "", get + "Aaaaaaaaaaaaaaaaaaaaaaa(: c\r\n\r\n", 400, "bad_field_name"},
		{"dotted twin", "to some it is a hyphen too", get + "X.Forwarded.For: c\r\n\r\n", 400, "twin"},
		{"twin of framing", smuggling, get + "Content~Length: 1\r\n\r\n", 400, "twin"},
		{"twin of a family", "", get + "x!forwarded-anything-however-long-it-may-be: c\r\n\r\n", 400, "twin"},
		{"underscore behind another byte", "", get + "X.A_B: c\r\n\r\n", 400, "underscore"},
		{"underscore", "to CGI it is a hyphen: X_Forwarded_For would be X-Forwarded-For", get + "X_A: c\r\n\r\n", 400, "underscore"},

		{"no Host", "", line + "\r\n", 400, "no_host"},
		{"no Host, absolute", "it must be there all the same", "GET http://a/ HTTP/1.1\r\n\r\n", 400, "no_host"},
		{"two Hosts", "which one was routed by?", get + "Host: b\r\n\r\n", 400, "many_hosts"},
		{"two equal Hosts", "", get + host + "\r\n", 400, "many_hosts"},
		{"two Hosts in HTTP/1.0", "", "GET / HTTP/1.0\r\n" + host + host + "\r\n", 400, "many_hosts"},
		{"two Hosts, absolute", "", "GET http://a/ HTTP/1.1\r\n" + host + host + "\r\n", 400, "many_hosts"},
		{"bad Host, absolute", "", "GET http://a/ HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "bad_host"},

		{"sign", smuggling, get + "Content-Length: +1\r\n\r\n", 400, "bad_content_length"},
		{"negative", "", get + "Content-Length: -1\r\n\r\n", 400, "bad_content_length"},
		{"hexadecimal", "", get + "Content-Length: 0x1\r\n\r\n", 400, "bad_content_length"},
		{"empty length", "", get + "Content-Length:\r\n\r\n", 400, "bad_content_length"},
		{"space in a length", "", get + "Content-Length: 1 2\r\n\r\n", 400, "bad_content_length"},
		{"fraction", "", get + "Content-Length: 1.0\r\n\r\n", 400, "bad_content_length"},
		{"list of lengths", smuggling, get + "Content-Length: 1, 1\r\n\r\n", 400, "bad_content_length"},
		{"equal lengths", smuggling, get + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", 400, "many_content_lengths"},
		{"too great", "", get + "Content-Length: 4611686018427387905\r\n\r\n", 400, "bad_content_length"},
		{"overflow", "", get + "Content-Length: 18446744073709551617\r\n\r\n", 400, "bad_content_length"},
		{"underscore twin", smuggling, get + "Content_Length: 1\r\n\r\n", 400, "underscore"},

		{"length and coding", smuggling, get + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "transfer_encoding_and_content_length"},
		{"coding in HTTP/1.0", smuggling, "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "transfer_encoding_in_http10"},
		{"other coding", "", get + "Transfer-Encoding: gzip\r\n\r\n", 501, "other_transfer_encoding"},
		{"identity", "gone since RFC 7230", get + "Transfer-Encoding: identity\r\n\r\n", 501, "other_transfer_encoding"},
		{"coding before chunked", "", get + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "other_transfer_encoding"},
		{"nearly chunked", "", get + "Transfer-Encoding: xchunked\r\n\r\n", 501, "other_transfer_encoding"},
		{"chunked not last", "", get + "Transfer-Encoding: chunked, gzip\r\n\r\n", 400, "bad_transfer_encoding"},
		{"chunked twice", "", get + "Transfer-Encoding: chunked, chunked\r\n\r\n", 400, "bad_transfer_encoding"},
		{"two coding fields", smuggling, get + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad_transfer_encoding"},
		{"two coding fields, one empty", smuggling, get + "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad_transfer_encoding"},
		{"empty coding", "", get + "Transfer-Encoding:\r\n\r\n", 400, "bad_transfer_encoding"},
		{"empty member", smuggling, get + "Transfer-Encoding: ,chunked\r\n\r\n", 400, "bad_transfer_encoding"},
		{"empty member at the end", "", get + "Transfer-Encoding: chunked,\r\n\r\n", 400, "bad_transfer_encoding"},
		{"parameter", "", get + "Transfer-Encoding: chunked;a=b\r\n\r\n", 400, "bad_transfer_encoding"},
		{"quoted", "", get + "Transfer-Encoding: \"chunked\"\r\n\r\n", 400, "bad_transfer_encoding"},
		{"folded coding", smuggling, get + "Transfer-Encoding:\r\n chunked\r\n\r\n", 400, "bad_transfer_encoding"},
		{"control before chunked", smuggling, get + "Transfer-Encoding: \x0bchunked\r\n\r\n", 400, "control_character"},

		{"other expectation", "", get + "Expect: 200-ok\r\n\r\n", 417, "other_expectation"},
		{"empty expectation", "", get + "Expect:\r\n\r\n", 417, "other_expectation"},
		{"more expectations", "", get + "Expect: 100-continue, a\r\n\r\n", 417, "other_expectation"},
		{"option not a token", "", get + "Connection: a b\r\n\r\n", 400, "bad_connection"},
		{"many options", "each is compared with each field", get + "Connection: " + strings.Repeat("a,", 33) + "\r\n\r\n", 400, "bad_connection"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if !strings.HasSuffix(c.head, "\r\n\r\n") && c.want != "bad_head" {
				c.head += "\r\n"
			}
			var r message.Request
			err := ParseRequest([]byte(c.head), &r, Limits{})
			want := Fault{Status: c.status, Reason: c.want}
			if fault := asFault(err); fault == nil || *fault != want {
				t.Errorf("%s: got %+v, want %+v", c.reason, err, want)
			}
		})
	}
}

func TestHosts(t *testing.T) {
	cases := []struct {
		name, reason, host string
		ok                 bool
	}{
		{"name", "", "www.Example.com", true},
		{"empty", "of a target without authority, RFC 9110 section 7.2", "", true},
		{"port", "", "a:8080", true},
		{"empty port", "RFC 3986 has it", "a:", true},
		{"address", "", "192.0.2.1:80", true},
		{"IPv6", "", "[2001:db8::1]:443", true},
		{"IPv6 without port", "", "[::1]", true},
		{"sub-delims", "RFC 3986 has them; no route has", "a!$&'()*+;=~_b", true},
		{"space", "", "a b", false},
		{"tab", "", "a\tb", false},
		{"slash", "", "a/b", false},
		{"backslash", "", `a\b`, false},
		{"user information", "", "a@b", false},
		{"comma", "a list of hosts to some", "a,b", false},
		{"query", "", "a?b", false},
		{"fragment", "", "a#b", false},
		{"escape", "some decode it", "a%2fb", false},
		{"bytes", "", "caf\xc3\xa9", false},
		{"quote", "", `a"b`, false},
		{"angle", "", "a<b>", false},
		{"port alone", "", ":80", false},
		{"two ports", "", "a:80:80", false},
		{"port not a number", "", "a:b", false},
		{"port too great", "", "a:65536", false},
		{"port too long", "", "a:000080", false},
		{"IPv6 without brackets", "", "::1", false},
		{"no end of the bracket", "", "[::1", false},
		{"text behind the bracket", "", "[::1]a", false},
		{"IPv4 in brackets", "", "[192.0.2.1]", false},
		{"name in brackets", "", "[a]", false},
		{"nothing in brackets", "", "[]", false},
		{"zone", "it means something on one machine only", "[fe80::1%25eth0]", false},
		{"raw zone", "", "[fe80::1%eth0]", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r message.Request
			err := ParseRequest([]byte("GET / HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n"), &r, Limits{})
			if c.ok && (err != nil || r.Authority != c.host) || !c.ok && word(err) != "bad_host" {
				t.Errorf("%s: got %q, %v", c.reason, r.Authority, err)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	fields := func(n int) string {
		return "GET / HTTP/1.1\r\nHost: a\r\n" + strings.Repeat("A: b\r\n", n-1) + "\r\n"
	}
	cases := []struct {
		name, reason, head string
		limits             Limits
		status             int
	}{
		{"fields", "Host is one", fields(10), Limits{Fields: 10}, 0},
		{"too many fields", "", fields(11), Limits{Fields: 10}, 431},
		{"by default", "", fields(DefaultFields), Limits{}, 0},
		{"too many by default", "", fields(DefaultFields + 1), Limits{}, 431},
		{"bytes", "", fields(10), Limits{Bytes: len(fields(10))}, 0},
		{"too many bytes", "", fields(10), Limits{Bytes: len(fields(10)) - 1}, 431},
		{"long line", "", "GET /" + strings.Repeat("a", 100), Limits{Bytes: 100}, 414},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var r message.Request
			err := ParseRequest([]byte(c.head), &r, c.limits)
			fault := asFault(err)
			if c.status == 0 && err != nil || c.status != 0 && (fault == nil || fault.Status != c.status) {
				t.Errorf("%s: got %v, want %d", c.reason, err, c.status)
			}
		})
	}
	if got := word(TooLarge([]byte("\r\nGET /aa"))); got != "target_too_long" {
		t.Errorf("an empty line before the request line is none of it: %s", got)
	}
}
