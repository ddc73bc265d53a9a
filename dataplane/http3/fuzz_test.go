package http3

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/qpack"

	"github.com/fleetgate/fleetgate/dataplane/head"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// trickle is a stream that gives a few bytes at a time.
type trickle struct {
	rest []byte
	step int
}

func (f *trickle) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.rest[:min(f.step, len(f.rest))])
	f.rest = f.rest[n:]
	return n, nil
}

func (f *trickle) SetReadDeadline(time.Time) error { return nil }

// parsed is what a request was taken for.
type parsed struct {
	request message.Request
	verdict head.Verdict
	body    string
	err     error
}

// parse reads a request from bytes that come a few at a time.
func parse(b []byte, step int) (p parsed) {
	const maxBytes, maxFields = 1 << 10, 20
	in := inbound{from: &trickle{b, step}, limit: 2 * maxBytes, body: message.Unknown}
	in.takeTrailers = func(section []byte) ([]message.Field, error) {
		list := head.List{MaxBytes: maxBytes, MaxFields: maxFields}
		list.Begin(head.Trailers, nil)
		return list.Fields, decodeSection(section, &list)
	}
	defer in.release()
	if p.err = in.awaitHead(time.Time{}); p.err != nil {
		return p
	}
	list := head.List{MaxBytes: maxBytes, MaxFields: maxFields}
	list.Begin(head.Request, nil)
	if p.err = decodeSection(in.block, &list); p.err != nil {
		return p
	}
	in.block = nil
	if p.verdict, _ = list.Request(&p.request, false, nil); p.verdict != head.Sound {
		return p
	}
	in.body = p.request.ContentLength
	for {
		piece, err := in.Next()
		if err != nil {
			p.err = err
			return p
		}
		p.body += string(piece)
	}
}

func same(a, b parsed) bool {
	text := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	return a.verdict == b.verdict && a.body == b.body && text(a.err) == text(b.err) &&
		a.request.Method == b.request.Method && a.request.Target == b.request.Target && len(a.request.Fields) == len(b.request.Fields)
}

// FuzzRequest holds that a stream means the same however it is cut, that no body is longer than its
// length says, and that what is accepted is what another implementation reads.
func FuzzRequest(f *testing.F) {
	f.Add([]byte{})
	f.Add(plain())
	f.Add(join(post("content-length", "2"), frame(kindData, []byte("ab")), headOf("x-sum", "1")))
	f.Add(join(frame(0x21, []byte("x")), plain("cookie", "a=b", "cookie", "c=d"), frame(kindData, nil)))
	f.Add(join(plain(), frame(kindSettings, nil)))
	f.Add(join(plain(), []byte{0x00, 0x40}))
	f.Add(frame(kindHeaders, []byte{0, 0, 0xd1, 0xd7, 0xc1, 0x50, 0x01, 'a'}))
	f.Add(frame(kindHeaders, []byte{0, 0, 0x51, 0x81, 0x0f, 0xd1}))
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, cut := parse(b, len(b)+1), parse(b, 1)
		if !same(whole, cut) {
			t.Fatalf("read in one go: %+v, byte by byte: %+v", whole, cut)
		}
		if !errors.Is(whole.err, io.EOF) {
			return
		}
		if n := whole.request.ContentLength; n != message.Unknown && int64(len(whole.body)) != n {
			t.Fatalf("a body of %d bytes, said to be %d", len(whole.body), n)
		}
		if strings.ContainsAny(whole.request.Target+whole.request.Method, " \r\n\x00") {
			t.Fatalf("would split a request line: %q %q", whole.request.Method, whole.request.Target)
		}
		for _, field := range whole.request.Fields {
			if strings.ContainsAny(field.Name+field.Value, "\r\n\x00") || strings.ToLower(field.Name) != field.Name {
				t.Fatalf("bad field %q: %q", field.Name, field.Value)
			}
		}
	})
}

// FuzzSection holds that a field section that is accepted is read by another implementation too, and as
// the same fields.
func FuzzSection(f *testing.F) {
	f.Add([]byte{0, 0})
	f.Add(section("a", "b", "content-length", "5"))
	f.Add([]byte{0, 0, 0xd1, 0xd7, 0xc1, 0x50, 0x01, 'a', 0x2b, 0x1c, 0x64, 0x81, 0x1f})
	f.Add([]byte{0, 0x7f, 0x00, 0xd1})
	f.Fuzz(func(t *testing.T, b []byte) {
		list := head.List{MaxBytes: 1 << 20, MaxFields: 1 << 10}
		list.Begin(head.Trailers, nil)
		if decodeSection(b, &list) != nil || list.Verdict != head.Sound {
			return
		}
		_, rest, _ := decodeNumber(b[1:], 7) // the other one takes a Base of 0 only
		next := qpack.NewDecoder().Decode(append([]byte{0, 0}, rest...))
		for _, field := range list.Fields {
			other, err := next()
			if err != nil || other.Name != field.Name || other.Value != field.Value {
				t.Fatalf("%q: %q is %q, %v", field.Name, field.Value, other, err)
			}
		}
		if other, err := next(); !errors.Is(err, io.EOF) {
			t.Fatalf("more fields: %q, %v", other, err)
		}
	})
}

// FuzzSide reads what comes on streams beside requests.
func FuzzSide(f *testing.F) {
	f.Add([]byte{})
	f.Add(join(frame(kindSettings, numbers(0x6, 100)), frame(kindGoAway, numbers(0)), frame(kindMaxPushID, numbers(4))))
	f.Add(join(frame(kindSettings, nil), frame(0x21, []byte("abc"))))
	f.Add([]byte{0x20, 0x20})
	f.Add([]byte{0x41, 0x7f, 0x80, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(*bufio.Reader) error{readControl, readEncoder, readDecoder} {
			if read(bufio.NewReaderSize(bytes.NewReader(b), sideBuffer)) == nil {
				t.Fatal("a stream that must stay has an end")
			}
		}
	})
}
