package health_test

import (
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/health"
)

var (
	policy = health.Policy{Failures: 3, Gateway: 4, Server: 5, For: time.Second, Longest: 4 * time.Second, MaxShare: 0.5}
	start  = time.Unix(1000, 0)
)

// fail notes failures and ejects an endpoint when one is too many; it says whether the last one did.
func fail(s *health.State, kind health.Kind, now time.Time, n int) (last bool) {
	for range n {
		last = policy.Failed(s, kind, now) && policy.Eject(s, now, 0, 4)
	}
	return last
}

func TestEjectionNeedsFailuresInARow(t *testing.T) {
	cases := []struct {
		name, reason string
		kind         health.Kind
		most         int
	}{
		{"connect", "nobody is there", health.Connect, 3},
		{"gateway", "it is there, but does not answer", health.Gateway, 4},
		{"server", "it answers, but not well", health.Server, 5},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s health.State
			if fail(&s, c.kind, start, c.most-1) || s.Ejected(start) {
				t.Fatalf("%s: one failure less than %d ejects", c.reason, c.most)
			}
			s.Succeeded()
			if fail(&s, c.kind, start, c.most-1) {
				t.Fatal("a success in between begins the count anew")
			}
			if !fail(&s, c.kind, start, 1) || !s.Ejected(start) {
				t.Fatalf("%s: failure %d in a row ejects", c.reason, c.most)
			}
			if s.Ejected(start.Add(time.Second)) {
				t.Fatal("an ejection ends by itself")
			}
		})
	}
}

func TestKindsAreCountedByThemselves(t *testing.T) {
	type step struct {
		kind health.Kind
		n    int
	}
	cases := []struct {
		name, reason string
		steps        []step
		want         bool
	}{
		{"connect then gateway", "neither happened often enough", []step{{health.Connect, 2}, {health.Gateway, 3}}, false},
		{"gateway between connects", "a broken connection is no answer", []step{{health.Connect, 2}, {health.Gateway, 1}, {health.Connect, 1}}, true},
		{"connect between gateways", "", []step{{health.Gateway, 3}, {health.Connect, 1}, {health.Gateway, 1}}, true},
		{"server between connects", "a 5xx is an answer", []step{{health.Connect, 2}, {health.Server, 1}, {health.Connect, 2}}, false},
		{"connect between servers", "no answer is no better than a 5xx", []step{{health.Server, 4}, {health.Connect, 1}, {health.Server, 1}}, true},
		{"an unknown kind", "", []step{{99, 100}}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s health.State
			for _, step := range c.steps {
				fail(&s, step.kind, start, step.n)
			}
			if s.Ejected(start) != c.want {
				t.Fatalf("%s: ejected %v", c.reason, !c.want)
			}
		})
	}
}

func TestNoThresholdNeverEjects(t *testing.T) {
	for _, kind := range []health.Kind{health.Connect, health.Gateway, health.Server} {
		var s health.State
		for range 70_000 { // more than are counted
			if (health.Policy{}).Failed(&s, kind, start) {
				t.Fatalf("kind %d", kind)
			}
		}
		if !policy.Failed(&s, kind, start) {
			t.Fatal("a count that is full stays full")
		}
	}
}

func TestEjectionGrowsUntilTheLongest(t *testing.T) {
	var s health.State
	now := start
	fail(&s, health.Connect, now, 3)
	for _, want := range []time.Duration{2 * time.Second, 4 * time.Second, 4 * time.Second} {
		now = now.Add(time.Minute)
		if !fail(&s, health.Connect, now, 1) {
			t.Fatal("an endpoint that fails right after its ejection is ejected again")
		}
		wantEjectedFor(t, &s, now, want)
	}
}

func TestEndpointsDoNotFlap(t *testing.T) {
	second := time.Second
	cases := []struct {
		name, reason string
		// The endpoint is ejected for a second, answers, and fails three times.
		answers, fails time.Duration
		want           time.Duration
	}{
		{"answers while ejected", "connections that were made before say nothing of new ones", second / 2, second, 2 * second},
		{"fails soon", "it served for less time than it had been ejected", second, 3*second/2 + second/4, 2 * second},
		{"fails later", "it has recovered, this is another fault", second, 2 * second, second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s health.State
			fail(&s, health.Connect, start, 3)
			s.Succeeded()
			if s.Ejected(start.Add(c.answers)) != (c.answers < second) {
				t.Fatal("an answer does not end an ejection")
			}
			now := start.Add(c.fails)
			if !fail(&s, health.Connect, now, 3) {
				t.Fatal("it must be ejected again")
			}
			wantEjectedFor(t, &s, now, c.want)
		})
	}
}

func wantEjectedFor(t *testing.T, s *health.State, now time.Time, want time.Duration) {
	t.Helper()
	if !s.Ejected(now.Add(want-1)) || s.Ejected(now.Add(want)) || s.Returned() != now.Add(want).UnixNano() {
		t.Fatalf("want an ejection of %v, got %v", want, time.Duration(s.Returned()-now.UnixNano()))
	}
}

func TestShareOfEjectedIsCapped(t *testing.T) {
	cases := []struct {
		name, reason  string
		share         float64
		ejected, size int
		want          bool
	}{
		{"the only endpoint", "ejecting it would turn some failures into all", 0.5, 0, 1, false},
		{"one of two", "the other one is left", 0.5, 0, 2, true},
		{"the second of two", "fail open", 0.5, 1, 2, false},
		{"one of three", "at least one may always be ejected", 0.5, 0, 3, true},
		{"the fourth of eight", "half", 0.5, 3, 8, true},
		{"the fifth of eight", "more than half", 0.5, 4, 8, false},
		{"the last of eight", "one is always left", 1, 7, 8, false},
		{"one of many at share 0", "at least one may always be ejected", 0, 0, 100, true},
		{"two of many at share 0", "", 0, 1, 100, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s health.State
			p := policy
			p.MaxShare = c.share
			if got := p.Eject(&s, start, c.ejected, c.size); got != c.want || s.Ejected(start) != c.want {
				t.Fatalf("%s: got %v", c.reason, got)
			}
			if p.Eject(&s, start, 0, 100) == c.want {
				t.Fatal("an ejected endpoint is not ejected again, and one that stayed may be later")
			}
		})
	}
}
