package tool

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/bench/load"
)

const wrkOutput = `Running 2s test @ http://127.0.0.1:8080/1k
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     2.00ms    1.49ms  10.43ms   83.44%
    Req/Sec    27.12k     2.93k   30.80k    76.67%
  Latency Distribution
     50%    1.57ms
     75%    1.86ms
     90%    4.22ms
     99%  763.00us
  81174 requests in 3.02s, 87.32MB read
`

const h2loadOutput = `finished in 1.00s, 4000.00 req/s, 4MB/s
requests: 4010 total, 4128 started, 4010 done, 4000 succeeded, 10 failed, 3 errored, 2 timeout
status codes: 4000 2xx, 0 3xx, 0 4xx, 7 5xx
`

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, reason, output string
		tool                 Tool
		want                 Report
		bad                  bool
	}{
		{
			name: "wrk", reason: "requests and latencies", tool: Wrk{}, output: wrkOutput,
			want: Report{Done: 81174, P50: 1570 * time.Microsecond, P99: 763 * time.Microsecond},
		},
		{
			name: "wrk, sockets", reason: "every kind of error counts", tool: Wrk{},
			output: wrkOutput + "  Socket errors: connect 1, read 2, write 3, timeout 4\n",
			want:   Report{Done: 81174, Errors: 10, P50: 1570 * time.Microsecond, P99: 763 * time.Microsecond, First: "Socket errors: connect 1, read 2, write 3, timeout 4"},
		},
		{
			name: "wrk, status", reason: "a wrong status is an error", tool: Wrk{},
			output: wrkOutput + "  Non-2xx or 3xx responses: 5\n",
			want:   Report{Done: 81174, Errors: 5, P50: 1570 * time.Microsecond, P99: 763 * time.Microsecond, First: "Non-2xx or 3xx responses: 5"},
		},
		{name: "wrk, nothing", reason: "no figures", tool: Wrk{}, output: "unable to connect to 127.0.0.1:1", bad: true},
		{
			name: "h2load", reason: "what failed, and redirects, which nobody makes here", tool: H2load{}, output: h2loadOutput,
			want: Report{Done: 4000, Errors: 10, First: strings.ReplaceAll(h2loadOutput[strings.Index(h2loadOutput, "requests:"):len(h2loadOutput)-1], "timeout\n", "timeout; ")},
		},
		{name: "h2load, nothing", reason: "no figures", tool: H2load{}, output: "finished", bad: true},
		{
			name: "own", reason: "what it says before is not the result", tool: Own{},
			output: "ready\n" + `{"Done":7,"Errors":1,"First":"x","P50":1000,"P99":2000,"Max":3000}`,
			want:   Report{Done: 7, Errors: 1, First: "x", P50: 1000, P99: 2000},
		},
		{name: "own, nothing", reason: "no figures", tool: Own{}, output: "load: no", bad: true},
	} {
		got, err := c.tool.Parse(c.output)
		if (err != nil) != c.bad || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v: %s", c.name, got, err, c.want, c.reason)
		}
	}
}

func TestCommand(t *testing.T) {
	target := Target{Address: netip.MustParseAddrPort("127.0.0.1:8080"), Host: "h.example", Path: "/1k"}
	for _, c := range []struct {
		name string
		tool Tool
		want []string
	}{
		{"wrk", Wrk{Connections: 64, TLS: true}, []string{"-c64", "-d3s", "Host: h.example", "https://127.0.0.1:8080/1k"}},
		{"h2load", H2load{Connections: 16, Streams: 8, Call: "f"}, []string{"-m8", "-D3", "--connect-to=127.0.0.1:8080", "te: trailers", "http://h.example/1k"}},
		{"own", Own{Program: "p", Load: load.Options{Kind: load.Streams, Warmup: time.Second}}, []string{"p", "streams", "1s", "1.1s"}},
	} {
		got := c.tool.Command(target, 2100*time.Millisecond)
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: %v lacks %q", c.name, got, want)
			}
		}
	}
}

func TestRun(t *testing.T) {
	run, err := Start(t.Context(), Own{}, []string{"echo", `{"Done":3}`})
	if err != nil {
		t.Fatal(err)
	}
	if report, err := run.Wait(); err != nil || report.Done != 3 {
		t.Errorf("%+v, %v", report, err)
	}
	run, err = Start(t.Context(), Own{}, []string{"false"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := run.Wait(); err == nil {
		t.Error("a tool that fails gives no report")
	}
}

func FuzzParse(f *testing.F) {
	f.Add(wrkOutput)
	f.Add(h2loadOutput)
	f.Fuzz(func(_ *testing.T, output string) {
		for _, t := range []Tool{Wrk{}, H2load{}, Own{}} {
			_, _ = t.Parse(output) // must not panic
		}
	})
}
