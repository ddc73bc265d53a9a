package router

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// The benchmarks also report the CPU time of the process, which says more than the clock on a
// machine that does other things.

// processor is the CPU time that the process took until now.
func processor() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// measured runs op in the loop of a benchmark.
func measured(b *testing.B, op func(i int)) {
	b.Helper()
	b.ReportAllocs()
	i := 0
	begin := processor()
	for b.Loop() {
		op(i)
		i++
	}
	b.ReportMetric(float64(processor()-begin)/float64(i), "cpu-ns/op")
}

// manyHosts makes chunks of 50 hosts with some rules each, of one listener.
func manyHosts(n, rules int) (config.Root, []*config.Chunk) {
	const perChunk = 50
	chunks := config.Pointers(make([]config.Chunk, (n+perChunk-1)/perChunk))
	for i := range n {
		c := chunks[i/perChunk]
		c.Index = i / perChunk
		c.Hosts = append(c.Hosts, config.Host{Listener: "web", Hostname: fmt.Sprintf("host-%d.example.com", i)})
		host := &c.Hosts[len(c.Hosts)-1]
		for r := range rules {
			path := []string{"/", "/api", "/static/images", "/api/v2"}[r]
			host.Rules = append(host.Rules, prefixRule(fmt.Sprintf("team-%d/route-%d", i%100, r), path))
		}
	}
	return oneListener(len(chunks)), chunks
}

func manyPaths(n int) (config.Root, []*config.Chunk) {
	host := config.Host{Listener: "web"}
	for i := range n {
		host.Rules = append(host.Rules, prefixRule("n/r", fmt.Sprintf("/api/v1/item-%d", i)))
	}
	return oneListener(1), []*config.Chunk{{Hosts: []config.Host{host}}}
}

func built(tb testing.TB, root config.Root, chunks []*config.Chunk) *Table {
	tb.Helper()
	table, errs := Build(root, chunks)
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	return table
}

func BenchmarkLookupHosts(b *testing.B) {
	for _, n := range []int{1, 10_000, 100_000} {
		root, chunks := manyHosts(n, 2)
		table := built(b, root, chunks)
		hosts := make([]string, min(n, 4096))
		for i := range hosts {
			hosts[i] = fmt.Sprintf("host-%d.example.com", i*(n/len(hosts)))
		}
		for _, c := range []struct {
			name  string
			asked []string
		}{{"first", hosts[:1]}, {"last", []string{fmt.Sprintf("host-%d.example.com", n-1)}}, {"any", hosts}} {
			b.Run(fmt.Sprintf("%d/%s", n, c.name), func(b *testing.B) {
				req := &Request{Path: "/api/v1/users/42", Method: "GET"}
				measured(b, func(i int) {
					req.Host = c.asked[i%len(c.asked)]
					if table.Lookup(80, req).Rule == nil {
						b.Fatal("not found")
					}
				})
			})
		}
	}
}

func BenchmarkLookupPaths(b *testing.B) {
	for _, n := range []int{1, 10_000, 100_000} {
		root, chunks := manyPaths(n)
		table := built(b, root, chunks)
		for _, c := range []struct {
			name string
			item int
		}{{"first", 0}, {"last", n - 1}} {
			b.Run(fmt.Sprintf("%d/%s", n, c.name), func(b *testing.B) {
				req := &Request{Path: fmt.Sprintf("/api/v1/item-%d/x", c.item), Method: "GET"}
				measured(b, func(int) {
					if table.Lookup(80, req).Rule == nil {
						b.Fatal("not found")
					}
				})
			})
		}
	}
}

func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n, " hosts"), func(b *testing.B) {
			root, chunks := manyHosts(n, 2)
			measured(b, func(int) { Build(root, chunks) })
		})
		b.Run(fmt.Sprint(n, " paths"), func(b *testing.B) {
			root, chunks := manyPaths(n)
			measured(b, func(int) { Build(root, chunks) })
		})
	}
}

// BenchmarkUpdate changes one route of four for each host.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n, " hosts"), func(b *testing.B) {
			root, chunks := manyHosts(n, 4)
			table := built(b, root, chunks)
			measured(b, func(i int) {
				chunk := *table.Chunks()[7]
				chunk.Hosts = append([]config.Host(nil), chunk.Hosts...)
				chunk.Hosts[3].Rules = []config.Rule{prefixRule("n/new", fmt.Sprint("/", i))}
				table, _ = table.Update([]*config.Chunk{&chunk})
			})
		})
	}
}

// BenchmarkMemory tells what a table takes beyond the configuration that it is made from.
func BenchmarkMemory(b *testing.B) {
	for _, c := range []struct {
		name string
		make func() (config.Root, []*config.Chunk)
	}{
		{"1 route on each of 10000 hosts", func() (config.Root, []*config.Chunk) { return manyHosts(10_000, 1) }},
		{"4 routes on each of 10000 hosts", func() (config.Root, []*config.Chunk) { return manyHosts(10_000, 4) }},
		{"10000 routes on one host", func() (config.Root, []*config.Chunk) { return manyPaths(10_000) }},
		{"10000 expressions on one host", func() (config.Root, []*config.Chunk) { return manyExpressions(10_000, "/api/item-%d/[0-9]+") }},
	} {
		b.Run(c.name, func(b *testing.B) {
			root, chunks := c.make()
			for b.Loop() {
				before := live()
				table := built(b, root, chunks)
				b.ReportMetric(float64(live()-before)/float64(routesOf(chunks)), "bytes/route")
				runtime.KeepAlive(table)
			}
		})
	}
}

func live() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func routesOf(chunks []*config.Chunk) (n int) {
	for _, chunk := range chunks {
		for _, host := range chunk.Hosts {
			n += len(host.Rules)
		}
	}
	return n
}

func TestATableIsSmall(t *testing.T) {
	const most = 600 // bytes a route; about 150 are needed
	root, chunks := manyHosts(5_000, 4)
	before := live()
	table := built(t, root, chunks)
	if got := int(live()-before) / routesOf(chunks); got > most {
		t.Errorf("%d bytes a route", got)
	}
	runtime.KeepAlive(table)
}
