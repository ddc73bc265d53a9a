package report

import (
	"time"

	"k8s.io/client-go/util/workqueue"

	"github.com/fleetgate/fleetgate/internal/world"
)

// rest is how long what many routes are attached to is left alone after a write: while thousands of routes come, the number
// of them changes with each.
const rest = 100 * time.Millisecond

// shared says whether an object is one that many routes are attached to.
func shared(kind world.Kind) bool {
	return kind == world.KindGateway || kind == world.KindListenerSet
}

func newQueue() workqueue.TypedRateLimitingInterface[world.Key] {
	limiter := workqueue.NewTypedItemExponentialFailureRateLimiter[world.Key](firstRetry, lastRetry)
	queue := workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[world.Key]{Queue: &ranked{}})
	delaying := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[world.Key]{Queue: queue})
	return workqueue.NewTypedRateLimitingQueueWithConfig(limiter, workqueue.TypedRateLimitingQueueConfig[world.Key]{DelayingQueue: delaying})
}

// ranked is the order of writes: first come, first served, but routes and policies, of which there may be thousands, after all else.
type ranked struct{ few, many []world.Key }

// Touch is for those that reorder what waits already.
func (*ranked) Touch(world.Key) {}

// Push adds a key that does not wait yet.
func (r *ranked) Push(key world.Key) {
	switch key.Kind {
	case world.KindGatewayClass, world.KindALBConfig, world.KindServiceConfig, world.KindGateway, world.KindListenerSet:
		r.few = append(r.few, key)
	default:
		r.many = append(r.many, key)
	}
}

// Len is how many wait.
func (r *ranked) Len() int { return len(r.few) + len(r.many) }

// Pop takes the next one. There must be one.
func (r *ranked) Pop() world.Key {
	from := &r.many
	if len(r.few) > 0 {
		from = &r.few
	}
	next := (*from)[0]
	if *from = (*from)[1:]; len(*from) == 0 {
		*from = nil // and with it what was taken
	}
	return next
}
