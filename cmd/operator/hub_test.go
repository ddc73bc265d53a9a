package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

func TestAwaitHub(t *testing.T) {
	away := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "namespaces"}, "kube-system", errors.New("no"))
	hour := slices.Repeat([]error{away}, 720)
	cases := []struct {
		name string
		// answers of the hub, the last one for good.
		answers    []error
		want       error
		within     time.Duration
		atEarliest time.Duration
		reason     string
	}{
		{"at once", []error{nil}, nil, 0, 0, "a hub that answers is not waited for"},
		{
			"starting",
			[]error{away, away, apierrors.NewServiceUnavailable("starting"), apierrors.NewUnauthorized("not yet"), forbidden, nil},
			nil, 5 * time.Second, time.Second,
			"an API server that has just started does not know keys and Roles yet",
		},
		{"away for an hour", append(hour, nil), nil, 80 * time.Minute, 40 * time.Minute, "an operator does not give up"},
		{"forbidden", []error{away, forbidden}, forbidden, 40 * time.Second, 30 * time.Second, "a missing Role is for a person to mend, and has to be seen"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, asked := time.Now(), 0
				id, err := awaitHub(t.Context(), logr.Discard(), "0", patient(), func(context.Context) (string, error) {
					answer := c.answers[min(asked, len(c.answers)-1)]
					asked++
					if answer != nil {
						return "", answer
					}
					return "hub", nil
				})
				took := time.Since(begin)
				if !errors.Is(err, c.want) || (id == "hub") != (err == nil) || took < c.atEarliest || took > c.within {
					t.Errorf("%q, %v after %v: %s", id, err, took, c.reason)
				}
			})
		})
	}
}

func TestAwaitHubAnswersProbes(t *testing.T) {
	address := freeAddress(t)
	got := map[string]int{}
	_, err := awaitHub(t.Context(), logr.Discard(), address, patient(), func(ctx context.Context) (string, error) {
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
	_, err := awaitHub(ctx, logr.Discard(), "0", patient(), func(context.Context) (string, error) {
		cancel()
		return "", away
	})
	if !errors.Is(err, context.Canceled) || !errors.Is(err, away) {
		t.Errorf("%v: it has to say that it was stopped, and what it waited for", err)
	}
}

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
