package balance_test

import (
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
)

func TestTakeByAddress(t *testing.T) {
	pool := balance.NewPool(config.Pool{MaxRequests: 1}, health.Default)
	pool.Update([]config.Endpoint{{Address: "10.0.0.1", Port: 53}, {Address: "10.0.0.2", Port: 53, Terminating: true}})
	first, err := pool.PickBy(time.Now(), 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again := pool.Take("10.0.0.1:53"); again != first || first.Inflight() != 2 {
		t.Fatal("what has to stay does so although the endpoint is full")
	}
	if leaving := pool.Take("10.0.0.2:53"); leaving == nil || leaving.Inflight() != 1 {
		t.Fatal("what has to stay does so although the endpoint terminates")
	}
	if other := pool.Take("10.0.0.3:53"); other != nil {
		t.Fatalf("got %v", other)
	}
}
