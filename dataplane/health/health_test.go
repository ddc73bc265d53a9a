package health_test

import (
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/health"
)

var (
	policy = health.Policy{Failures: 3, For: time.Second, Longest: 4 * time.Second, MaxShare: 0.5}
	start  = time.Unix(1000, 0)
)

func fail(s *health.State, now time.Time, n, ejected, size int) (last bool) {
	for range n {
		last = policy.Failed(s, now, ejected, size)
	}
	return last
}

func TestEjectionNeedsFailuresInARow(t *testing.T) {
	var s health.State
	if fail(&s, start, 2, 0, 4) || s.Ejected(start) {
		t.Fatal("two failures are not three")
	}
	s.Succeeded()
	if fail(&s, start, 2, 0, 4) {
		t.Fatal("a success in between begins the count anew")
	}
	if !fail(&s, start, 1, 0, 4) || !s.Ejected(start) {
		t.Fatal("the third failure in a row ejects")
	}
	if s.Ejected(start.Add(time.Second)) {
		t.Fatal("an ejection ends by itself")
	}
}

func TestEjectionGrowsUntilTheLongest(t *testing.T) {
	var s health.State
	now := start
	fail(&s, now, 3, 0, 4)
	for _, want := range []time.Duration{2 * time.Second, 4 * time.Second, 4 * time.Second} {
		now = now.Add(time.Minute)
		if !fail(&s, now, 1, 0, 4) {
			t.Fatal("an endpoint that fails right after its ejection is ejected again")
		}
		if !s.Ejected(now.Add(want-1)) || s.Ejected(now.Add(want)) {
			t.Fatalf("want an ejection of %v", want)
		}
	}
}

func TestShareOfEjectedIsCapped(t *testing.T) {
	cases := []struct {
		name, reason  string
		ejected, size int
		want          bool
	}{
		{"the only endpoint", "ejecting it would turn some failures into all", 0, 1, false},
		{"one of two", "the other one is left", 0, 2, true},
		{"the second of two", "fail open", 1, 2, false},
		{"one of three", "at least one may always be ejected", 0, 3, true},
		{"the fifth of eight", "more than half", 4, 8, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s health.State
			if got := fail(&s, start, 3, c.ejected, c.size); got != c.want {
				t.Fatalf("%s: got %v", c.reason, got)
			}
		})
	}
}
