package experimental

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/fleetgate/fleetgate/e2e/backend/responder"
	"github.com/fleetgate/fleetgate/e2e/ground"
)

// What examples/experimental/retry-budget.yaml has.
const (
	budgetPercent, budgetLeast = 20, 10
	retryAttempts              = 3
)

// retryBudget counts what reaches a backend that fails. All requests go over one connection, and so to one proxy.
func retryBudget(t *testing.T, g *ground.Ground) {
	s := open(t, g, "retry-budget")
	s.kubectl(t, "wait", "xbackendtrafficpolicies/app", "--timeout="+patience.String(),
		`--for=jsonpath={.status.ancestors[0].conditions[?(@.type=="Accepted")].status}=True`)
	probes := int64(0)
	s.client(t).eventually(t, "/", func(got reply) string {
		probes++
		return is(http.StatusOK)(got)
	})
	c := s.client(t)
	before := c.get(t, "/").answer.Number
	if got := c.get(t, "/", responder.HeaderRequestID, "once", responder.HeaderFailTimes, "1"); got.status != http.StatusOK || got.answer.Attempt != 2 {
		t.Errorf("a request that fails once is tried again: got %d at attempt %d", got.status, got.answer.Attempt)
	}
	const failing = 100
	last := before
	for range failing {
		got := c.get(t, "/?status=503")
		if got.status != http.StatusServiceUnavailable {
			t.Fatalf("got %d, %s", got.status, got.body)
		}
		last = got.answer.Number
	}
	if dials := c.dials.Load(); dials != 1 {
		t.Fatalf("%d connections: more than one proxy may have been asked", dials)
	}
	// The one that failed once is a request too, and so are those before that the same proxy may have seen.
	requests := int64(failing + 1)
	retries := last - before - requests
	least, most := (requests+1)*budgetPercent/100+budgetLeast, (requests+1+probes)*budgetPercent/100+budgetLeast
	if retries < least || retries > most {
		t.Errorf("%d requests were retried %d times, want %d to %d", requests, retries, least, most)
	}
	t.Logf("%d requests, %d retries", requests, retries)
	withoutBudget(t, s)
}

// withoutBudget removes the policy: then a few requests are retried as often as the route says.
func withoutBudget(t *testing.T, s *scene) {
	t.Helper()
	s.kubectl(t, "delete", "xbackendtrafficpolicies", "app")
	c := s.client(t)
	ask := func(n int) reply {
		return c.get(t, "/?status=503", responder.HeaderRequestID, fmt.Sprint("free-", n))
	}
	n := 0
	c.eventually(t, "/", func(reply) string {
		n++
		if got := ask(n); got.answer.Attempt != 1+retryAttempts {
			return fmt.Sprintf("a request was tried %d times", got.answer.Attempt)
		}
		return ""
	})
	for range 10 {
		n++
		if got := ask(n); got.answer.Attempt != 1+retryAttempts {
			t.Errorf("a request was tried %d times, want %d", got.answer.Attempt, 1+retryAttempts)
		}
	}
}
