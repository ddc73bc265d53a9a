package aws

import (
	"context"
	"sync"
	"time"
)

// cache believes an answer for some time. Its zero value believes nothing.
type cache[K comparable, V any] struct {
	ttl time.Duration
	now func() time.Time

	mu      sync.Mutex
	entries map[K]cached[V]
	// forgotten counts the calls of forget.
	forgotten int
}

type cached[V any] struct {
	value V
	until time.Time
}

func newCache[K comparable, V any](o Options) *cache[K, V] {
	return &cache[K, V]{ttl: o.CacheTTL, now: o.Now, entries: map[K]cached[V]{}}
}

// get answers from the cache, or asks. Concurrent callers may ask twice: the answer is the same, unless something was forgotten
// meanwhile; such an answer is not kept.
func (c *cache[K, V]) get(ctx context.Context, key K, ask func(context.Context) (V, error)) (V, error) {
	c.mu.Lock()
	e, ok := c.entries[key]
	forgotten := c.forgotten
	c.mu.Unlock()
	if ok && c.now().Before(e.until) {
		return e.value, nil
	}
	v, err := ask(ctx)
	if err != nil {
		return v, err
	}
	c.put(key, v, forgotten)
	return v, nil
}

func (c *cache[K, V]) put(key K, v V, forgotten int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if forgotten != c.forgotten {
		return
	}
	now := c.now()
	for k, e := range c.entries {
		if !now.Before(e.until) {
			delete(c.entries, k)
		}
	}
	if c.ttl > 0 {
		c.entries[key] = cached[V]{v, now.Add(c.ttl)}
	}
}

// forget makes the next get ask.
func (c *cache[K, V]) forget(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten++
	delete(c.entries, key)
}
