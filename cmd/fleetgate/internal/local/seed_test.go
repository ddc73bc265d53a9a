package local_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/local"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

const seed = "../../../../examples/seed"

// running is a run under test.
type running struct {
	report local.Report
	client func(address string) *http.Client
	// next gives the report after a reload.
	next <-chan local.Report
}

// start runs a folder until the test ends and waits for the first report.
func start(t *testing.T, o local.Options) *running {
	t.Helper()
	if os.Geteuid() != 0 {
		o.PortOffset = 8000
	}
	o.Out = io.Discard
	ctx, stop := context.WithCancel(t.Context())
	reports := make(chan local.Report, 10)
	ended := make(chan error, 1)
	go func() { ended <- local.Run(ctx, o, func(r local.Report) { reports <- r }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the run ended with: %v", err)
		}
	})
	r := &running{next: reports, report: await(t, reports, ended)}
	ca, err := os.ReadFile(r.report.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	r.client = func(address string) *http.Client { return clientTo(t, address, roots) }
	return r
}

func await(t *testing.T, reports <-chan local.Report, ended <-chan error) local.Report {
	t.Helper()
	select {
	case r := <-reports:
		return r
	case err := <-ended:
		t.Fatalf("the run ended: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("nothing settled within 30 s")
	}
	return local.Report{}
}

// clientTo sends everything to one address, as curl --resolve does.
func clientTo(t *testing.T, address string, roots *x509.CertPool) *http.Client {
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, target string) (net.Conn, error) {
			_, port, _ := net.SplitHostPort(target)
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(address, port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 20 * time.Second}
}

// find is the request to try whose title begins so.
func (r *running) find(t *testing.T, title string) local.Request {
	t.Helper()
	for _, q := range r.report.Requests {
		if strings.HasPrefix(q.Title, title) {
			return q
		}
	}
	t.Fatalf("there is nothing to try that begins with %q in %+v", title, r.report)
	return local.Request{}
}

// send sends the request as its curl line would, and decodes the answer into out.
func (r *running) send(t *testing.T, c *http.Client, q local.Request, out any) int {
	t.Helper()
	target := "https://" + net.JoinHostPort(q.Host, strconv.Itoa(int(q.Port))) + q.Path
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range q.Headers {
		req.Header.Set(name, value)
	}
	if q.FreshID {
		req.Header.Set(responder.HeaderRequestID, fmt.Sprint(time.Now().UnixNano()))
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", q.Title, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", q.Title, err)
	}
	if err := json.Unmarshal(body, out); err != nil && res.StatusCode == http.StatusOK {
		t.Fatalf("%s: %v in %q", q.Title, err, body)
	}
	return res.StatusCode
}

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
			began := time.Now()
			r := start(t, local.Options{Path: seed, Mode: c.mode, Members: c.members, Listen: netip.MustParseAddr("127.49.7.1")})
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
	"payments-team/payment-service, /process →":                 "payment-processor",
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
