package http2

import (
	"testing"

	"golang.org/x/net/http2"
)

// TestStreamsInVain keeps that a peer cannot have any number of streams end in vain, however slowly it goes
// about it: one after the other, never more than it may have, each one waited for.
func TestStreamsInVain(t *testing.T) {
	tests := []struct {
		name, reason string
		spoil        func(p *peer, id uint32)
	}{
		{"body too long", "CVE-2025-8671", func(p *peer, id uint32) { p.must(p.WriteData(id, false, []byte("xx"))) }},
		{"trailers malformed", "CVE-2025-8671", func(p *peer, id uint32) { p.headers(id, true, ":path", "/") }},
		{"priority of a wrong length", "CVE-2025-8671", func(p *peer, id uint32) { p.must(p.WriteRawFrame(http2.FramePriority, 0, id, []byte{0})) }},
		{"nothing for a window", "CVE-2025-8671", func(p *peer, id uint32) { p.must(p.WriteRawFrame(http2.FrameWindowUpdate, 0, id, make([]byte, 4))) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			l := listen(t, nil, ServerOptions{}, ok)
			p := dialPeer(t, l)
			for i := range uint32(2 * waste) {
				id := 2*i + 1
				p.ask(id, false, "POST", "content-length", "1")
				test.spoil(p, id)
				switch got := p.outcome(id); got {
				case "reset PROTOCOL_ERROR", "reset FRAME_SIZE_ERROR":
					continue
				case "goaway ENHANCE_YOUR_CALM":
					return
				default:
					t.Fatalf("%s: stream %d: %s", test.reason, id, got)
				}
			}
			t.Errorf("%s: the connection goes on", test.reason)
		})
	}
}

// TestDataForNobody keeps that DATA on a stream that is gone pays for nothing.
func TestDataForNobody(t *testing.T) {
	l := listen(t, nil, ServerOptions{}, ok)
	p := dialPeer(t, l)
	p.ask(1, false, "POST", "content-length", "1")
	p.must(p.WriteData(1, false, []byte("xx")))
	if got := p.outcome(1); got != "reset PROTOCOL_ERROR" {
		t.Fatal(got)
	}
	go func() {
		for range 3 * idleFrames {
			if p.WriteData(1, false, []byte("x")) != nil {
				return
			}
		}
	}()
	if got := p.outcome(3); got != "goaway ENHANCE_YOUR_CALM" {
		t.Errorf("got %s", got)
	}
}
