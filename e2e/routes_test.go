package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/backend/responder"
	"github.com/fleetgate/fleetgate/e2e/stage"
)

// routes asks for each rule of the scenario.
func routes(ctx context.Context, t *testing.T, s *stage.Stage) {
	cases := []struct {
		name, reason, url string
		header            http.Header
		want              string
	}{
		{"default", "the rule on / takes what no other rule takes", "https://shop.apps.company.com/", nil, "frontend-service"},
		{"second hostname", "the route has two hostnames, on two listeners", "https://www.company.com/", nil, "frontend-service"},
		{"mobile", "a regular expression on User-Agent", "https://shop.apps.company.com/", http.Header{"User-Agent": {"Phone Mobile/1.0"}}, "mobile-optimized-service"},
		{"feature flag", "an exact header", "https://shop.apps.company.com/", http.Header{"X-Feature-Flag": {"new-ui"}}, "frontend-new-ui"},
		{"cross namespace", "a backend of another team that granted it", "https://app.company.com/api", nil, "backend-service"},
		{"mirrored", "the mirror does not answer, the backend does", "https://api.company.com/users/1", nil, "user-service-production"},
		{"retried", "two failures are tried again", "https://payments.company.com/process", http.Header{"X-Fail-Times": {"2"}, "X-Request-Id": {"e2e-retry"}}, "payment-processor"},
	}
	c := client(ctx, t, s, production)
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			answer, err := get(ctx, c, test.url, test.header)
			if err != nil {
				t.Fatalf("%v: %s", err, test.reason)
			}
			if answer.Service != test.want {
				t.Errorf("answered by %s, want %s: %s", answer.Service, test.want, test.reason)
			}
		})
	}
	t.Run("mirror", func(t *testing.T) { mirror(ctx, t, s) })
	t.Run("restricted", func(t *testing.T) { restrictedAnswers(ctx, t, s) })
}

// mirror counts what staging saw before and after.
func mirror(ctx context.Context, t *testing.T, s *stage.Stage) {
	c := client(ctx, t, s, production)
	before := stagingCounts(ctx, t, c)
	const sent = 20
	for range sent {
		if _, err := get(ctx, c, "https://api.company.com/users/7", nil); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for time.Now().Before(deadline) {
		if stagingCounts(ctx, t, c)-before >= sent {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("staging saw %d of %d mirrored requests", stagingCounts(ctx, t, c)-before, sent)
}

// stagingCounts is what all members' staging backends have seen: the counts are asked often enough that each
// member has answered.
func stagingCounts(ctx context.Context, t *testing.T, c *http.Client) int64 {
	t.Helper()
	latest := map[string]int64{}
	for range 16 {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.company.com/staging/counts", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := c.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		var counts responder.Counts
		if err := json.Unmarshal(body, &counts); err != nil {
			t.Fatalf("counts: %v: %s", err, body)
		}
		latest[counts.Pod+counts.Member] = counts.Requests
	}
	var sum int64
	for _, n := range latest {
		sum += n
	}
	return sum
}

// restrictedAnswers shows that a listener without certificateRefs is served with the certificate found in ACM.
func restrictedAnswers(ctx context.Context, t *testing.T, s *stage.Stage) {
	c := client(ctx, t, s, restricted)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://vault.secured.company.com/cards", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := c.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("status %s", response.Status)
	}
}

// printedLines runs the lines that `make demo` prints, as they are.
func printedLines(ctx context.Context, t *testing.T, s *stage.Stage) {
	lines, err := s.Lines(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		ran++
		cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", line)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			t.Errorf("%s: %v: %s", line, err, out.String())
		}
	}
	if ran < 6 {
		t.Errorf("only %d lines were printed:\n%s", ran, lines)
	}
}

// canary sends 2,000 requests and holds their split against the declared 90/10.
func canary(ctx context.Context, t *testing.T, s *stage.Stage) {
	c := client(ctx, t, s, production)
	const total, share = 2000, 0.9
	var l load
	l.run(ctx, c, "https://shop.apps.company.com/checkout", total, 0)
	if l.lost.Load() > 0 {
		t.Fatalf("%d lost, first: %v", l.lost.Load(), l.failures[0])
	}
	sigma := math.Sqrt(total * share * (1 - share))
	if off := math.Abs(float64(l.answers["checkout-service-v1"]) - total*share); off > 3*sigma {
		t.Errorf("v1 answered %d of %d: %.1f standard deviations off", l.answers["checkout-service-v1"], total, off/sigma)
	}
	for _, m := range s.Fleet.Members {
		seen := false
		for who := range l.answers {
			seen = seen || strings.HasPrefix(who, "member "+m.Name)
		}
		if !seen {
			t.Errorf("no answer came from %s: %v", m.Name, l.answers)
		}
	}
	t.Logf("%v", l.answers)
}
