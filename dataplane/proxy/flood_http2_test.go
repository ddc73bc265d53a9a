package proxy_test

import (
	"bufio"
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	frames "golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// flood is a client that sends the same thing over and over.
type flood struct {
	name, reason string
	// begin is sent once, step for each round.
	begin func(p *peer) error
	step  func(p *peer, i int) error
	// ends are the ways in which the connection may end; "" for one that goes on.
	ends []string
}

const calm = "goaway ENHANCE_YOUR_CALM"

// stream is the number of the i-th stream of a client.
func streamOf(i int) uint32 { return uint32(2*i + 1) }

func floods() []flood {
	never := make([]byte, 4)
	openPost := func(p *peer) error { return p.ask(1, false, append([]string{":method", "POST"}, get("/x")[2:]...)...) }
	closed := func(p *peer) error { return p.ask(1, true, get("/x", "x_bad", "1")...) }
	// each makes a stream and spoils it.
	each := func(spoil func(p *peer, id uint32) error, more ...string) func(p *peer, i int) error {
		return func(p *peer, i int) error {
			list := append([]string{":method", "POST"}, get("/x", more...)[2:]...)
			if err := p.ask(streamOf(i), false, list...); err != nil {
				return err
			}
			return spoil(p, streamOf(i))
		}
	}
	return []flood{
		{"rapid reset", "CVE-2023-44487", nil, each(func(p *peer, id uint32) error { return p.WriteRSTStream(id, frames.ErrCodeCancel) }), []string{calm}},
		{"made to reset by a body too long", "CVE-2025-8671", nil, each(func(p *peer, id uint32) error { return p.WriteData(id, false, []byte("xx")) }, "content-length", "1"), []string{calm}},
		{"made to reset by nothing for a window", "CVE-2025-8671", nil, each(func(p *peer, id uint32) error { return p.WriteRawFrame(frames.FrameWindowUpdate, 0, id, never) }), []string{calm}},
		{"made to reset by too much for a window", "CVE-2025-8671", nil, each(func(p *peer, id uint32) error { return p.WriteWindowUpdate(id, 1<<31-1) }), []string{calm}},
		{"made to reset by a priority", "CVE-2025-8671", nil, each(func(p *peer, id uint32) error { return p.WriteRawFrame(frames.FramePriority, 0, id, never) }), []string{calm}},
		{"made to reset by trailers", "CVE-2025-8671", nil, each(func(p *peer, id uint32) error { return p.ask(id, true, ":path", "/") }), []string{calm}},
		{"malformed requests", "", nil, func(p *peer, i int) error { return p.ask(streamOf(i), true, get("/x", "X", "y")...) }, []string{calm}},
		{"refused requests", "", nil, func(p *peer, i int) error { return p.ask(streamOf(i), true, get("/x", "x_y", "z")...) }, []string{calm}},
		{"CONTINUATION", "CVE-2024-27316", openPostOpen, func(p *peer, _ int) error { return p.WriteContinuation(1, false, make([]byte, 16384)) }, []string{calm}},
		{"empty CONTINUATION", "CVE-2019-9518", openPostOpen, func(p *peer, _ int) error { return p.WriteContinuation(1, false, nil) }, []string{calm}},
		{"PING", "CVE-2019-9512", nil, func(p *peer, i int) error { return p.WritePing(false, [8]byte{byte(i)}) }, []string{calm}},
		{"answers to no PING", "", nil, func(p *peer, i int) error { return p.WritePing(true, [8]byte{byte(i)}) }, []string{calm}},
		{"SETTINGS", "CVE-2019-9515", nil, func(p *peer, _ int) error { return p.WriteSettings() }, []string{calm}},
		{"long SETTINGS", "CVE-2020-11080", nil, func(p *peer, _ int) error {
			return p.WriteSettings(slices.Repeat([]frames.Setting{{ID: frames.SettingInitialWindowSize, Val: 1 << 16}}, 300)...)
		}, []string{calm}},
		{"answers to no SETTINGS", "", nil, func(p *peer, _ int) error { return p.WriteSettingsAck() }, []string{calm}},
		{"PRIORITY", "CVE-2019-9513", nil, func(p *peer, i int) error { return p.WritePriority(streamOf(i), frames.PriorityParam{Weight: byte(i)}) }, []string{calm}},
		{"empty DATA", "CVE-2019-9518", openPost, func(p *peer, _ int) error { return p.WriteData(1, false, nil) }, []string{calm}},
		{"DATA of padding", "", openPost, func(p *peer, _ int) error { return p.WriteDataPadded(1, false, nil, make([]byte, 255)) }, []string{calm}},
		{"DATA for nobody", "", closed, func(p *peer, _ int) error { return p.WriteData(1, false, []byte("x")) }, []string{calm}},
		{"WINDOW_UPDATE", "", nil, func(p *peer, _ int) error { return p.WriteWindowUpdate(0, 1) }, []string{calm}},
		{"WINDOW_UPDATE for nobody", "", closed, func(p *peer, _ int) error { return p.WriteWindowUpdate(1, 1) }, []string{calm}},
		{"WINDOW_UPDATE of nothing", "", nil, func(p *peer, _ int) error { return p.WriteRawFrame(frames.FrameWindowUpdate, 0, 0, never) }, []string{"goaway PROTOCOL_ERROR"}},
		{"WINDOW_UPDATE of too much", "", nil, func(p *peer, _ int) error { return p.WriteWindowUpdate(0, 1<<31-1) }, []string{"goaway FLOW_CONTROL_ERROR"}},
		{"RST_STREAM for nobody", "", closed, func(p *peer, _ int) error { return p.WriteRSTStream(1, frames.ErrCodeCancel) }, []string{calm}},
		{"unknown frames", "", nil, func(p *peer, _ int) error { return p.WriteRawFrame(0xee, 0, 0, make([]byte, 100)) }, []string{calm}},
		{"GOAWAY", "", nil, func(p *peer, _ int) error { return p.WriteGoAway(0, frames.ErrCodeNo, nil) }, []string{calm, "closed"}},
		{"PUSH_PROMISE", "", nil, func(p *peer, _ int) error {
			return p.WritePushPromise(frames.PushPromiseParam{StreamID: 1, PromiseID: 2, EndHeaders: true})
		}, []string{"goaway PROTOCOL_ERROR"}},
		{"more streams than there may be", "", nil, func(p *peer, i int) error {
			return p.ask(streamOf(i), false, append([]string{":method", "POST"}, get("/x")[2:]...)...)
		}, []string{calm}},
		{"HPACK bomb", "references to one large field", bomb, func(p *peer, i int) error { return p.fragment(streamOf(i), bytes.Repeat([]byte{0x80 | 62}, 2<<10)) }, []string{calm}},
		{"HPACK table thrown over", "evictions", nil, func(p *peer, i int) error { return p.fragment(streamOf(i), tableChurn()) }, []string{calm}},
		{"HPACK table of another size", "each block may say one", nil, func(p *peer, i int) error {
			return p.fragment(streamOf(i), []byte{0x20, 0x3f, 0xe1, 0x1f, 0x82, 0x86, 0x84, 0, 1, 'X', 1, 'y'})
		}, []string{calm}},
		{"HPACK table beyond its bound", "", nil, func(p *peer, i int) error { return p.fragment(streamOf(i), []byte{0x3f, 0xe2, 0x1f}) }, []string{"goaway COMPRESSION_ERROR"}},
		{"HPACK integer without end", "", nil, func(p *peer, i int) error {
			return p.fragment(streamOf(i), append([]byte{0xff}, bytes.Repeat([]byte{0x80}, 10<<10)...))
		}, []string{"goaway COMPRESSION_ERROR"}},
		{"many small fields", "CVE-2019-9516", nil, func(p *peer, i int) error { return p.fragment(streamOf(i), bytes.Repeat([]byte{0, 1, 'a', 0}, 3<<10)) }, []string{calm}},
		{"fields without names", "CVE-2019-9516", nil, func(p *peer, i int) error { return p.fragment(streamOf(i), bytes.Repeat([]byte{0, 0, 0}, 3<<10)) }, []string{calm}},
		{"crumbs of cookies", "they are joined into one", nil, func(p *peer, i int) error {
			return p.ask(streamOf(i), true, get("/x", slices.Repeat([]string{"cookie", "a"}, 300)...)...)
		}, []string{calm}},
		{"lists beyond the bound", "", nil, func(p *peer, i int) error {
			return p.fragment(streamOf(i), p.encode(get("/x", "a", strings.Repeat("x", 9<<10))...))
		}, []string{calm}},
		{"blocks beyond the bound", "", nil, func(p *peer, i int) error { return p.fragment(streamOf(i), bytes.Repeat([]byte{0, 1, 'a', 0}, 32<<10)) }, []string{calm}},
	}
}

// openPostOpen begins a header block that does not end.
func openPostOpen(p *peer) error {
	return p.WriteHeaders(frames.HeadersFrameParam{StreamID: 1, BlockFragment: p.encode(get("/x")...)})
}

// bomb puts a large field into the table, on a stream that is refused.
func bomb(p *peer) error {
	return p.fragment(1, p.encode(get("/x", "x", strings.Repeat("y", 3900))...))
}

// tableChurn is fields of which each one evicts others from the table.
func tableChurn() []byte {
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for i := range 8 {
		_ = encoder.WriteField(hpack.HeaderField{Name: fmt.Sprint("x-", i), Value: strings.Repeat("y", 1300)}) // to memory
	}
	return block.Bytes()
}

// fragment sends a header block in as many frames as it takes. Streams that follow a beginning are the
// ones behind it.
func (p *peer) fragment(stream uint32, block []byte) error {
	n := min(len(block), 16384)
	err := p.WriteHeaders(frames.HeadersFrameParam{StreamID: stream, EndStream: true, EndHeaders: n == len(block), BlockFragment: block[:n]})
	for block = block[n:]; err == nil && len(block) > 0; block = block[n:] {
		n = min(len(block), 16384)
		err = p.WriteContinuation(stream, n == len(block), block[:n])
	}
	return err
}

// TestFloodsOfHTTP2 keeps that each flood ends its connection, and that it costs nobody else anything.
func TestFloodsOfHTTP2(t *testing.T) {
	const clients, rounds = max(4/fewer, 1), 20000
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {steadyBackend(t, 10)}}),
		func(o *proxy.Options) { o.AccessLog, o.MaxHeaderBytes = nil, 8<<10 })
	for _, f := range floods() {
		t.Run(f.name, func(t *testing.T) {
			b.t = t
			m := b.measure()
			var sent atomic.Int64
			var group sync.WaitGroup
			for range clients {
				group.Go(func() {
					if got := f.run(b, rounds, &sent); !slices.Contains(f.ends, got) {
						t.Errorf("%s: ended with %q, want %q", f.reason, got, f.ends)
					}
				})
			}
			group.Wait()
			m.end(sent.Load(), clients*(512<<10), clients*110*4)
		})
	}
	b.t = t
}

