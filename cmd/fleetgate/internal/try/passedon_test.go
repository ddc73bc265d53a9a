package try

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

func TestEveryKindOfRouteHasALine(t *testing.T) {
	calls := config.ValueMatch{Name: "content-type", Value: `application/grpc(?:[+;].*)?`, Regex: true}
	one := []config.Backend{{Pool: "shop/a:80/h2c", Weight: 1}}
	const (
		grpc     = `curl -sS --http2 --cacert ca.pem --resolve demo.shop.example:443:127.0.0.9 `
		grpcTail = ` | tail -c +6`
		headers  = `-H 'content-type: application/grpc+json' `
	)
	for _, c := range []struct {
		name, kind  string
		listener    ir.Listener
		host        ir.RouteHost
		rule        config.Rule
		title, line string
	}{
		{
			"a call of a service", ir.GRPCRoute,
			ir.Listener{Port: 443, Protocol: "HTTPS"},
			ir.RouteHost{Hostname: "*.shop.example"},
			config.Rule{Matches: []config.Match{{PathKind: config.PathPrefix, Path: "/a.B", Headers: []config.ValueMatch{calls}}}, Backends: one},
			"GRPCRoute/shop/r, /a.B/Try → a",
			emptyMessage + ` | ` + grpc + headers + `-H 'te: trailers' --data-binary @- https://demo.shop.example/a.B/Try` + grpcTail,
		},
		{
			"a call of a method, in the clear", ir.GRPCRoute,
			ir.Listener{Port: 8080, Protocol: "HTTP"},
			ir.RouteHost{},
			config.Rule{Matches: []config.Match{{
				PathKind: config.PathMethod, Path: "Say", Headers: []config.ValueMatch{{Name: "x", Value: "1"}, calls},
			}}, Backends: one},
			"GRPCRoute/shop/r, /demo.Service/Say, x: 1 → a",
			emptyMessage + ` | curl -sS --http2-prior-knowledge --resolve localhost:8080:127.0.0.9 ` + headers +
				`-H 'te: trailers' -H 'x: 1' --data-binary @- http://localhost:8080/demo.Service/Say` + grpcTail,
		},
		{
			"TLS that is ended", ir.TLSRoute,
			ir.Listener{Port: 8883, Protocol: "TLS"},
			ir.RouteHost{Hostname: "*.shop.example"},
			config.Rule{Backends: one},
			"TLSRoute/shop/r, TLS for demo.shop.example → a",
			greeting + ` | openssl s_client -quiet -verify_quiet -connect 127.0.0.9:8883 -servername demo.shop.example -CAfile ca.pem ` +
				`-verify_return_error -verify_hostname demo.shop.example`,
		},
		{
			"TLS that is passed on", ir.TLSRoute,
			ir.Listener{Port: 8883, Protocol: "TLS"},
			ir.RouteHost{Hostname: "a.shop.example", Passthrough: true},
			config.Rule{Backends: one},
			"TLSRoute/shop/r, TLS for a.shop.example, passed on → a",
			greeting + ` | openssl s_client -quiet -verify_quiet -connect 127.0.0.9:8883 -servername a.shop.example`,
		},
		{
			"TCP", ir.TCPRoute,
			ir.Listener{Port: 9000, Protocol: "TCP"},
			ir.RouteHost{},
			config.Rule{Backends: one},
			"TCPRoute/shop/r, TCP to port 9000 → a", greeting + ` | nc -w 2 127.0.0.9 9000`,
		},
		{
			"TCP to backends by weight", ir.TCPRoute,
			ir.Listener{Port: 9000, Protocol: "TCP"},
			ir.RouteHost{},
			config.Rule{Backends: []config.Backend{{Pool: "shop/a:80", Weight: 3}, {Pool: "shop/b:80", Weight: 1}}},
			"TCPRoute/shop/r, TCP to port 9000 → a (weight 3), b (weight 1)",
			`for i in $(seq 100); do ` + greeting + ` | nc -w 2 127.0.0.9 9000; done | grep -o '"service":"[^"]*"' | sort | uniq -c`,
		},
		{
			"TCP without a backend", ir.TCPRoute,
			ir.Listener{Port: 9000, Protocol: "TCP"},
			ir.RouteHost{},
			config.Rule{},
			"TCPRoute/shop/r, TCP to port 9000 → no backend", greeting + ` | nc -w 2 127.0.0.9 9000`,
		},
		{
			"UDP", ir.UDPRoute,
			ir.Listener{Port: 53, Protocol: "UDP"},
			ir.RouteHost{},
			config.Rule{Backends: one},
			"UDPRoute/shop/r, UDP to port 53 → a", `echo hello | nc -u -w 2 127.0.0.9 53`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.listener.Name, c.listener.Serves, c.host.Listener = "l", true, "l"
			c.rule.Route = c.kind + "/shop/r"
			at := ir.RouteGateway{Gateway: "infra/gw", Hosts: []ir.RouteHost{c.host}, Rules: []config.Rule{c.rule}}
			if c.host.Passthrough {
				at.Rules, at.Passed = nil, at.Rules
			}
			all := All(ir.IR{
				Gateways: []*ir.Gateway{{Namespace: "infra", Name: "gw", Listeners: []ir.Listener{c.listener}}},
				Routes:   ir.RoutesOf([]*ir.Route{{Kind: c.kind, Namespace: "shop", Name: "r", Gateways: []ir.RouteGateway{at}}}),
			})
			if len(all) != 1 {
				t.Fatalf("%d requests: %+v", len(all), all)
			}
			if all[0].Title != c.title {
				t.Errorf("title %q, want %q", all[0].Title, c.title)
			}
			if line := all[0].Line("127.0.0.9", "ca.pem"); line != c.line {
				t.Errorf("line\n%s\nwant\n%s", line, c.line)
			}
		})
	}
}
