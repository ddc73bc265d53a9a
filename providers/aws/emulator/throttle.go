package emulator

import (
	"net/http"
	"sync"
	"time"
)

// throttle keeps a token bucket per account, region and API, as AWS does.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html
type throttle struct {
	rates   map[string]Rate
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// allow takes a token from the most specific bucket that the call falls under.
func (t *throttle) allow(c *call) bool {
	for _, name := range []string{c.action, c.service, "*"} {
		if rate, ok := t.rates[name]; ok {
			return t.take(c.account+"/"+c.region+"/"+name, rate, c.now)
		}
	}
	return true
}

func (t *throttle) take(key string, rate Rate, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buckets == nil {
		t.buckets = map[string]*bucket{}
	}
	size := float64(max(rate.Burst, 1))
	b := t.buckets[key]
	if b == nil {
		b = &bucket{tokens: size, at: now}
		t.buckets[key] = b
	}
	b.tokens = min(size, b.tokens+now.Sub(b.at).Seconds()*rate.PerSecond)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// throttledError is how the service refuses: EC2 with 503, the others with 400.
func (s service) throttledError() error {
	e := fail(s.throttled, "Rate exceeded")
	if s.protocol == ec2Query {
		e.Status = http.StatusServiceUnavailable
	}
	return e
}
