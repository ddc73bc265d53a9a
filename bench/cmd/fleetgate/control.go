package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/routes"
	"github.com/fleetgate/fleetgate/bench/table"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// control obeys lines on the standard input:
//
//	prepare  the configuration for the next swap is made, which is not the proxy's work
//	swap     every route of the table is replaced by another one of the same meaning
//	change   one host is added
//
// Each is answered with a line: the host that is there now and was not before ("-" for none), the
// monotonic time in nanoseconds at which the proxy got the configuration, and how long Apply took.
func control(p *proxy.Proxy, t table.Table) {
	last, _ := p.Snapshot()
	var prepared *proxy.Snapshot
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		added := "-"
		switch lines.Text() {
		case "prepare":
			t.Edition++
			next := t.Snapshot()
			prepared = &next
			runtime.GC()
			fmt.Fprintln(os.Stdout, added, 0, 0)
			continue
		case "swap":
			if prepared == nil {
				fmt.Fprintln(os.Stdout, "error: nothing is prepared")
				continue
			}
			last, prepared = *prepared, nil
		case "change":
			added = routes.Host(t.Hosts)
			t.Hosts++
			last = withHost(last, t)
		default:
			fmt.Fprintln(os.Stdout, "error: no such command")
			continue
		}
		start := measure.Monotonic()
		if err := p.Apply(last); err != nil {
			fmt.Fprintln(os.Stdout, "error:", err)
			continue
		}
		took := measure.Monotonic() - start
		fmt.Fprintln(os.Stdout, added, int64(start), int64(took/time.Nanosecond))
	}
}

// withHost is a configuration with the last chunk of a table that has grown by a host; the other
// chunks stay as they are, as they do when the configuration comes from a cluster.
func withHost(before proxy.Snapshot, t table.Table) proxy.Snapshot {
	next := before
	last := t.LastChunk()
	next.Chunks = append(next.Chunks[:0:0], before.Chunks...)
	if last.Index < len(next.Chunks) {
		next.Chunks[last.Index] = &last
	} else {
		next.Chunks = append(next.Chunks, &last)
	}
	next.Root.Chunks = len(next.Chunks)
	next.Endpoints = t.Endpoints(next.Chunks)
	return next
}
