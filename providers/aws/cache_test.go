package aws

import (
	"context"
	"testing"
	"time"
)

// TestAnAnswerFromBeforeAChangeIsNotBelieved forgets an answer while it is on its way.
func TestAnAnswerFromBeforeAChangeIsNotBelieved(t *testing.T) {
	c := newCache[string, int](Options{CacheTTL: time.Hour, Now: time.Now})
	answer := func(value int, meanwhile func()) int {
		t.Helper()
		got, err := c.get(t.Context(), "key", func(context.Context) (int, error) {
			meanwhile()
			return value, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := answer(1, func() { c.forget("key") }); got != 1 {
		t.Errorf("who asked before gets what was then, not %d", got)
	}
	if got := answer(2, func() {}); got != 2 {
		t.Errorf("an answer from before the change is believed after it: %d", got)
	}
	if got := answer(3, func() {}); got != 2 {
		t.Errorf("an answer is not kept: %d", got)
	}
}
