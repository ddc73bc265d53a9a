package responder_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

func ask(t *testing.T, h http.Handler, url string, headers ...string) (int, responder.Answer) {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	var a responder.Answer
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s: %v in %q", url, err, rec.Body)
	}
	return rec.Code, a
}

func TestAnswerTellsWhoSawWhat(t *testing.T) {
	r := &responder.Responder{Identity: responder.Identity{Service: "shop", Version: "v2", Member: "a"}}
	status, got := ask(t, r, "http://shop.example/cart?x=1", "X-Color", "red")
	if status != http.StatusOK || got.Service != "shop" || got.Version != "v2" || got.Member != "a" {
		t.Errorf("identity: %d %+v", status, got)
	}
	if got.Host != "shop.example" || got.Path != "/cart" || got.Query != "x=1" || got.Headers["X-Color"][0] != "red" {
		t.Errorf("request: %+v", got)
	}
}

func TestFirstAttemptsOfARequestFail(t *testing.T) {
	r := &responder.Responder{}
	for attempt, want := range []int{503, 503, 200} {
		status, got := ask(t, r, "http://h/p", responder.HeaderRequestID, "one", responder.HeaderFailTimes, "2")
		if status != want || got.Attempt != attempt+1 {
			t.Errorf("attempt %d: status %d, counted as %d", attempt+1, status, got.Attempt)
		}
	}
	if status, _ := ask(t, r, "http://h/p", responder.HeaderRequestID, "two"); status != http.StatusOK {
		t.Errorf("another request fails too: %d", status)
	}
}

func TestCountsLeaveOutTheirOwnPath(t *testing.T) {
	r := &responder.Responder{}
	ask(t, r, "http://h/users/1")
	ask(t, r, "http://h/users/1")
	ask(t, r, "http://h"+responder.PathCounts)
	if c := r.Counts(); c.Requests != 2 || c.Paths["/users/1"] != 2 {
		t.Errorf("counts: %+v", c)
	}
}

func TestServeFinishesWhatIsInFlight(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &responder.Responder{}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- responder.Serve(ctx, l, r, 5*time.Second) }()
	answered := make(chan int, 1)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/?delay=200ms", nil)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			answered <- 0
			return
		}
		_ = res.Body.Close()
		answered <- res.StatusCode
	}()
	for r.Counts().Requests == 0 {
		time.Sleep(time.Millisecond)
	}
	stop()
	if got := <-answered; got != http.StatusOK {
		t.Errorf("the request in flight got %d", got)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
