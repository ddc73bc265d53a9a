package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/wait"
)

func TestAwaitHub(t *testing.T) {
	away := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "kube-system", errors.New("no"))
	cases := []struct {
		name    string
		answers []error
		want    error
		asked   int
		reason  string
	}{
		{"at once", []error{nil}, nil, 1, "a hub that answers is not waited for"},
		{
			"away for a while",
			[]error{away, away, apierrors.NewServiceUnavailable("starting"), apierrors.NewUnauthorized("not yet"), nil},
			nil, 5,
			"an API server that is away, or does not know its own keys yet, comes back",
		},
		{"forbidden", []error{away, forbidden, nil}, forbidden, 2, "a missing Role is for a person to mend, and has to be seen"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			asked := 0
			id, err := awaitHub(t.Context(), logr.Discard(), "0", quick(), func(context.Context) (string, error) {
				asked++
				if c.answers[asked-1] != nil {
					return "", c.answers[asked-1]
				}
				return "hub", nil
			})
			if !errors.Is(err, c.want) || asked != c.asked || (id == "hub") != (err == nil) {
				t.Errorf("asked %d times: %q, %v; want %d times, %v: %s", asked, id, err, c.asked, c.want, c.reason)
			}
		})
	}
}

func TestAwaitHubAnswersProbes(t *testing.T) {
	address := freeAddress(t)
	got := map[string]int{}
	_, err := awaitHub(t.Context(), logr.Discard(), address, quick(), func(ctx context.Context) (string, error) {
		for _, path := range []string{"/healthz", "/readyz"} {
			got[path] = status(ctx, t, "http://"+address+path)
		}
		return "hub", nil
	})
	if err != nil || got["/healthz"] != http.StatusOK || got["/readyz"] != http.StatusServiceUnavailable {
		t.Errorf("%v, %v: an operator that waits lives and is not ready", got, err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatalf("the manager needs the address: %v", err)
	}
	_ = listener.Close()
}

func TestAwaitHubEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	away := errors.New("away")
	_, err := awaitHub(ctx, logr.Discard(), "0", quick(), func(context.Context) (string, error) {
		cancel()
		return "", away
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, away) {
		t.Errorf("%v: it has to say that it was stopped, and what it waited for", err)
	}
}

func quick() wait.Backoff { return wait.Backoff{Duration: time.Millisecond} }

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func status(ctx context.Context, t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
