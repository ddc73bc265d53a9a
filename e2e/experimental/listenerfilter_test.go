package experimental

import (
	"net/http"
	"slices"
	"testing"

	"github.com/fleetgate/fleetgate/e2e/ground"
)

// listenerFilters asks a service before routes are looked for, on one of two listeners.
func listenerFilters(t *testing.T, g *ground.Ground) {
	s := open(t, g, "listener-filters")
	c := s.client(t)
	const judged, other = "judged.example.com", "other.example.com"
	start := c.eventually(t, "/app", is(http.StatusOK), "Host", other).answer.Number
	c.eventually(t, "/app", is(http.StatusOK), "Host", judged, "Authorization", "Bearer alice")
	cases := []struct {
		name, reason, host, path, token, claimed string
		status                                   int
		rule, user                               string
	}{
		{"alice", "routes are matched by what the service says", judged, "/app", "alice", "", 200, "alice", "alice"},
		{"somebody else", "", judged, "/app", "bob", "", 200, "everybody", "bob"},
		{"a client that says it is alice", "what it says itself is taken away", judged, "/app", "bob", "alice", 200, "everybody", "bob"},
		{"nobody", "the service denies", judged, "/app", "", "alice", 401, "", ""},
		{"nobody, and no route", "the service comes before routes", judged, "/none", "", "", 401, "", ""},
		{"alice, and no route", "she is let in, and finds nothing", judged, "/none", "alice", "", 404, "", ""},
		{"a service that fails", "", judged, "/app", "broken", "", 503, "", ""},
		{"the other listener", "it has no filter", other, "/app", "", "", 200, "everybody", ""},
		{"the other listener, by a claim", "nobody checks it there", other, "/app", "", "alice", 200, "alice", "alice"},
	}
	passed := int64(1)
	for _, test := range cases {
		headers := []string{"Host", test.host}
		if test.token != "" {
			headers = append(headers, "Authorization", "Bearer "+test.token)
		}
		if test.claimed != "" {
			headers = append(headers, "X-User", test.claimed)
		}
		got := c.get(t, test.path, headers...)
		if got.status != test.status || !slices.Equal(got.answer.Headers["X-Rule"], some(test.rule)) || !slices.Equal(got.answer.Headers["X-User"], some(test.user)) {
			t.Errorf("%s: %s: got %d, rule %v for %v", test.name, test.reason, got.status, got.answer.Headers["X-Rule"], got.answer.Headers["X-User"])
		}
		if test.status == http.StatusOK {
			passed++
		}
	}
	if got := c.get(t, "/app", "Host", other).answer.Number - start; got != passed+1 {
		t.Errorf("the backend got %d requests, want the %d that passed and the last one", got, passed)
	}
	s.kubectl(t, "scale", "deployment/auth", "--replicas=0")
	c.eventually(t, "/app", is(http.StatusServiceUnavailable), "Host", judged, "Authorization", "Bearer alice")
	if got := c.get(t, "/app", "Host", other); got.status != http.StatusOK {
		t.Errorf("the other listener suffers too: %d", got.status)
	}
	s.scale(t, "auth", 1)
	c.eventually(t, "/app", is(http.StatusOK), "Host", judged, "Authorization", "Bearer alice")
}

// some is a list of one value, or of none.
func some(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}