// run floods until the connection ends, and says how it did.
func (f *flood) run(b *bed, rounds int, sent *atomic.Int64) string {
	p := b.peer()
	defer p.Close()
	p.ReadMetaHeaders = nil // answers are not looked at
	out := bufio.NewWriterSize(counted{p.Conn, sent}, 16<<10)
	reading := p.Framer
	p.Framer = frames.NewFramer(out, nil)
	p.AllowIllegalWrites = true
	ended := make(chan string, 1)
	go func() { ended <- howItEnds(reading) }()
	if f.begin != nil && f.begin(p) != nil {
		return "cut at the beginning"
	}
	first := 0
	if f.begin != nil {
		first = 1
	}
	for i := first; i < rounds; i++ {
		if f.step(p, i) != nil {
			break
		}
		select {
		case end := <-ended:
			return end
		default:
		}
	}
	_ = out.Flush() // to a connection that may have ended
	select {
	case end := <-ended:
		return end
	case <-time.After(20 * time.Second):
		return "goes on"
	}
}

// howItEnds reads until the end.
func howItEnds(in *frames.Framer) string {
	for {
		frame, err := in.ReadFrame()
		if err != nil {
			return "closed"
		}
		if f, ok := frame.(*frames.GoAwayFrame); ok && f.ErrCode != frames.ErrCodeNo {
			return "goaway " + f.ErrCode.String()
		}
	}
}
