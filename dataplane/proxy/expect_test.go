package proxy_test

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// TestExpectOverHTTP2 keeps that a client which waits for 100 (Continue) gets it when its body is
// wanted, and only then.
func TestExpectOverHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/ok", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}))
	w := b.wire()
	w.request(1, "/ok", false, "expect", "100-continue")
	if got := w.head(1); got != "100" {
		t.Fatalf("got %s", got)
	}
	w.data(1, "hello", true)
	if got := w.head(1); got != "200" {
		t.Fatalf("got %s", got)
	}
	w.request(3, "/ok", false, "expect", "100-continue")
	w.data(3, "at once", true)
	if got := w.final(3); got != "200" {
		t.Fatalf("who does not wait is served all the same: got %s", got)
	}
	w.request(5, "/no", false, "expect", "100-continue")
	if got := w.head(5); got != "404" {
		t.Fatalf("a body that nobody wants is not asked for: got %s", got)
	}
	w.request(7, "/ok", true, "expect", "100-continue")
	if got := w.head(7); got != "200" {
		t.Fatalf("without a body there is nothing to wait for: got %s", got)
	}
}

// TestFieldsOverHTTP2 keeps that the number of header fields is bounded for both protocols.
func TestFieldsOverHTTP2(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {backend(t, echo("a"))}}),
		func(o *proxy.Options) { o.MaxFields = 5 })
	w := b.wire()
	w.request(1, "/", true, "a", "1", "b", "2", "c", "3", "d", "4", "e", "5", "f", "6", "g", "7", "h", "8", "i", "9", "j", "10")
	if got := w.head(1); got != "431" {
		t.Fatalf("got %s", got)
	}
}
