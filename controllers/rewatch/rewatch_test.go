package rewatch_test

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fleetgate/fleetgate/controllers/rewatch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// vacant is an address where nobody listens for now.
func vacant(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// serve listens on an address until the test ends.
func serve(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { server.Close() })
}

// ask sends one request, and gives the status of the answer.
func ask(ctx context.Context, t *testing.T, client *http.Client, method, url string) (int, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close()
}

func wrapped(t *testing.T) *http.Client {
	t.Helper()
	plain := &http.Transport{}
	t.Cleanup(plain.CloseIdleConnections)
	return rewatch.Client(&http.Client{Transport: plain})
}

func TestAWatchReturnsWithItsServer(t *testing.T) {
	address, client := vacant(t), wrapped(t)
	returned := make(chan time.Time, 1)
	time.AfterFunc(1500*time.Millisecond, func() {
		serve(t, address)
		returned <- time.Now()
	})
	status, err := ask(t.Context(), t, client, http.MethodGet, "http://"+address+"/api/v1/pods?watch=true&resourceVersion=7")
	if err != nil || status != http.StatusTeapot {
		t.Fatalf("got %d, %v", status, err)
	}
	if late := time.Since(<-returned); late > 5*time.Second {
		t.Fatalf("the watch returned %s late", late)
	}
}

func TestOthersAreToldAtOnce(t *testing.T) {
	address, client := vacant(t), wrapped(t)
	cases := []struct{ name, reason, method, query string }{
		{"list", "who lists knows what to do", http.MethodGet, "?resourceVersion=7"},
		{"first list by a watch", "who waits for it wants to know why there is none", http.MethodGet, "?watch=true&sendInitialEvents=true"},
		{"write", "it may be too late for it", http.MethodPatch, "?watch=true"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			if _, err := ask(ctx, t, client, c.method, "http://"+address+"/"+c.query); err == nil || ctx.Err() != nil {
				t.Fatalf("%s: got %v", c.reason, err)
			}
		})
	}
}

func TestAWatchThatIsNotWantedEnds(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := ask(ctx, t, wrapped(t), http.MethodGet, "http://"+vacant(t)+"/?watch=1"); err == nil {
		t.Fatal("somebody answered")
	}
}

func TestAWrongCertificateIsTold(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	plain := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}} // trusts nobody
	defer plain.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := ask(ctx, t, rewatch.Client(&http.Client{Transport: plain}), http.MethodGet, server.URL+"/?watch=true"); err == nil || ctx.Err() != nil {
		t.Fatalf("got %v", err)
	}
}
