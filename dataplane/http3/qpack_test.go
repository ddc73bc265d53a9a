package http3

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/quic-go/qpack"

	"github.com/fleetgate/fleetgate/dataplane/head"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// TestStaticTable has another implementation decode every entry of the static table.
func TestStaticTable(t *testing.T) {
	for i, entry := range staticTable {
		fields := decodeWithOracle(t, appendNumber([]byte{0, 0}, staticIndexed, 6, i))
		if len(fields) != 1 || fields[0].Name != entry.name || fields[0].Value != entry.value {
			t.Errorf("entry %d: got %q", i, fields)
		}
	}
}

func decodeWithOracle(t *testing.T, section []byte) (fields []qpack.HeaderField) {
	t.Helper()
	next := qpack.NewDecoder().Decode(section)
	for {
		f, err := next()
		if errors.Is(err, io.EOF) {
			return fields
		}
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, f)
	}
}

// TestEncode has another implementation decode what is encoded.
func TestEncode(t *testing.T) {
	long := strings.Repeat("x", 20000)
	for _, status := range []int{100, 103, 200, 204, 206, 299, 302, 304, 400, 404, 418, 500, 503, 599, 600, 999} {
		r := &message.Response{Status: status, ContentLength: 12, Fields: fields(
			"Content-Type", "text/plain", "X-Other", "Value", "set-cookie", "a=b", "Connection", "close", "Content-Length", "7", "x-long", long,
		)}
		frame := appendResponse(nil, r, false)
		k, length, n := parseFrameHeader(frame)
		if k != kindHeaders || int(length) != len(frame)-n {
			t.Fatalf("bad frame header")
		}
		var got []string
		for _, f := range decodeWithOracle(t, frame[n:]) {
			got = append(got, f.Name+"="+f.Value)
		}
		text := string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
		want := []string{":status=" + text, "content-type=text/plain", "x-other=Value", "set-cookie=a=b", "x-long=" + long}
		if status >= 200 && status != 204 {
			want = append(want, "content-length=12")
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%d: got %.100q, want %.100q", status, got, want)
		}
	}
}

// TestDecode decodes what another implementation, which uses Huffman coding, has encoded.
func TestDecode(t *testing.T) {
	var b bytes.Buffer
	e := qpack.NewEncoder(&b)
	want := &message.Request{
		Version: message.HTTP3, Method: "PATCH", Scheme: "https", Authority: "a.example", Target: "/x?y=z",
		Fields: fields("accept", "*/*", "x-test", "hello, world", "cookie", "a=b; c=d"), ContentLength: 5, Trailers: true,
	}
	for _, f := range [][2]string{
		{":method", "PATCH"},
		{":scheme", "https"},
		{":authority", "a.example"},
		{":path", "/x?y=z"},
		{"accept", "*/*"},
		{"te", "trailers"},
		{"x-test", "hello, world"},
		{"cookie", "a=b"},
		{"cookie", "c=d"},
		{"content-length", "5"},
	} {
		if err := e.WriteField(qpack.HeaderField{Name: f[0], Value: f[1]}); err != nil {
			t.Fatal(err)
		}
	}
	list := head.List{MaxBytes: 1000, MaxFields: 20}
	list.Begin(head.Request, nil)
	if err := decodeSection(b.Bytes(), &list); err != nil {
		t.Fatal(err)
	}
	var got message.Request
	if v, _ := list.Request(&got, false, nil); v != head.Sound {
		t.Fatal(list.Reason)
	}
	var kept []string
	for _, f := range got.Fields {
		if f.ID != message.ContentLength && f.ID != message.TE {
			kept = append(kept, f.Name+"="+f.Value)
		}
	}
	if got.Method != want.Method || got.Authority != want.Authority || got.Target != want.Target || got.ContentLength != 5 ||
		!got.Trailers || strings.Join(kept, "|") != "accept=*/*|x-test=hello, world|cookie=a=b; c=d" {
		t.Errorf("got %+v", got)
	}
}
