package proxy

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestLogLineIsOneJSONObject(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 6_007_000, time.FixedZone("east", 3600))
	cases := []struct {
		name, reason string
		record       Record
		want         map[string]any
	}{
		{
			"plain", "numbers are numbers, and times are of UTC",
			Record{Start: start, Duration: 12*time.Millisecond + 3*time.Microsecond, Status: 200, Attempts: 1, Method: "GET", Path: "/a?b=1", Rule: "0"},
			map[string]any{"time": "2026-01-02T02:04:05.006007Z", "duration_ms": 12.003, "status": 200.0, "upstream_attempts": 1.0, "method": "GET", "path": "/a?b=1", "rule": "0"},
		},
		{
			"hostile", "a client must not write lines or fields of its own",
			Record{Start: start, Path: "/\"}\n\x1b[2J\\\u2028\u0085\xff", Host: "häuser.example"},
			map[string]any{"path": "/\"}\n\x1b[2J\\\u2028\u0085\ufffd", "host": "häuser.example"},
		},
		{
			"connection", "it has bytes and no datagrams",
			Record{Start: start, Relayed: &Relayed{Up: 1 << 40, Down: 2}},
			map[string]any{"bytes_up": float64(1 << 40), "bytes_down": 2.0, "datagrams_up": nil},
		},
		{
			"session", "it has datagrams too",
			Record{Start: start, Relayed: &Relayed{Up: 1, Down: 2, UDP: true, DatagramsUp: 3, DatagramsDown: 4}},
			map[string]any{"bytes_up": 1.0, "datagrams_up": 3.0, "datagrams_down": 4.0, "request_id": ""},
		},
		{"long", "a field is bounded", Record{Start: start, Host: strings.Repeat("a", 5000)}, map[string]any{"host": strings.Repeat("a", logField)}},
	}
	var clock logClock
	for _, c := range cases {
		line := clock.appendRecord(nil, &c.record)
		var got map[string]any
		if err := json.Unmarshal(line, &got); err != nil || bytes.Count(line, []byte("\n")) != 1 || bytes.ContainsRune(line, 0x1b) {
			t.Fatalf("%s: %s: %v in %q", c.name, c.reason, err, line)
		}
		for name, want := range c.want {
			if got[name] != want {
				t.Errorf("%s: %s: %s is %v, not %v", c.name, c.reason, name, got[name], want)
			}
		}
	}
}

func TestLogClockFollows(t *testing.T) {
	var clock logClock
	at := time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, time.UTC)
	for range 3 {
		want := at.Format("2006-01-02T15:04:05.000000Z")
		if got := string(clock.append(nil, at)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		at = at.Add(time.Microsecond)
	}
}

// ignore is for tests that lose nothing.
func ignore(int) {}

func TestNothingIsLostAtTheEnd(t *testing.T) {
	var out bytes.Buffer
	l := newAccessLog(&out, ignore)
	const writers, lines = 8, 500
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for i := range lines {
				l.write(&Record{Status: w*lines + i, Path: strings.Repeat("x", 200)})
			}
		})
	}
	group.Wait()
	l.close()
	l.write(&Record{}) // too late, and no panic
	seen := map[int]bool{}
	for line := range strings.Lines(out.String()) {
		var got struct{ Status int }
		if err := json.Unmarshal([]byte(line), &got); err != nil || seen[got.Status] {
			t.Fatalf("%q: %v", line, err)
		}
		seen[got.Status] = true
	}
	if len(seen) != writers*lines {
		t.Fatalf("%d lines of %d", len(seen), writers*lines)
	}
}

func TestALineIsWrittenBeforeItsBlockIsFull(t *testing.T) {
	reader, writer := io.Pipe()
	l := newAccessLog(writer, ignore)
	l.write(&Record{Path: "/one"})
	buffer := make([]byte, 4096)
	n, err := reader.Read(buffer)
	if err != nil || !bytes.Contains(buffer[:n], []byte("/one")) {
		t.Fatalf("%v, got %q", err, buffer[:n])
	}
	l.close()
}

// stuck is a disk that takes nothing until it is let go.
type stuck struct {
	release chan struct{}
	bytes.Buffer
}

func (s *stuck) Write(p []byte) (int, error) {
	<-s.release
	return s.Buffer.Write(p)
}

func TestASlowDiskCostsLinesNotMemory(t *testing.T) {
	out := &stuck{release: make(chan struct{})}
	var lost atomic.Int64
	l := newAccessLog(out, func(n int) { lost.Add(int64(n)) })
	const lines = 20_000
	record := &Record{Path: strings.Repeat("x", 2000)}
	for range lines {
		l.write(record)
	}
	if lost.Load() == 0 {
		t.Fatal("40 MB were kept")
	}
	close(out.release)
	l.close()
	written := int64(strings.Count(out.String(), `"path"`))
	if written+lost.Load() != lines || !strings.Contains(out.String(), `{"dropped":`) {
		t.Fatalf("%d lines were written and %d counted as lost, of %d", written, lost.Load(), lines)
	}
}

type broken struct{}

func (broken) Write(p []byte) (int, error) { return 10, io.ErrShortWrite }

func TestLinesThatCannotBeWrittenAreCounted(t *testing.T) {
	var lost atomic.Int64
	l := newAccessLog(broken{}, func(n int) { lost.Add(int64(n)) })
	for range 3 {
		l.write(&Record{})
	}
	l.close()
	if lost.Load() < 3 {
		t.Fatalf("%d of 3", lost.Load())
	}
}

func BenchmarkAccessLog(b *testing.B) {
	l := newAccessLog(io.Discard, ignore)
	defer l.close()
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		record := sampleRecord()
		for p.Next() {
			l.write(record)
		}
	})
}

func sampleRecord() *Record {
	return &Record{
		Start: time.Now(), Duration: 1234 * time.Microsecond, Gateway: "shop/web", Listener: "http", Method: "GET",
		Host: "shop.example.com", Path: "/api/v1/carts/4711?full=true", Status: 200, Route: "shop/cart", Rule: "0",
		Backend: "shop/cart:80", Endpoint: "10.0.0.1:8080", Attempts: 1, RequestID: "0123456789abcdef0123456789abcdef",
	}
}
