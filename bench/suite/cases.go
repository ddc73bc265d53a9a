package suite

import (
	"context"
	"fmt"
	"slices"

	"github.com/fleetgate/fleetgate/bench/load"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// benchCase is a case by its name.
type benchCase struct {
	name string
	run  func(ctx context.Context, b *Bench) ([]Row, error)
}

func compare(name string, c comparison) benchCase { return benchCase{name: name, run: c.run} }

// cases are all there are, in the order of the table.
var cases = []benchCase{
	compare("keepalive-64", comparison{
		title: "HTTP/1.1 keep-alive, 1 KB, 64 connections", goal: 0.85, traefik: true,
		path: "/1k", size: size("1k"), tool: tool.Wrk{Connections: 64},
	}),
	compare("keepalive-64-lean", comparison{
		title: "the same, peers without X-Forwarded-* and X-Request-Id", setup: peer.Setup{Lean: true},
		path: "/1k", size: size("1k"), tool: tool.Wrk{Connections: 64},
	}),
	compare("keepalive-1024", comparison{
		title: "HTTP/1.1 keep-alive, 1 KB, 1,024 connections", goal: 0.80,
		path: "/1k", size: size("1k"), tool: tool.Wrk{Connections: 1024}, pairs: 1024, pairsGoal: 40,
	}),
	compare("rate-4000", atRate(4000)),
	compare("rate-12000", atRate(12000)),
	{"latency", latency},
	{"idle", idle},
	{"hosts-10000", tables(10_000, 0)},
	{"hosts-100000", tables(100_000, 0)},
	{"paths-10000", tables(0, 10_000)},
	{"paths-100000", tables(0, 100_000)},
	compare("connects", comparison{
		title: "a new connection for each request, 64 at a time", goal: 1.0,
		path: "/1k", size: size("1k"), tool: own(load.Options{Kind: load.Connects, Connections: 64}),
	}),
	compare("body-16k", comparison{
		title: "16 KB responses, 64 connections", goal: 0.85, setup: peer.Setup{LargeBodies: true},
		path: "/16k", size: size("16k"), tool: tool.Wrk{Connections: 64},
	}),
	compare("body-128k", comparison{
		title: "128 KB responses, 64 connections", goal: 0.70, setup: peer.Setup{LargeBodies: true},
		path: "/128k", size: size("128k"), tool: tool.Wrk{Connections: 64},
	}),
	compare("upload-1m", comparison{
		title: "1 MB uploads, 16 connections", goal: 1.0, best: true, setup: peer.Setup{LargeBodies: true},
		path: "/upload", tool: own(load.Options{Kind: load.Uploads, Connections: 16, Body: 1 << 20}),
	}),
	compare("tls-keepalive", comparison{
		title: "TLS 1.3 keep-alive, 1 KB, 64 connections", goal: 0.75, setup: peer.Setup{TLS: true},
		path: "/1k", size: size("1k"), tool: tool.Wrk{Connections: 64, TLS: true},
	}),
	compare("tls-handshakes", comparison{
		title: "full TLS 1.3 handshakes (ECDSA P-256), a request each, 32 at a time", goal: 0.90, setup: peer.Setup{TLS: true},
		path: "/1k", size: size("1k"), tool: own(load.Options{Kind: load.Handshakes, Connections: 32}),
	}),
	compare("http2-tls", comparison{
		title: "HTTP/2 over TLS, 1 KB, 8 streams × 16 connections", goal: 0.80, setup: peer.Setup{TLS: true},
		path: "/1k", size: size("1k"), tool: tool.H2load{Connections: 16, Streams: 8, TLS: true},
	}),
	compare("grpc-unary", comparison{
		title: "gRPC unary, 64 B, 8 calls × 16 connections", goal: 0.90, setup: peer.Setup{GRPC: true},
		path: "/bench.Echo/Unary", tool: tool.H2load{Connections: 16, Streams: 8, Call: callFile},
	}),
	compare("grpc-streaming", comparison{
		title: "gRPC streaming, 64 B messages there and back, 8 calls × 16 connections", unit: "µs a message",
		goal: 0.90, setup: peer.Setup{GRPC: true}, messages: true,
		path: "/bench.Echo/Stream", tool: own(load.Options{Kind: load.Streams, Connections: 16, Streams: 8, Body: 64}),
	}),
	compare("websocket", comparison{
		title: "WebSocket echo, 64 B messages, 64 connections", unit: "µs a message",
		goal: 1.0, setup: peer.Setup{WebSocket: true}, messages: true,
		path: "/ws", tool: own(load.Options{Kind: load.WebSockets, Connections: 64, Body: 64}),
	}),
	compare("access-log", comparison{
		title: "HTTP/1.1 keep-alive, 1 KB, 64 connections, access log to a file", goal: 0.90, setup: peer.Setup{AccessLog: true},
		path: "/1k", size: size("1k"), tool: tool.Wrk{Connections: 64},
	}),
	{"connections-10000", connections},
	{"memory-routes", memory},
	{"swap", swap},
	{"scaling", scaling},
}

// callFile is the message of unary calls.
const callFile = "call.bin"

func atRate(rate float64) comparison {
	return comparison{
		title: fmt.Sprintf("HTTP/1.1 keep-alive, 1 KB, a fixed %.0f requests a second", rate), goal: 0.90, rate: rate,
		path: "/1k", size: size("1k"), tool: own(load.Options{Kind: load.Requests, Connections: 64, Rate: rate}),
	}
}

// Names are the names of all cases.
func Names() (names []string) {
	for _, c := range cases {
		names = append(names, c.name)
	}
	return names
}

// choose gives the cases with these names, in the order of the table; all if there are no names.
func choose(names []string) (chosen []benchCase, err error) {
	for _, name := range names {
		if !slices.Contains(Names(), name) {
			return nil, fmt.Errorf("%w: %q; there are %v", errNoCase, name, Names())
		}
	}
	for _, c := range cases {
		if len(names) == 0 || slices.Contains(names, c.name) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}
