package source

import (
	"context"
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/client-go/rest"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// BenchmarkChange changes one route of many, from the object that a watch brings to the configuration in force. Each
// listener has sixteen routes of a hostname each.
func BenchmarkChange(b *testing.B) {
	for _, listeners := range []int{60, 625, 2_500} {
		b.Run(fmt.Sprintf("%d routes at %d listeners", listeners*perListener, listeners), func(b *testing.B) {
			s := newCrowd(b, listeners)
			begin, i := processor(), 0
			b.ReportAllocs()
			for b.Loop() {
				i++
				b.StopTimer()
				before := processor()
				object := encoded(b, "gw-0", dataplanev1alpha1.PartChunk, 0, manyChunk(s.listeners, 0, fmt.Sprint(i)))
				begin += processor() - before
				b.StartTimer()
				s.parts.put(object)
				s.assemble(b.Context())
			}
			b.ReportMetric(float64(processor()-begin)/float64(i), "cpu-ns/op")
		})
	}
}

const (
	perListener = 16
	perChunk    = 78
)

type crowd struct {
	*Source

	listeners int
}

// newCrowd is a Source with so many listeners in force.
func newCrowd(b *testing.B, listeners int) crowd {
	b.Helper()
	p := proxy.New(proxy.Options{Listen: nowhere})
	b.Cleanup(func() { _ = p.Shutdown(b.Context()) })
	s, err := New(Options{
		Config: &rest.Config{Host: "http://127.0.0.1:1"}, Name: "gw", Namespace: "n", Pod: "gw-1", Apply: p.Apply,
	})
	if err != nil {
		b.Fatal(err)
	}
	s.namespaces["n"] = &namespace{name: "n", current: &watched{newServices(map[string]bool{"a": true}), &feed[*discoveryv1.EndpointSlice]{synced: true, cancel: func() {}}}}
	chunks := (listeners*perListener + perChunk - 1) / perChunk
	root := config.Root{Version: config.Version, Gateway: "n/gw", Chunks: chunks}
	for i := range listeners {
		root.Listeners = append(root.Listeners, config.Listener{Name: listenerName(i), Port: 80, Protocol: config.HTTP, Hostname: fmt.Sprintf("*.set-%04d.example.org", i)})
	}
	s.parts.put(encoded(b, "gw", dataplanev1alpha1.PartRoot, 0, root))
	for i := range chunks {
		s.parts.put(encoded(b, fmt.Sprint("gw-", i), dataplanev1alpha1.PartChunk, i, manyChunk(listeners, i, "first")))
	}
	s.assemble(b.Context())
	if s.force == nil {
		b.Fatal("nothing is in force")
	}
	return crowd{s, listeners}
}

// nowhere listens on a port of the machine's choice.
func nowhere(context.Context, int32) (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

// processor is the CPU time that the process took until now.
func processor() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// manyChunk is one of the chunks of so many listeners; the first of its routes has this edition.
func manyChunk(listeners, index int, edition string) config.Chunk {
	c := config.Chunk{
		Version: config.Version, Index: index,
		Pools: []config.Pool{{Key: "n/a:8080", Namespace: "n", Service: "a", Port: 8080}},
	}
	for i := index * perChunk; i < min((index+1)*perChunk, listeners*perListener); i++ {
		host := config.Host{Listener: listenerName(i % listeners), Hostname: fmt.Sprintf("other-%05d.set-%04d.example.org", i, i%listeners)}
		host.Rules = []config.Rule{{
			Route: fmt.Sprintf("n/other-%05d", i), Created: 1_700_000_000,
			Matches:  []config.Match{{PathKind: config.PathPrefix, Path: "/"}},
			Filters:  config.Filters{Response: &config.HeaderEdit{Set: []config.Header{{Name: "Edition", Value: edition}}}},
			Backends: []config.Backend{{Pool: "n/a:8080", Weight: 1}},
		}}
		edition = "first"
		c.Hosts = append(c.Hosts, host)
	}
	return c
}

func listenerName(i int) string { return fmt.Sprintf("n/set-%04d/http", i) }
