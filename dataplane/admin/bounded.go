package admin

import "sync"

// Other is the label value under which everything is summed that has no series of its own.
const Other = "_other"

// bounded keeps at most limit metrics by key; what comes after that shares the metric of other.
type bounded[K comparable, M any] struct {
	limit int
	other K
	// create makes the metric of a key, and remove takes it away.
	create func(K) M
	remove func(K)

	mutex sync.RWMutex
	known map[K]M
}

// of gives the metric for a key.
func (b *bounded[K, M]) of(key K) M {
	b.mutex.RLock()
	metric, ok := b.known[key]
	b.mutex.RUnlock()
	if ok {
		return metric
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if metric, ok := b.known[key]; ok {
		return metric
	}
	if b.known == nil {
		b.known = map[K]M{}
	}
	if len(b.known) >= b.limit-1 {
		key = b.other
		if metric, ok := b.known[key]; ok {
			return metric
		}
	}
	metric = b.create(key)
	b.known[key] = metric
	return metric
}

// retain removes the metrics of keys that are not wanted any more, and says whether there were any.
func (b *bounded[K, M]) retain(wanted func(K) bool) (removed bool) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	for key := range b.known {
		if key != b.other && !wanted(key) {
			b.remove(key)
			delete(b.known, key)
			removed = true
		}
	}
	return removed
}
