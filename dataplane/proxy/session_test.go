package proxy_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// sessionSnapshot is a rule with sessions and backends of four endpoints each.
func sessionSnapshot(t *testing.T, session config.Session, pools ...string) proxy.Snapshot {
	t.Helper()
	rule := prefixRule("n/r", "/", "")
	rule.Session, rule.Backends = &session, nil
	endpoints := map[string][]config.Endpoint{}
	for _, pool := range pools {
		rule.Backends = append(rule.Backends, config.Backend{Pool: pool, Weight: 1})
		for i := range 4 {
			endpoints[pool] = append(endpoints[pool], backend(t, echo(fmt.Sprint(pool, i))))
		}
	}
	return plainSnapshot([]config.Rule{rule}, endpoints)
}

func setCookie(got reply) *http.Cookie {
	for _, c := range got.Cookies() {
		return c
	}
	return nil
}

func TestCookieSession(t *testing.T) {
	s := sessionSnapshot(t, config.Session{Name: "sid"}, "a")
	one, two := start(t, s), start(t, s)
	first := one.get("http://a/x")
	c := setCookie(first)
	if c == nil || c.Name != "sid" || c.Path != "/" || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Secure || c.MaxAge != 0 || !c.Expires.IsZero() {
		t.Fatalf("got %v", first.Header)
	}
	where := first.Header.Get("X-Backend")
	for i := range 50 {
		b := []*bed{one, two}[i%2] // every proxy of the Gateway takes it
		got := b.get("http://a/x", "Cookie", "other=1; sid="+c.Value)
		if got.Header.Get("X-Backend") != where || setCookie(got) != nil {
			t.Fatalf("request %d: got %v, want %s and no other cookie", i, got.Header, where)
		}
	}
	for _, bad := range []string{"", "x", c.Value + "x", c.Value[:len(c.Value)-1], strings.Repeat("A", 400), strings.ToUpper(c.Value)} {
		if got := one.get("http://a/x", "Cookie", "sid="+bad); got.StatusCode != 200 || setCookie(got) == nil {
			t.Fatalf("%q is no token: got %d, %v", bad, got.StatusCode, got.Header)
		}
	}
	seen := map[string]bool{}
	for range 40 {
		seen[one.get("http://a/x").Header.Get("X-Backend")] = true
	}
	if len(seen) < 2 {
		t.Fatalf("clients without a session are spread, got %v", seen)
	}
}

func TestSessionWhoseEndpointIsGone(t *testing.T) {
	s := sessionSnapshot(t, config.Session{Name: "sid"}, "a")
	b := start(t, s)
	first := b.get("http://a/x")
	cookie := "sid=" + setCookie(first).Value
	var number int
	_, _ = fmt.Sscanf(first.Header.Get("X-Backend"), "a%d", &number)
	left := append(append([]config.Endpoint(nil), s.Endpoints["a"][:number]...), s.Endpoints["a"][number+1:]...)
	s.Endpoints = map[string][]config.Endpoint{"a": left}
	b.apply(s)
	second := b.get("http://a/x", "Cookie", cookie)
	next := setCookie(second)
	if second.StatusCode != 200 || second.Header.Get("X-Backend") == first.Header.Get("X-Backend") || next == nil {
		t.Fatalf("got %d, %v", second.StatusCode, second.Header)
	}
	for range 20 {
		if got := b.get("http://a/x", "Cookie", "sid="+next.Value); got.Header.Get("X-Backend") != second.Header.Get("X-Backend") {
			t.Fatalf("got %v", got.Header)
		}
	}
}

// TestSessionsDoNotOverrideWeights keeps what GEP-1619 says: weights choose the backend, the session an endpoint of it.
func TestSessionsDoNotOverrideWeights(t *testing.T) {
	b := start(t, sessionSnapshot(t, config.Session{Name: "sid"}, "a", "b"))
	counts, value := map[string]int{}, ""
	for range 40 {
		got := b.get("http://a/x", "Cookie", "sid="+value)
		counts[got.Header.Get("X-Backend")]++
		if c := setCookie(got); c != nil {
			value = c.Value
		}
	}
	if len(counts) != 2 {
		t.Fatalf("one endpoint of each: got %v", counts)
	}
	for where, n := range counts {
		if n != 20 {
			t.Fatalf("%s got %d of 40", where, n)
		}
	}
}

func TestHeaderSession(t *testing.T) {
	s := sessionSnapshot(t, config.Session{Name: "X-Session", Header: true}, "a")
	other := prefixRule("n/other", "/other", "a")
	other.Session = s.Chunks[0].Hosts[0].Rules[0].Session
	s.Chunks[0].Hosts[0].Rules = append(s.Chunks[0].Hosts[0].Rules, other)
	b := start(t, s)
	first := b.get("http://a/x")
	token := first.Header.Get("X-Session")
	for range 20 {
		got := b.get("http://a/x", "X-Session", token)
		if got.Header.Get("X-Backend") != first.Header.Get("X-Backend") || got.Header.Get("X-Session") != token || setCookie(got) != nil {
			t.Fatalf("got %v", got.Header)
		}
	}
	seen := map[string]bool{}
	for range 40 {
		seen[b.get("http://a/other", "X-Session", token).Header.Get("X-Backend")] = true
	}
	if len(seen) < 2 {
		t.Fatalf("the token is of no use for another rule: got %v", seen)
	}
}

func TestSessionsEnd(t *testing.T) {
	b := start(t, sessionSnapshot(t, config.Session{Name: "sid", Permanent: true, Absolute: 60_000, Idle: 400}, "a"))
	first := b.get("http://a/x")
	c := setCookie(first)
	if c.MaxAge != 60 {
		t.Fatalf("got %v", first.Header)
	}
	renewed := time.Now()
	for range 10 { // longer than the idle time, in steps that are shorter
		time.Sleep(60 * time.Millisecond)
		asked := time.Now()
		got := b.get("http://a/x", "Cookie", "sid="+c.Value)
		next := setCookie(got)
		if got.Header.Get("X-Backend") != first.Header.Get("X-Backend") {
			if time.Since(renewed) < 350*time.Millisecond {
				t.Fatal("a session that was in use ended")
			}
			t.Skip("the machine was too slow to keep the session busy")
		}
		if next != nil {
			c, renewed = next, asked
		}
	}
	time.Sleep(500 * time.Millisecond)
	if got := b.get("http://a/x", "Cookie", "sid="+c.Value); setCookie(got) == nil {
		t.Fatal("an idle session ends")
	}
	b.apply(sessionSnapshot(t, config.Session{Name: "sid", Absolute: 300}, "a"))
	c = setCookie(b.get("http://a/x"))
	time.Sleep(400 * time.Millisecond)
	if got := b.get("http://a/x", "Cookie", "sid="+c.Value); setCookie(got) == nil {
		t.Fatal("a session ends in any case")
	}
}

func TestSessionCookieOfHTTPS(t *testing.T) {
	s := secureSnapshot(t, config.Listener{Name: "web", Hostname: "a.org"})
	s.Chunks[0].Hosts[0].Rules[0].Session = &config.Session{Name: "sid", Path: "/shop"}
	b := start(t, s)
	b.client.Transport.(*http.Transport).TLSClientConfig = insecure("a.org")
	if c := setCookie(b.get("https://a.org/x")); c == nil || !c.Secure || c.Path != "/shop" {
		t.Fatalf("got %v", c)
	}
}
