package responder

import (
	"maps"
	"sync"
)

const (
	// maxPaths and maxIDs bound what is remembered, whatever clients send.
	maxPaths = 100
	maxIDs   = 10_000
	// otherPaths sums what maxPaths leaves out.
	otherPaths = "other"
)

// Counts is the body of PathCounts.
type Counts struct {
	Identity
	Requests int64            `json:"requests"`
	Paths    map[string]int64 `json:"paths,omitempty"`
}

// tally counts requests.
type tally struct {
	mu       sync.Mutex
	requests int64
	paths    map[string]int64
}

func (t *tally) add(path string) int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.paths == nil {
		t.paths = map[string]int64{}
	}
	if _, known := t.paths[path]; !known && len(t.paths) >= maxPaths {
		path = otherPaths
	}
	t.paths[path]++
	t.requests++
	return t.requests
}

func (t *tally) counts() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return Counts{Requests: t.requests, Paths: maps.Clone(t.paths)}
}

// attempts counts how often a request id came. The oldest ids are forgotten.
type attempts struct {
	mu    sync.Mutex
	count map[string]int
	order []string
}

func (a *attempts) next(id string) int {
	if id == "" {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.count == nil {
		a.count = map[string]int{}
	}
	if a.count[id] == 0 {
		a.order = append(a.order, id)
		if len(a.order) > maxIDs {
			delete(a.count, a.order[0])
			a.order = a.order[1:]
		}
	}
	a.count[id]++
	return a.count[id]
}
