package http1

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// FuzzResponse holds three parsers to one meaning of a response, as FuzzRequest does.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		page,
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP",
		"HTTP/1.0 404\r\nConnection: keep-alive\r\nA: b\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 500 Oh no\r\ntransfer-encoding:chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\nHTTP",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nHTTP",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x00",
		"HTTP/1.1 200 OK\r\nConnection: a\r\nA: b\r\n\r\nuntil the end",
	} {
		f.Add([]byte(seed), false)
		f.Add([]byte(seed), true)
	}
	f.Fuzz(compareResponse)
}

// FuzzResponseParts does the same with responses that are put together from parts.
func FuzzResponseParts(f *testing.F) {
	lines := []string{
		"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200\r\n", "HTTP/1.0 200 Fine\r\n", "HTTP/1.1 204 No Content\r\n", "HTTP/1.1 304 Not Modified\r\n", "HTTP/1.1 103 Early Hints\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n", "HTTP/1.1 599 \r\n",
	}
	addParts(f)
	f.Fuzz(func(t *testing.T, choices []byte) { compareResponse(t, assemble(lines, choices), len(choices)%8 == 0) })
}

// compareResponse compares the readings of data, an answer to HEAD or else to GET.
func compareResponse(t *testing.T, data []byte, head bool) {
	end, err := HeadEnd(data, 0)
	if err != nil || end == 0 {
		checkFault(t, err, 400, 431)
		return
	}
	method := methodGet
	if head {
		method = methodHead
	}
	var r message.Response
	chunked, err := ParseResponse(data[:end], method, &r, Limits{})
	if err != nil {
		checkFault(t, err, 502, 502)
		return
	}
	answer(t, &r, method, chunked)
	ours := reading{start: []string{strconv.Itoa(r.Status)}, fields: fieldValues(r.Fields)}
	var chunks *Chunks
	switch rest := data[end:]; {
	case r.Bodiless:
		_, err = ours.readBody(0, rest)
	case chunked || r.ContentLength != message.Unknown:
		chunks, err = ours.readBody(r.ContentLength, rest)
	default:
		_, err = ours.readBody(int64(len(rest)), rest)
		ours.length = message.Unknown
	}
	if err != nil {
		checkFault(t, err, 400, 431)
		return
	}
	compareNetResponse(t, &r, &ours, chunks, data, method)
	compareFastResponse(t, &r, &ours, data, head)
}

const methodGet = "GET"

// answer holds a response to be read by a client as it was read here.
func answer(t *testing.T, r *message.Response, method string, chunked bool) {
	t.Helper()
	framing := Framing{Version: message.HTTP11, Close: r.Close, Chunked: chunked && !r.Bodiless}
	head := AppendResponse(nil, r, framing)
	var again message.Response
	limits := Limits{Fields: DefaultFields + 3} // framing and connection may be added
	chunkedAgain, err := ParseResponse(head, method, &again, limits)
	if err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	closes := r.Close && r.Status != 101 // a tunnel ends with its connection
	if again.Status != r.Status || again.Reason != r.Reason || again.ContentLength != r.ContentLength || again.Bodiless != r.Bodiless ||
		again.Close != closes || again.Upgrade != r.Upgrade || chunkedAgain != framing.Chunked {
		t.Fatalf("%+v passed on is %+v", r, &again)
	}
	if second := AppendResponse(nil, &again, framing); string(second) != string(head) {
		t.Fatalf("%q passed on is %q", head, second)
	}
}

// compareNetResponse compares with net/http, which differs on purpose in this: it refuses the names
// of some fields in Trailer, says no length for a response without a body, and trusts a connection
// after a 204 that says it has a body.
func compareNetResponse(t *testing.T, r *message.Response, ours *reading, chunks *Chunks, data []byte, method string) { //nolint:revive // both sides of a comparison
	t.Helper()
	wire := onWire(data)
	got, err := http.ReadResponse(wire, &http.Request{Method: method})
	if err != nil {
		if strings.Contains(err.Error(), "bad trailer key") {
			return
		}
		t.Fatalf("net/http refuses what we accept: %v", err)
	}
	defer got.Body.Close()
	theirs := reading{start: []string{strconv.Itoa(got.StatusCode)}, length: got.ContentLength, fields: headerValues(got.Header)}
	if r.Bodiless {
		theirs.length = ours.length
	} else if got.Close != r.Close {
		t.Fatalf("net/http: close: %v", got.Close)
	}
	theirs.readAll(got.Body, wire)
	ours.compare(t, "net/http", &theirs)
	if ours.whole {
		compareTrailers(t, chunks, got.Trailer)
	}
}

// compareFastResponse compares with fasthttp, which differs as in requests. It would pass over interim
// responses, so that only their heads are given to it.
func compareFastResponse(t *testing.T, r *message.Response, ours *reading, data []byte, head bool) {
	t.Helper()
	if !ours.whole {
		return
	}
	got := fasthttp.Response{SkipBody: head}
	wire := onWire(data)
	read := got.Read
	if r.Status < 200 {
		read = got.Header.Read
	}
	if err := read(wire); err != nil {
		if fastRefuses(err) {
			return
		}
		t.Fatalf("fasthttp refuses what we accept: %v", err)
	}
	theirs := reading{start: []string{strconv.Itoa(got.StatusCode())}, length: ours.length, fields: ours.fields}
	theirs.readAll(strings.NewReader(string(got.Body())), wire)
	ours.compare(t, "fasthttp", &theirs)
	// A header of its own: a body that is read adds trailers to the fields and changes their order.
	var header fasthttp.ResponseHeader
	if err := header.Read(onWire(data)); err != nil {
		t.Fatalf("fasthttp refuses what it accepted: %v", err)
	}
	compareFast(t, &header, ours.fields, "Content-Type", "Content-Encoding", "Server", "Set-Cookie", "Date")
}
