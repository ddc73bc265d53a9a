package proxy_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestOwnAnswersToGRPC(t *testing.T) {
	method := prefixRule("n/method", "/", "a")
	method.Matches = []config.Match{{PathKind: config.PathMethod, Path: "Echo"}}
	slow := prefixRule("n/slow", "/n.Slow", "slow")
	slow.Timeouts.Request = 50
	invalid := prefixRule("n/invalid", "/n.Invalid", "")
	invalid.Backends[0].Invalid = "RefNotPermitted"
	b := start(t, plainSnapshot([]config.Rule{method, slow, invalid, prefixRule("n/gone", "/n.Gone", "none"), prefixRule("n/dead", "/n.Dead", "dead")}, map[string][]config.Endpoint{
		"a": {backend(t, echo("a"))}, "none": nil, "dead": {dead(t)},
		"slow": {backend(t, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(10 * time.Second):
			}
		})},
	}))
	cases := []struct{ name, path, contentType, status, message, reason string }{
		{"no route", "/n.Other/Call", "application/grpc", "12", "not found", "no_route"},
		{"with an encoding", "/n.Other/Call", "application/grpc+proto", "12", "not found", "no_route"},
		{"no endpoint", "/n.Gone/Call", "application/grpc", "14", "service unavailable", "no_endpoint"},
		{"nobody there", "/n.Dead/Call", "application/grpc", "14", "bad gateway", "connect_failed"},
		{"invalid backend", "/n.Invalid/Call", "application/grpc", "14", "internal server error", "RefNotPermitted"},
		{"too slow", "/n.Slow/Call", "application/grpc", "4", "gateway timeout", "request_timeout"},
		{"three segments are no method", "/n.Other/x/Echo", "application/grpc", "12", "not found", "no_route"},
		{"gRPC-Web", "/n.Other/Call", "application/grpc-web", "", "", "no_route"},
	}
	client := b.h2cClient()
	defer client.CloseIdleConnections()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, of := range []*http.Client{b.client, client} {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://a"+c.path, strings.NewReader("\x00\x00\x00\x00\x00"))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Content-Type", c.contentType)
				got, err := of.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				got.Body.Close()
				want := map[bool]int{true: 200, false: 404}[c.status != ""]
				if got.StatusCode != want || got.Header.Get("Grpc-Status") != c.status || got.Header.Get("Grpc-Message") != c.message || b.last(c.path)["reason"] != c.reason {
					t.Fatalf("%s: got %d, %v, %v", got.Proto, got.StatusCode, got.Header, b.last(c.path))
				}
			}
		})
	}
	if got := b.do(http.MethodPost, "http://a/any.Service/Echo", nil, "Content-Type", "application/grpc"); got.Header.Get("X-Backend") != "a" {
		t.Fatalf("a method is found whatever its service is: got %v", got.Header)
	}
}
