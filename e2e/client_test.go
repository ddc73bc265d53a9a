package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/backend/responder"
	"github.com/fleetgate/fleetgate/e2e/stage"
)

// client speaks to one load balancer whatever the host in the URL, and trusts the scenario's authority.
func client(ctx context.Context, t *testing.T, s *stage.Stage, gateway string) *http.Client {
	t.Helper()
	address, err := s.Address(ctx, gatewayNamespace, gateway)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := os.ReadFile(s.CA)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		t.Fatal("the scenario's CA is no certificate")
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, target string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(target)
			if err != nil {
				return nil, err
			}
			return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(address, port))
		},
		MaxIdleConnsPerHost: 32,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// get sends one request and returns the backend's answer, or an error that says what came instead.
func get(ctx context.Context, c *http.Client, url string, header http.Header) (responder.Answer, error) {
	var answer responder.Answer
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer, err
	}
	maps.Copy(request.Header, header)
	response, err := c.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return answer, err
	}
	if response.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("%s: %s: %.200s", url, response.Status, body)
	}
	return answer, json.Unmarshal(body, &answer)
}

// load sends requests while something happens and counts what came back.
type load struct {
	sent, lost atomic.Int64
	mu         sync.Mutex
	failures   []error
	answers    map[string]int
}

// run sends total requests from eight clients, evenly over at least the given time, and returns when all are answered.
func (l *load) run(ctx context.Context, c *http.Client, url string, total int, over time.Duration) {
	const clients = 8
	l.answers = map[string]int{}
	pause := over * clients / time.Duration(total)
	var wait sync.WaitGroup
	for range clients {
		wait.Go(func() {
			for l.sent.Add(1) <= int64(total) {
				answer, err := get(ctx, c, url, nil)
				l.count(answer, err)
				time.Sleep(pause)
			}
		})
	}
	wait.Wait()
}

func (l *load) count(answer responder.Answer, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.lost.Add(1)
		l.failures = append(l.failures, fmt.Errorf("%s: %w", time.Now().Format("15:04:05.000"), err))
		return
	}
	l.answers[answer.Service]++
	l.answers["member "+answer.Member]++
	l.answers["pod "+answer.Pod]++
}

// whileLoaded runs 2,000 requests over the given time while do happens, and fails where one was lost.
func whileLoaded(ctx context.Context, t *testing.T, s *stage.Stage, over time.Duration, do func()) {
	t.Helper()
	const total = 2000
	var l load
	c := client(ctx, t, s, production)
	begin := time.Now()
	done := make(chan struct{})
	go func() {
		defer close(done)
		l.run(ctx, c, "https://shop.apps.company.com/", total, over)
	}()
	time.Sleep(over / 10)
	do()
	<-done
	t.Logf("%d requests, %d lost; %v", total, l.lost.Load(), l.answers)
	for i, failure := range l.failures {
		if i == 10 {
			break
		}
		t.Errorf("lost: %v", failure)
	}
	if len(l.failures) > 0 {
		proxiesOnFailures(ctx, t, s, begin)
	}
}

// proxiesOnFailures logs what the proxies themselves say of requests that failed since a time.
func proxiesOnFailures(ctx context.Context, t *testing.T, s *stage.Stage, since time.Time) {
	t.Helper()
	for _, member := range s.Fleet.Members {
		lines, err := s.Kubectl(ctx, member, nil, "logs", "-n", gatewayNamespace, "-l", "gateway.networking.k8s.io/gateway-name="+production,
			"--prefix", "--tail=-1", "--since-time="+since.UTC().Format(time.RFC3339))
		if err != nil {
			t.Logf("logs of the proxies in %s: %v", member.Name, err)
		}
		for line := range strings.Lines(lines) {
			if strings.Contains(line, `"status":5`) {
				t.Logf("%s: %s", member.Name, line)
			}
		}
	}
}
