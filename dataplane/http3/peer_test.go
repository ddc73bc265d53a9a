package http3

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/quic-go/qpack"
	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"
)

// rawPeer is a client that says whatever a test wants.
type rawPeer struct {
	*quic.Conn
	t *testing.T
}

// dialRaw connects, and says nothing.
func dialRaw(t *testing.T, l *listening) *rawPeer {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	conn, err := quic.DialAddr(ctx, l.address, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{ALPN}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseWithError(quic.ApplicationErrorCode(NoError), "") })
	return &rawPeer{conn, t}
}

// side opens a unidirectional stream and writes to it.
func (p *rawPeer) side(b ...byte) *quic.SendStream {
	p.t.Helper()
	st, err := p.OpenUniStreamSync(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	if _, err := st.Write(b); err != nil {
		p.t.Fatal(err)
	}
	return st
}

// open opens a stream and writes to it, as much as the server takes.
func (p *rawPeer) open(b []byte) *quic.Stream {
	p.t.Helper()
	st, err := p.OpenStreamSync(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	_, _ = st.Write(b)
	return st
}

// ask sends a whole request and gives what becomes of it.
func (p *rawPeer) ask(b []byte) string {
	p.t.Helper()
	st := p.open(b)
	_ = st.Close()
	return outcome(st)
}

// outcome is the status of a response that ends, "reset" or "closed" with a code.
func outcome(st *quic.Stream) string {
	_ = st.SetReadDeadline(time.Now().Add(20 * time.Second))
	answer, err := io.ReadAll(st)
	if err != nil {
		return named(err)
	}
	return statusOf(answer)
}

// named is "reset" or "closed" with a code.
func named(err error) string {
	if e, ok := errors.AsType[*quic.StreamError](err); ok {
		return "reset " + ErrCode(e.ErrorCode).String()
	}
	if e, ok := errors.AsType[*quic.ApplicationError](err); ok {
		return "closed " + ErrCode(e.ErrorCode).String()
	}
	return err.Error()
}

// closed waits for the connection to end.
func (p *rawPeer) closed() string {
	p.t.Helper()
	select {
	case <-p.Context().Done():
		return named(context.Cause(p.Context()))
	case <-time.After(20 * time.Second):
		return "open"
	}
}

// statusOf reads the status of a response.
func statusOf(answer []byte) string {
	k, length, n := parseFrameHeader(answer)
	if n == 0 || k != kindHeaders || uint64(len(answer)-n) < length {
		return "no response"
	}
	next := qpack.NewDecoder().Decode(answer[n : uint64(n)+length])
	for {
		f, err := next()
		if err != nil {
			return "no status"
		}
		if f.Name == ":status" {
			return f.Value
		}
	}
}

// frame is a frame with a payload.
func frame(k kind, payload []byte) []byte {
	return append(appendFrameHeader(nil, k, len(payload)), payload...)
}

// section encodes pairs of names and values as they are.
func section(pairs ...string) []byte {
	b := []byte{0, 0}
	for i := 0; i < len(pairs); i += 2 {
		b = append(appendNumber(b, literalField, 3, len(pairs[i])), pairs[i]...)
		b = appendString(b, pairs[i+1])
	}
	return b
}

// head is a HEADERS frame of pairs.
func headOf(pairs ...string) []byte { return frame(kindHeaders, section(pairs...)) }

var plainPairs = []string{":method", "GET", ":scheme", "https", ":authority", "a.example", ":path", "/x?y"}

func plain(more ...string) []byte {
	return headOf(append(append([]string(nil), plainPairs...), more...)...)
}

func post(more ...string) []byte {
	return headOf(append([]string{":method", "POST", ":scheme", "https", ":authority", "a.example", ":path", "/"}, more...)...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// numbers encodes numbers as QUIC does.
func numbers(list ...uint64) (b []byte) {
	for _, n := range list {
		b = quicvarint.Append(b, n)
	}
	return b
}
