package http1

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// FuzzRequest holds three parsers to one meaning: what is accepted here, net/http and fasthttp
// accept too, and read the same, up to the first byte behind the body. And a request that is passed
// on is read as the request that came.
func FuzzRequest(f *testing.F) {
	for _, seed := range []string{
		browser,
		"\r\nPOST /a?b HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\n\r\nhelloGET",
		"PUT http://b/c HTTP/1.1\r\nhost:a\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=\"b\"\r\nhello\r\n0\r\nA: b\r\n\r\nGET",
		"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\nConnection: a, close\r\nA: b\r\n\r\n",
		"GET / HTTP/1.0\r\nConnection: keep-alive\r\nA:\t b \r\nA: \xff\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nTE: trailers\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(compareRequest)
}

// FuzzRequestParts does the same with requests that are put together from parts.
func FuzzRequestParts(f *testing.F) {
	lines := []string{
		"GET / HTTP/1.1\r\nHost: a\r\n", "GET / HTTP/1.1\r\n", "POST /a?b HTTP/1.0\r\n", "POST http://b/c HTTP/1.1\r\nHost: a\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n",
		"HEAD http://b?c HTTP/1.1\r\nHost: b\r\n", "GET /%zz HTTP/1.1\r\nHost: a\r\n", "GET //a:b@c/ HTTP/1.1\r\nHost: a\r\n",
	}
	addParts(f)
	f.Fuzz(func(t *testing.T, choices []byte) { compareRequest(t, assemble(lines, choices)) })
}

// compareRequest compares the readings of data.
func compareRequest(t *testing.T, data []byte) {
	end, err := HeadEnd(data, 0)
	if err != nil || end == 0 {
		checkFault(t, err, 400, 431)
		return
	}
	var r message.Request
	if err := ParseRequest(data[:end], &r, Limits{}); err != nil {
		checkFault(t, err, 400, 505)
		return
	}
	passOn(t, &r)
	ours := reading{start: []string{r.Method, r.Target, r.Authority}, fields: fieldValues(r.Fields)}
	chunks, err := ours.readBody(r.ContentLength, data[end:])
	if err != nil {
		checkFault(t, err, 400, 431)
		return
	}
	data = bytes.TrimPrefix(data, newline)
	compareNetHTTP(t, &r, &ours, chunks, data)
	compareFastHTTP(t, &r, &ours, chunks, data)
}

// checkFault says whether an error is one of ours, if it is one.
func checkFault(t *testing.T, err error, low, high int) {
	t.Helper()
	if fault := asFault(err); err != nil && (fault == nil || fault.Reason == "" || fault.Status < low || fault.Status > high) {
		t.Fatalf("no fault: %#v", err)
	}
}

// passOn holds a request to be read by a backend as it was read here.
func passOn(t *testing.T, r *message.Request) {
	t.Helper()
	head := AppendRequest(nil, r)
	limits := Limits{Fields: DefaultFields + 4} // Host, framing and connection may be added
	if end, err := HeadEnd(head, 0); end != len(head) || err != nil {
		t.Fatalf("%q ends at %d, %v", head, end, err)
	}
	var again message.Request
	if err := ParseRequest(head, &again, limits); err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	if again.Method != r.Method || again.Target != r.Target || again.Authority != r.Authority || again.ContentLength != r.ContentLength ||
		again.Upgrade != r.Upgrade || again.Trailers != r.Trailers || again.Version != message.HTTP11 {
		t.Fatalf("%+v passed on is %+v", r, &again)
	}
	if second := AppendRequest(nil, &again); string(second) != string(head) {
		t.Fatalf("%q passed on is %q", head, second)
	}
	for _, f := range again.Fields {
		if f.Hop && f.ID == message.Other {
			t.Fatalf("%s of one connection passed on", f.Name)
		}
	}
}

// compareNetHTTP compares with net/http, which differs on purpose in this: it reads a target as a
// URL and refuses some that we leave to the normalisation of paths, and it refuses the names of
// some fields in Trailer.
func compareNetHTTP(t *testing.T, r *message.Request, ours *reading, chunks *Chunks, data []byte) {
	t.Helper()
	wire := onWire(data)
	got, err := http.ReadRequest(wire)
	if err != nil {
		target := strings.SplitN(string(data), " ", 3)[1]
		if _, urlError := url.ParseRequestURI(target); urlError != nil || strings.Contains(err.Error(), "bad trailer key") {
			return
		}
		t.Fatalf("net/http refuses what we accept: %v", err)
	}
	theirs := reading{start: []string{got.Method, got.RequestURI, got.Host}, length: got.ContentLength, fields: headerValues(got.Header)}
	if r.Scheme != "" {
		theirs.start[1] = r.Target // RequestURI is the absolute form
	}
	if got.ProtoMinor != int(r.Version%10) || got.Close != r.Close {
		t.Fatalf("net/http: HTTP/1.%d, close: %v", got.ProtoMinor, got.Close)
	}
	theirs.readAll(got.Body, wire)
	ours.compare(t, "net/http", &theirs)
	if ours.whole {
		compareTrailers(t, chunks, got.Trailer)
	}
}

// compareTrailers holds our trailers, if the body is chunked, to be among net/http's, which drops none.
func compareTrailers(t *testing.T, chunks *Chunks, theirs http.Header) {
	t.Helper()
	if chunks == nil {
		return
	}
	ours := fieldValues(chunks.Trailers())
	among := map[string][]string{}
	for name := range ours {
		among[name] = theirs[name]
	}
	compareFields(t, "net/http", among, ours)
}

// compareFastHTTP compares with fasthttp. It takes memory for a body before it comes, so only whole
// ones are given to it. On purpose it differs in this: it keeps one value of some fields and takes
// cookies apart, it refuses an empty Host, it looks for keep-alive in the first Connection field only, and see fastRefuses.
func compareFastHTTP(t *testing.T, r *message.Request, ours *reading, chunks *Chunks, data []byte) {
	t.Helper()
	if !ours.whole {
		return
	}
	var got fasthttp.Request
	wire := onWire(data)
	err := got.Header.Read(wire)
	if err == nil {
		// Before the body is read, which adds trailers to the fields and changes their order.
		compareFast(t, &got.Header, ours.fields, "User-Agent", "Content-Type", "Cookie")
		err = got.ContinueReadBody(wire, 0, false)
	}
	if err != nil {
		if chunks != nil && fastRefuses(err) || strings.Contains(err.Error(), "missing required host") {
			return
		}
		t.Fatalf("fasthttp refuses what we accept: %v", err)
	}
	theirs := reading{start: []string{string(got.Header.Method()), string(got.Header.RequestURI()), string(got.Header.Host())}, length: ours.length}
	if r.Scheme != "" {
		theirs.start = ours.start // it does not take the absolute form apart
	}
	theirs.fields = ours.fields
	theirs.readAll(bytes.NewReader(got.Body()), wire)
	ours.compare(t, "fasthttp", &theirs)
	if r.Version == message.HTTP11 && got.Header.ConnectionClose() != r.Close {
		t.Fatalf("fasthttp: close: %v", got.Header.ConnectionClose())
	}
}
