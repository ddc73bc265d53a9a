package local_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
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

// loopback is an address that other test processes do not use.
func loopback(last int) netip.Addr {
	pid := os.Getpid()
	return netip.AddrFrom4([4]byte{127, byte(48 + pid/256%16), byte(pid % 256), byte(last)})
}

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
	o.Out, o.Log = t.Output(), slog.New(slog.NewTextHandler(t.Output(), nil))
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
	target := map[bool]string{true: "https://", false: "http://"}[q.TLS] + net.JoinHostPort(q.Host, strconv.Itoa(int(q.Port))) + q.Path
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
