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
}

type cached[V any] struct {
	value V
	until time.Time
}

func newCache[K comparable, V any](o Options) *cache[K, V] {
	return &cache[K, V]{ttl: o.CacheTTL, now: o.Now, entries: map[K]cached[V]{}}
}

// get answers from the cache, or asks. Concurrent callers may ask twice: the answer is the same.
func (c *cache[K, V]) get(ctx context.Context, key K, ask func(context.Context) (V, error)) (V, error) {
	c.mu.Lock()
	e, ok := c.entries[key]
	c.mu.Unlock()
	if ok && c.now().Before(e.until) {
		return e.value, nil
	}
	v, err := ask(ctx)
	if err != nil {
		return v, err
	}
	c.put(key, v)
	return v, nil
}

func (c *cache[K, V]) put(key K, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
	delete(c.entries, key)
}
