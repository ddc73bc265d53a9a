package proxy_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// meter measures what an attack costs, while another client is served.
type meter struct {
	t      *testing.T
	b      *bed
	before usage
	peak   usage
	served atomic.Int64
	failed atomic.Int64
	stop   context.CancelFunc
	group  sync.WaitGroup
}

// usage is memory in use, of the heap and of stacks, and goroutines.
type usage struct {
	bytes      int64
	goroutines int64
}

func used() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{int64(m.HeapInuse + m.StackInuse), int64(runtime.NumGoroutine())}
}

// measure begins to measure. The other client asks for /meanwhile again and again.
func (b *bed) measure() *meter {
	b.t.Helper()
	b.get("http://a/meanwhile") // so that what every proxy has once is there already
	runtime.GC()
	runtime.GC() // pools are emptied in two rounds
	m := &meter{t: b.t, b: b, before: used()}
	m.peak = m.before
	ctx, stop := context.WithCancel(b.t.Context())
	m.stop = stop
	m.group.Go(func() { m.watch(ctx) })
	m.group.Go(func() { m.askOn(ctx) })
	return m
}

func (m *meter) watch(ctx context.Context) {
	for ctx.Err() == nil {
		now := used()
		m.peak.bytes = max(m.peak.bytes, now.bytes)
		m.peak.goroutines = max(m.peak.goroutines, now.goroutines)
		time.Sleep(5 * time.Millisecond)
	}
}

func (m *meter) askOn(ctx context.Context) {
	for ctx.Err() == nil {
		request, err := http.NewRequest(http.MethodGet, "http://a/meanwhile", http.NoBody)
		if err != nil {
			m.failed.Add(1)
			return
		}
		response, err := m.b.client.Do(request)
		if err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			response.Body.Close()
		}
		if err != nil || response.StatusCode != http.StatusOK {
			m.failed.Add(1)
		} else {
			m.served.Add(1)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

const slack = 24 << 20 // what garbage makes of any measure of memory

// end holds the attack to its bounds: memory of a hundred times what the attacker sent, or of so many
// bytes if that is more, and so many goroutines.
func (m *meter) end(sent, bytes, goroutines int64) {
	m.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); m.served.Load() == 0 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // an attack may be over before anybody else had a turn
	}
	m.stop()
	m.group.Wait()
	memory, more := m.peak.bytes-m.before.bytes, m.peak.goroutines-m.before.goroutines
	m.t.Logf("sent %d KB: memory %+d KB, goroutines %+d; meanwhile %d requests were served", sent>>10, memory>>10, more, m.served.Load())
	if limit := max(100*sent, bytes) + slack; memory > limit {
		m.t.Errorf("memory grew by %d KB, the limit is %d", memory>>10, limit>>10)
	}
	if more > goroutines {
		m.t.Errorf("%d more goroutines, the limit is %d", more, goroutines)
	}
	if m.failed.Load() > 0 || m.served.Load() == 0 {
		m.t.Errorf("meanwhile %d requests were served, and %d failed", m.served.Load(), m.failed.Load())
	}
}

// steadyBackend answers every request with so many bytes, from memory of its own that does not grow.
func steadyBackend(t *testing.T, size int) config.Endpoint {
	t.Helper()
	return conversing(t, newSteady(size).speak).Endpoint
}

// counted is a connection that counts what is written to it.
type counted struct {
	net.Conn
	sent *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}
