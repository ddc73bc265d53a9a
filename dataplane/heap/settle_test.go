package heap

import (
	"sync"
	"testing"
)

// TestSettlingTwiceAtATime has configurations come while the heap is still looked at; the race detector is the judge.
func TestSettlingTwiceAtATime(t *testing.T) {
	k := New(func() bool { return true })
	defer k.Close()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			use(make([]byte, room))
			k.settle()
		})
		group.Go(k.settle)
	}
	group.Wait()
	if k.allocated == 0 {
		t.Error("nothing was settled")
	}
}

// use has a block be made on the heap.
//
//go:noinline
func use(block []byte) { _ = block }
