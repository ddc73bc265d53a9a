package admin_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/admin"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

func ask(t *testing.T, handler http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestReadyFollowsTheProxy(t *testing.T) {
	ready := false
	handler := admin.Handler(admin.Options{
		Ready: func() bool { return ready }, Metrics: admin.NewMetrics(),
		Dump: func() any { return map[string]int{"revision": 7} },
	})
	if code, _ := ask(t, handler, "/ready"); code != 503 {
		t.Fatalf("got %d", code)
	}
	if code, _ := ask(t, handler, "/live"); code != 200 {
		t.Fatalf("a proxy that is not ready is alive, got %d", code)
	}
	ready = true
	if code, _ := ask(t, handler, "/ready"); code != 200 {
		t.Fatalf("got %d", code)
	}
	if _, body := ask(t, handler, "/config"); !strings.Contains(body, `"revision": 7`) {
		t.Fatalf("got %s", body)
	}
}

func TestSeriesAreBounded(t *testing.T) {
	metrics := admin.NewMetrics()
	for i := range 40_000 {
		name := fmt.Sprintf("n/route-%d", i)
		metrics.Exchanged(&proxy.Record{Route: name, Backend: name, Status: 200 + i%4*100, Attempts: 2, Failures: 1, Duration: time.Second})
		metrics.Exchanged(&proxy.Record{Route: name, Backend: name, Relayed: &proxy.Relayed{Up: 1, Down: 2}})
		metrics.Mirrored(name, proxy.MirrorSent)
	}
	series, body := scrape(t, metrics)
	if series > 2000 {
		t.Fatalf("%d series", series)
	}
	if !strings.Contains(body, `fleetgate_proxy_requests_total{backend="_other",code="_other",route="_other"} 79101`) {
		t.Fatal("what has no series of its own must be summed under _other")
	}
	metrics.Applied(3, 9, known("n/route-1"))
	after, body := scrape(t, metrics)
	if after > 100 || !strings.Contains(body, `route="n/route-1"`) || !strings.Contains(body, "fleetgate_proxy_config_generation 3") {
		t.Fatalf("series of routes that are gone must go: %d left", after)
	}
}

func TestRelayedBytes(t *testing.T) {
	metrics := admin.NewMetrics()
	for range 2 {
		metrics.Exchanged(&proxy.Record{Route: "n/r", Backend: "b", Relayed: &proxy.Relayed{Up: 3, Down: 5, UDP: true}})
	}
	_, body := scrape(t, metrics)
	for _, want := range []string{
		`fleetgate_proxy_relayed_bytes_total{direction="up",route="n/r"} 6`,
		`fleetgate_proxy_relayed_bytes_total{direction="down",route="n/r"} 10`,
		`fleetgate_proxy_requests_total{backend="b",code="_none",route="n/r"} 2`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
}

// known are names of which only these are in the configuration.
func known(names ...string) proxy.Names {
	has := func(name string) bool { return slices.Contains(names, name) }
	return proxy.Names{Route: has, Backend: has}
}

func TestSeriesThatAreRememberedFollowTheConfiguration(t *testing.T) {
	metrics := admin.NewMetrics()
	for i := range 2000 {
		metrics.Exchanged(&proxy.Record{Route: fmt.Sprintf("n/old-%d", i), Backend: "b", Status: 200})
	}
	record := &proxy.Record{Route: "n/new", Backend: "b", Status: 200, Series: metrics.Series("n/new", "b")}
	metrics.Exchanged(record)
	if _, body := scrape(t, metrics); strings.Contains(body, "n/new") {
		t.Fatal("there is no room for another series")
	}
	metrics.Applied(1, 1, known("n/new", "b"))
	metrics.Exchanged(record)
	metrics.Exchanged(record)
	if _, body := scrape(t, metrics); !strings.Contains(body, `fleetgate_proxy_requests_total{backend="b",code="2xx",route="n/new"} 2`) {
		t.Fatalf("now there is room:\n%s", body)
	}
	metrics.Applied(2, 2, known())
	if _, body := scrape(t, metrics); strings.Contains(body, "n/new") {
		t.Fatal("the route is gone")
	}
}

func TestCountingDoesNotAllocate(t *testing.T) {
	metrics := admin.NewMetrics()
	for _, record := range []*proxy.Record{
		{Status: 404},
		{Route: "n/r", Backend: "b", Status: 200, Duration: time.Millisecond, Series: metrics.Series("n/r", "b")},
	} {
		metrics.Exchanged(record)
		if n := testing.AllocsPerRun(1000, func() { metrics.Exchanged(record) }); n != 0 {
			t.Errorf("%v allocations for %+v", n, record)
		}
	}
}

func TestDroppedLinesAreCounted(t *testing.T) {
	metrics := admin.NewMetrics()
	metrics.LogDropped(7)
	if _, body := scrape(t, metrics); !strings.Contains(body, "fleetgate_proxy_access_log_dropped_total 7") {
		t.Fatal(body)
	}
}

func BenchmarkExchanged(b *testing.B) {
	metrics := admin.NewMetrics()
	record := &proxy.Record{Route: "n/r", Backend: "b", Status: 200, Duration: time.Millisecond, Series: metrics.Series("n/r", "b")}
	b.ReportAllocs()
	for b.Loop() {
		metrics.Exchanged(record)
	}
}

func scrape(t *testing.T, metrics *admin.Metrics) (int, string) {
	t.Helper()
	_, body := ask(t, admin.Handler(admin.Options{Metrics: metrics}), "/metrics")
	series := 0
	for line := range strings.Lines(body) {
		if !strings.HasPrefix(line, "#") {
			series++
		}
	}
	return series, body
}

func TestServeEndsWithItsContext(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- admin.Serve(ctx, listener, admin.Handler(admin.Options{Metrics: admin.NewMetrics()})) }()
	response, err := http.Get("http://" + listener.Addr().String() + "/live")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
}
