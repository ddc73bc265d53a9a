package local_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/local"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

const seed = "../../../../examples/seed"

func TestTheSeedIsAnswered(t *testing.T) {
	for _, c := range []struct {
		mode    local.Mode
		members []string
	}{
		{local.Emulator, []string{"local"}},
		{local.Emulator, []string{"east", "west"}},
		{local.Plain, []string{"local"}},
	} {
		t.Run(string(c.mode)+" "+strings.Join(c.members, " and "), func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := start(t, local.Options{Path: seed, Mode: c.mode, Members: c.members, Listen: loopback(1)})
			t.Logf("settled after %s", time.Since(began))
			if limit := 10 * time.Second; time.Since(began) > limit {
				t.Errorf("the first answer took longer than %s", limit)
			}
			if len(r.report.Rows)+len(r.report.Faults) > 0 {
				t.Errorf("to mend: %v %v", r.report.Rows, r.report.Faults)
			}
			t.Run("each line reaches its backend", r.eachLine)
			t.Run("the canary gets a tenth", r.canary)
			t.Run("the mirror gets all", r.mirror)
			t.Run("a failing payment is tried again", r.retry)
		})
	}
}

// backendOf are the lines' titles and the backends that must answer.
var backendOf = map[string]string{
	"ecommerce-team/shop-frontend, /, user-agent: Mobile →":     "mobile-optimized-service",
	"ecommerce-team/shop-frontend, /, x-feature-flag: new-ui →": "frontend-new-ui",
	"ecommerce-team/shop-frontend, / →":                         "frontend-service",
	"user-team/user-service, /users →":                          "user-service-production",
	"frontend-team/frontend-route, /api →":                      "backend-service",
	"vault-team/card-vault, /cards →":                           "card-vault",
}

func (r *running) eachLine(t *testing.T) {
	for title, service := range backendOf {
		var got responder.Answer
		q := r.find(t, title)
		if status := r.send(t, r.client(q.Address), q, &got); status != http.StatusOK || got.Service != service {
			t.Errorf("%s: status %d from %q, want %s", title, status, got.Service, service)
		}
	}
	hosts := map[string]bool{}
	for _, q := range r.report.Requests {
		hosts[q.Host] = true
	}
	for _, host := range []string{"shop.apps.company.com", "www.company.com", "vault.secured.company.com"} {
		if !hosts[host] {
			t.Errorf("no line for %s", host)
		}
	}
}

// canary sends 2,000 requests and wants a tenth of them at the canary, give or take three standard deviations.
func (r *running) canary(t *testing.T) {
	const total, share = 2000, 0.1
	q := r.find(t, "ecommerce-team/shop-frontend, /checkout")
	client := r.client(q.Address)
	counts := map[string]int{}
	for range total {
		var got responder.Answer
		if status := r.send(t, client, q, &got); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		counts[got.Service]++
	}
	sigma := math.Sqrt(total * share * (1 - share))
	if off := math.Abs(float64(counts["checkout-service-v2"]) - total*share); off > 3*sigma || len(counts) != 2 {
		t.Errorf("counts %v are %.1f off, more than %.1f", counts, off, 3*sigma)
	}
}

func (r *running) mirror(t *testing.T) {
	const requests = 40
	q := r.find(t, "user-team/user-service, /users")
	client := r.client(q.Address)
	before := r.staging(t)
	for range requests {
		r.send(t, client, q, &responder.Answer{})
	}
	deadline := time.Now().Add(5 * time.Second)
	for r.staging(t)-before < requests {
		if time.Now().After(deadline) {
			t.Fatalf("staging saw %d of %d requests", r.staging(t)-before, requests)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := r.staging(t) - before; got != requests {
		t.Errorf("staging saw %d requests, want %d", got, requests)
	}
}

// staging is how many requests all copies of the staging backend saw.
func (r *running) staging(t *testing.T) int64 {
	t.Helper()
	q := r.find(t, "user-team/user-service-staging-counts")
	client := r.client(q.Address)
	seen := map[string]int64{}
	for tries := 0; len(seen) < len(r.report.Members) && tries < 200; tries++ {
		var got responder.Counts
		r.send(t, client, q, &got)
		seen[got.Member] = got.Requests
	}
	var sum int64
	for _, n := range seen {
		sum += n
	}
	return sum
}

func (r *running) retry(t *testing.T) {
	q := r.find(t, "payments-team/payment-service, /process")
	var got responder.Answer
	if status := r.send(t, r.client(q.Address), q, &got); status != http.StatusOK || got.Attempt != 3 {
		t.Errorf("status %d at attempt %d, want 200 at the third", status, got.Attempt)
	}
}
