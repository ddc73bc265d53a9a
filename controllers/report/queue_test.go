package report

import (
	"slices"
	"testing"

	"github.com/fleetgate/fleetgate/internal/world"
)

func TestGatewaysDoNotWaitForThousandsOfRoutes(t *testing.T) {
	queue := newQueue()
	defer queue.ShutDown()
	key := func(kind world.Kind, name string) world.Key {
		return world.Key{Kind: kind, Name: world.Name{Name: name}}
	}
	for _, name := range []string{"a", "b", "a"} {
		queue.Add(key(world.KindHTTPRoute, name))
	}
	queue.Add(key(world.KindGateway, "g"))
	queue.Add(key(world.KindBackendTLSPolicy, "p"))
	queue.Add(key(world.KindListenerSet, "s"))
	var got []string
	for queue.Len() > 0 {
		next, _ := queue.Get()
		got = append(got, next.Name.Name)
		queue.Done(next)
	}
	if want := []string{"g", "s", "a", "b", "p"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
