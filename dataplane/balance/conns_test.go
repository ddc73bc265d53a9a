package balance_test

import (
	"slices"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/health"
)

// connections is a fake of what a proxy hangs on endpoints: it counts how often one is made and gone.
type connections struct{ made, gone []string }

func (c *connections) pool(addresses ...string) *balance.Pool {
	pool := balance.NewPool(config.Pool{}, health.Default,
		balance.WithConns(func(address string) any { c.made = append(c.made, address); return address }),
		balance.WithGone(func(conns any) { c.gone = append(c.gone, conns.(string)) }))
	pool.Update(listOf(addresses...))
	return pool
}

func listOf(addresses ...string) (list []config.Endpoint) {
	for _, a := range addresses {
		list = append(list, config.Endpoint{Address: a, Port: 80})
	}
	return list
}

func TestConnsLiveAsLongAsTheirEndpoint(t *testing.T) {
	leaving := []config.Endpoint{{Address: "a", Port: 80, Terminating: true}, {Address: "b", Port: 80}}
	cases := []struct {
		name, reason string
		update       func(*balance.Pool)
		made, gone   []string
	}{
		{
			"nothing changes", "the connections of an endpoint that stays are kept",
			func(p *balance.Pool) { p.Update(listOf("b", "a", "a")) },
			[]string{"a:80", "b:80"},
			nil,
		},
		{
			"one terminates", "it still serves the requests that it has",
			func(p *balance.Pool) { p.Update(leaving) },
			[]string{"a:80", "b:80"},
			nil,
		},
		{
			"one leaves", "nobody would close its connections otherwise",
			func(p *balance.Pool) { p.Update(listOf("b")) },
			[]string{"a:80", "b:80"},
			[]string{"a:80"},
		},
		{
			"one leaves and comes back", "another pod may have the address now",
			func(p *balance.Pool) { p.Update(listOf("b")); p.Update(listOf("b", "a")) },
			[]string{"a:80", "b:80", "a:80"},
			[]string{"a:80"},
		},
		{
			"the pool is closed", "each endpoint is told of once",
			func(p *balance.Pool) { p.Close(); p.Close() },
			[]string{"a:80", "b:80"},
			[]string{"a:80", "b:80"},
		},
		{
			"a closed pool is updated", "what it would make would never be gone",
			func(p *balance.Pool) { p.Close(); p.Update(listOf("c")) },
			[]string{"a:80", "b:80"},
			[]string{"a:80", "b:80"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var fake connections
			c.update(fake.pool("a", "b"))
			slices.Sort(fake.gone)
			if !slices.Equal(fake.made, c.made) || !slices.Equal(fake.gone, c.gone) {
				t.Fatalf("%s: made %v, gone %v, want %v and %v", c.reason, fake.made, fake.gone, c.made, c.gone)
			}
		})
	}
}

func TestPickGivesTheConnsOfTheEndpoint(t *testing.T) {
	var fake connections
	pool := fake.pool("a", "b")
	pool.Close()
	for range 20 {
		if e := pool.Pick(now, nil); e == nil || e.Conns != e.Address {
			t.Fatalf("a request that an older configuration sent to a closed pool is still served, got %v", e)
		}
	}
}

func TestChangedTellsOfTheNextUpdate(t *testing.T) {
	pool := balance.NewPool(config.Pool{}, health.Default)
	changed := pool.Changed()
	select {
	case <-changed:
		t.Fatal("nothing has changed")
	default:
	}
	pool.Update(listOf("a"))
	<-changed
	if pool.Changed() == changed {
		t.Fatal("what is to come is told apart from what was")
	}
}
