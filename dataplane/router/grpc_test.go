package router

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// callRule is a rule of a GRPCRoute as the operator writes it: it asks for gRPC.
func callRule(route string, kind config.PathKind, path string) config.Rule {
	isCall := []config.ValueMatch{{Name: "content-type", Value: `application/grpc(?:[+;].*)?`, Regex: true}}
	return config.Rule{Route: route, Matches: []config.Match{{PathKind: kind, Path: path, Headers: isCall}}}
}

func TestCallsGoToGRPCRoutesAndEverythingElseToHTTPRoutes(t *testing.T) {
	table, errs := Build(oneListener(1), []*config.Chunk{{Hosts: []config.Host{
		{Listener: "web", Hostname: "a.org", Tier: -256, Rules: []config.Rule{
			callRule("GRPCRoute/n/both", config.PathExact, "/a.Echo/Say"),
			callRule("GRPCRoute/n/service", config.PathPrefix, "/a.Echo"),
			callRule("GRPCRoute/n/method", config.PathMethod, "Say"),
		}},
		{Listener: "web", Hostname: "a.org", Rules: []config.Rule{prefixRule("n/exact", "/a.Echo/Say"), prefixRule("n/web", "/")}},
		{Listener: "web", Hostname: "all.org", Tier: -256, Rules: []config.Rule{callRule("GRPCRoute/n/all", config.PathPrefix, "/")}},
		{Listener: "web", Rules: []config.Rule{prefixRule("n/any", "/")}},
	}}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	cases := []struct{ reason, host, path, contentType, want string }{
		{"service and method first", "a.org", "/a.Echo/Say", "application/grpc", "GRPCRoute/n/both"},
		{"then the service", "a.org", "/a.Echo/Other", "application/grpc+proto", "GRPCRoute/n/service"},
		{"then the method", "a.org", "/b.Echo/Say", "application/grpc;x=y", "GRPCRoute/n/method"},
		{"a call of no GRPCRoute is a request", "a.org", "/b.Echo/Other", "application/grpc", "n/web"},
		{"a request is no call, whatever its path", "a.org", "/a.Echo/Say", "application/json", "n/exact"},
		{"nor is gRPC-Web", "a.org", "/a.Echo/Say", "application/grpc-web", "n/exact"},
		{"a GRPCRoute for all calls", "all.org", "/b.Echo/Say", "application/grpc", "GRPCRoute/n/all"},
		{"leaves requests to a broader hostname", "all.org", "/", "text/plain", "n/any"},
	}
	for _, c := range cases {
		header := headers{"Content-Type": c.contentType}
		got := table.Lookup(80, &Request{Host: c.host, Path: c.path, Method: "POST", Header: header})
		if got.Rule == nil || got.Rule.Config.Route != c.want {
			t.Errorf("%s: %s%s with %s: got %+v, want %s", c.reason, c.host, c.path, c.contentType, got.Rule, c.want)
		}
	}
}
