//go:build !race

package proxy_test

import (
	"bufio"
	"net"
	"runtime"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// TestMemoryOfIdleConnections keeps that an idle connection holds no stack and no buffer. The client's end is
// of this process, too, and is in the figure.
func TestMemoryOfIdleConnections(t *testing.T) {
	const connections, most = 1000, 4 << 10
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")},
		map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}), func(o *proxy.Options) { o.AccessLog = nil })
	from := bufio.NewReader(nil)
	conns := make([]net.Conn, connections)
	defer func() {
		for _, conn := range conns {
			if conn != nil {
				conn.Close()
			}
		}
	}()
	open := func(i int) {
		conn, err := net.Dial("tcp", b.addr(80))
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
		from.Reset(conn)
		exchangeOn(t, conn, from)
	}
	open(0)
	b.untilParked(1)
	before := inUse()
	for i := range connections - 1 {
		open(i + 1)
	}
	b.untilParked(connections)
	after := inUse()
	if got := (after - before) / connections; got > most {
		t.Errorf("an idle connection holds %d bytes, want at most %d", got, most)
	} else {
		t.Logf("an idle connection holds %d bytes", got)
	}
}

// inUse is the memory of heap and stacks that is in use.
func inUse() int64 {
	var m runtime.MemStats
	for range 3 { // pools keep what they have for two collections
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse) + int64(m.StackInuse)
}
