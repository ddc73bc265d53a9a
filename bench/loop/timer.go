package loop

import (
	"container/heap"
	"time"
)

type timer struct {
	at   time.Time
	call func()
}

// timers is a heap, the earliest first.
type timers []timer

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (t *timers) Len() int           { return len(*t) }
func (t *timers) Less(i, j int) bool { return (*t)[i].at.Before((*t)[j].at) }
func (t *timers) Swap(i, j int)      { (*t)[i], (*t)[j] = (*t)[j], (*t)[i] }
func (t *timers) Push(x any)         { *t = append(*t, x.(timer)) } //nolint:errcheck // only timers are pushed
func (t *timers) Pop() any {
	last := len(*t) - 1
	x := (*t)[last]
	*t = (*t)[:last]
	return x
}

// wait is how long it is until the first timer, at most as long as given.
func (t *timers) wait(most time.Duration) time.Duration {
	if len(*t) == 0 {
		return most
	}
	return max(0, min(most, time.Until((*t)[0].at)))
}

// fire calls what is due.
func (t *timers) fire(now time.Time) {
	for len(*t) > 0 && !(*t)[0].at.After(now) {
		due, _ := heap.Pop(t).(timer)
		due.call()
	}
}
