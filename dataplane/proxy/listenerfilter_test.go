package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go/http3"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// guarded gives the first listener of a snapshot filters that ask services, in their order, with a pool each.
func guarded(s proxy.Snapshot, filters ...config.Auth) proxy.Snapshot {
	for i := range filters {
		auth := filters[i]
		s.Root.Pools = append(s.Root.Pools, config.Pool{Key: auth.Pool, Namespace: "n", Service: auth.Pool})
		s.Root.Listeners[0].Filters = append(s.Root.Listeners[0].Filters, config.ListenerFilter{Auth: &auth})
	}
	return s
}

// judge allows those whose Authorization begins with "good", and says headers of them.
func judge(t *testing.T, asked *atomic.Int64, says ...string) config.Endpoint {
	t.Helper()
	return backend(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i < len(says); i += 2 {
			w.Header().Add(says[i], says[i+1])
		}
		if !strings.HasPrefix(r.Header.Get("Authorization"), "good") {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
}

// tiers are a rule for each value of X-Tier and one for all others.
func tiers() []config.Rule {
	rules := []config.Rule{prefixRule("n/any", "/", "any")}
	for _, tier := range []string{"gold", "tin"} {
		rule := prefixRule("n/"+tier, "/", tier)
		rule.Matches[0].Headers = []config.ValueMatch{{Name: "x-tier", Value: tier}}
		rules = append(rules, rule)
	}
	return rules
}

func tierEndpoints(t *testing.T, more map[string][]config.Endpoint) map[string][]config.Endpoint {
	t.Helper()
	for _, name := range []string{"any", "gold", "tin"} {
		more[name] = []config.Endpoint{backend(t, echo(name))}
	}
	return more
}

func TestListenerFilterComesBeforeRules(t *testing.T) {
	var asked atomic.Int64
	service := judge(t, &asked, "X-Tier", "gold", "Host", "other.org", "X-Forwarded-Proto", "https", "X-Request-Id", "forged")
	s := plainSnapshot(tiers(), tierEndpoints(t, map[string][]config.Endpoint{"auth": {service}}))
	redirect := config.Rule{
		Route: "n/redirect", Matches: []config.Match{{PathKind: config.PathPrefix, Path: "/go"}},
		Filters: config.Filters{Redirect: &config.Redirect{Hostname: "new.org", Status: 302}},
	}
	s.Chunks[0].Hosts[0].Rules = append(s.Chunks[0].Hosts[0].Rules, redirect)
	b := start(t, guarded(s, config.Auth{Pool: "auth", ResponseHeaders: []string{"x-tier", "host", "x-forwarded-proto", "x-request-id"}}))
	cases := []struct {
		name, reason, path string
		header             []string
		status             int
		backend, why       string
	}{
		{"allowed", "what the service says leads to the rule", "/allowed", []string{"Authorization", "good"}, 200, "gold", ""},
		{"pretended", "what the client says in its place does not", "/pretended", []string{"Authorization", "good", "X-Tier", "tin"}, 200, "gold", ""},
		{"denied", "", "/denied", []string{"X-Tier", "gold"}, 401, "", "auth_denied"},
		{"redirect denied", "a redirect comes after", "/go/denied", nil, 401, "", "auth_denied"},
		{"redirect", "", "/go/on", []string{"Authorization", "good"}, 302, "", "redirect"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			before := asked.Load()
			got := b.get("http://shop.org"+c.path, c.header...)
			if got.StatusCode != c.status || asked.Load() != before+1 {
				t.Fatalf("%s: got %d after %d questions", c.reason, got.StatusCode, asked.Load()-before)
			}
			if why, _ := b.last(c.path)["reason"].(string); why != c.why {
				t.Fatalf("%s: the log says %q", c.reason, why)
			}
			if c.backend == "" {
				return
			}
			seen := got.seen(t)
			if seen.Backend != c.backend || seen.Host != "shop.org" || seen.Header.Get("X-Forwarded-Proto") != "http" || seen.Header.Get("X-Request-Id") == "forged" {
				t.Fatalf("%s: got %+v", c.reason, seen)
			}
			if tier := seen.Header["X-Tier"]; len(tier) != 1 || tier[0] != "gold" {
				t.Fatalf("%s: the backend sees %v", c.reason, tier)
			}
		})
	}
	if got := b.do(http.MethodOptions, "http://shop.org/preflight", nil, "Origin", "https://b.org", "Access-Control-Request-Method", "PUT"); got.StatusCode != 401 {
		t.Fatalf("a preflight is a request as any other: got %d", got.StatusCode)
	}
}

// TestListenerFiltersKeepTheirOrder has a second service that sees what the first one said, and a rule's own after both.
func TestListenerFiltersKeepTheirOrder(t *testing.T) {
	var first, second, third atomic.Int64
	endpoints := map[string][]config.Endpoint{
		"first": {judge(t, &first, "Authorization", "good from first", "X-Tier", "tin")}, "third": {judge(t, &third, "X-Third", "3")},
	}
	endpoints["second"] = []config.Endpoint{backend(t, func(w http.ResponseWriter, r *http.Request) {
		second.Add(1)
		if r.Header.Get("Authorization") != "good from first" || r.Header.Get("X-Tier") != "tin" {
			w.WriteHeader(http.StatusForbidden)
		}
		w.Header().Set("X-Tier", "gold")
	})}
	s := plainSnapshot(tiers(), tierEndpoints(t, endpoints))
	for i := range s.Chunks[0].Hosts[0].Rules {
		if rule := &s.Chunks[0].Hosts[0].Rules[i]; rule.Route == "n/gold" {
			rule.Filters.Auth = &config.Auth{Pool: "third"}
		}
	}
	s.Chunks[0].Pools = append(s.Chunks[0].Pools, config.Pool{Key: "third", Namespace: "n", Service: "third"})
	b := start(t, guarded(s, config.Auth{Pool: "first"}, config.Auth{Pool: "second", RequestHeaders: []string{"x-tier"}}))
	seen := b.get("http://shop.org/x", "Authorization", "good").seen(t)
	if seen.Backend != "gold" || seen.Header.Get("X-Third") != "3" || first.Load() != 1 || second.Load() != 1 || third.Load() != 1 {
		t.Fatalf("got %+v after %d, %d, %d", seen, first.Load(), second.Load(), third.Load())
	}
	if got := b.get("http://shop.org/x"); got.StatusCode != 401 || first.Load() != 2 || second.Load() != 1 || third.Load() != 1 {
		t.Fatalf("nobody is asked after a denial: got %d", got.StatusCode)
	}
}

func TestListenerFilterFailsClosed(t *testing.T) {
	reached := backend(t, func(http.ResponseWriter, *http.Request) { t.Error("a request got past a filter that does not work") })
	cases := []struct {
		name, reason string
		filter       config.ListenerFilter
		service      []config.Endpoint
		status       int
		why          string
	}{
		{"broken", "its service is not one", config.ListenerFilter{Broken: "no such Service"}, nil, 500, "no such Service"},
		{"empty", "a kind that is not known yet", config.ListenerFilter{}, nil, 500, "unknown_filter"},
		{"no pool", "", config.ListenerFilter{Auth: &config.Auth{Pool: "none"}}, nil, 503, "auth_unavailable"},
		{"no endpoint", "", config.ListenerFilter{Auth: &config.Auth{Pool: "auth"}}, nil, 503, "auth_unavailable"},
		{"dead", "", config.ListenerFilter{Auth: &config.Auth{Pool: "auth"}}, []config.Endpoint{dead(t)}, 503, "auth_unavailable"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {reached}, "auth": c.service})
			s.Root.Pools = []config.Pool{{Key: "auth", Namespace: "n", Service: "auth"}}
			s.Root.Listeners[0].Filters = []config.ListenerFilter{c.filter}
			b := start(t, s)
			if got := b.get("http://shop.org/x"); got.StatusCode != c.status || b.last("/x")["reason"] != c.why {
				t.Fatalf("%s: got %d, %v", c.reason, got.StatusCode, b.last("/x"))
			}
			if answer := b.raw("GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"); !strings.HasPrefix(answer, fmt.Sprintf("HTTP/1.1 %d", c.status)) {
				t.Fatalf("%s: an upgrade gets %q", c.reason, answer)
			}
		})
	}
}

func TestListenerFilterOverGRPC(t *testing.T) {
	service := backend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answerCheck(w, []byte(part(1)+part(3, part(2, header(":path", "/gold/x?b=2")), part(2, header(":method", "PUT")), part(6, header("x-reply", "1")))))
	})
	rules := []config.Rule{prefixRule("n/any", "/", "any"), prefixRule("n/gold", "/gold", "gold")}
	rules[1].Matches[0].Method = "PUT"
	s := plainSnapshot(rules, tierEndpoints(t, map[string][]config.Endpoint{"auth": {service}}))
	b := start(t, guarded(s, config.Auth{GRPC: true, Pool: "auth"}))
	got := b.do(http.MethodPost, "http://shop.org/x?a=1", strings.NewReader("body"))
	seen := got.seen(t)
	if seen.Backend != "gold" || seen.Target != "/gold/x?b=2" || seen.Method != "PUT" || seen.Body != "body" || got.Header.Get("X-Reply") != "1" {
		t.Fatalf("got %+v, %v", seen, got.Header)
	}
	if got := b.do(http.MethodHead, "http://shop.org/head", nil); got.StatusCode != 503 {
		t.Fatalf("HEAD says how long the answer is, and cannot become PUT: got %d", got.StatusCode)
	}
}

// TestListenerFilterIsOfOneListener has another listener on the port without a filter, in every version of HTTP: a request that is
// on a connection for the other one is misdirected, and is not judged.
func TestListenerFilterIsOfOneListener(t *testing.T) {
	var asked atomic.Int64
	s := secureSnapshot(t, config.Listener{Name: "guarded", Hostname: "guarded.org"}, config.Listener{Name: "open", Hostname: "open.org"})
	for i := range s.Root.Listeners {
		s.Root.Listeners[i].HTTP3 = true
	}
	s.Endpoints["auth"] = []config.Endpoint{judge(t, &asked)}
	udp := &packets{}
	b := start(t, guarded(s, config.Auth{Pool: "auth"}), udp.listen)
	cases := []struct {
		serverName, host, authorization string
		status                          int
		asked                           int64
	}{
		{"guarded.org", "guarded.org", "", 401, 1},
		{"guarded.org", "guarded.org", "good", 200, 1},
		{"guarded.org", "open.org", "good", 421, 0},
		{"open.org", "guarded.org", "good", 421, 0},
		{"open.org", "open.org", "", 200, 0},
	}
	for _, c := range cases {
		h2 := &http.Transport{DialContext: b.dial, ForceAttemptHTTP2: true, TLSClientConfig: insecure(c.serverName)}
		h1 := &http.Transport{DialContext: b.dial, TLSClientConfig: insecure(c.serverName)}
		h3 := udp.client(t)
		h3.Transport.(*http3.Transport).TLSClientConfig.ServerName = c.serverName
		for version, client := range map[int]*http.Client{1: {Transport: h1}, 2: {Transport: h2}, 3: h3} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+c.host+"/x", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Authorization", c.authorization)
			before := asked.Load()
			response, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != c.status || response.ProtoMajor != version || asked.Load() != before+c.asked {
				t.Errorf("%s for %s with %q: got %s, %d after %d questions", c.serverName, c.host, c.authorization, response.Proto, response.StatusCode, asked.Load()-before)
			}
		}
		h1.CloseIdleConnections()
		h2.CloseIdleConnections()
	}
}

// TestListenerFilterBeforeUpgrade opens a WebSocket past a filter.
func TestListenerFilterBeforeUpgrade(t *testing.T) {
	var asked atomic.Int64
	socket := backend(t, func(w http.ResponseWriter, r *http.Request) {
		conn, buffer, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		_, _ = fmt.Fprintf(buffer, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-User: %s\r\n\r\n", r.Header.Get("X-User"))
		_ = buffer.Flush()
		_, _ = io.Copy(conn, buffer)
	})
	s := plainSnapshot([]config.Rule{prefixRule("n/r", "/", "a")}, map[string][]config.Endpoint{"a": {socket}, "auth": {judge(t, &asked, "X-User", "alice")}})
	b := start(t, guarded(s, config.Auth{Pool: "auth"}))
	if answer := b.raw("GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n"); !strings.HasPrefix(answer, "HTTP/1.1 401") {
		t.Fatalf("got %q", answer)
	}
	conn, err := net.Dial("tcp", b.addr(80))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, "GET /x HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("X-User") != "alice" {
		t.Fatalf("got %v, %v", response, err)
	}
	_, _ = io.WriteString(conn, "hello")
	text := make([]byte, 5)
	if _, err := io.ReadFull(reader, text); err != nil || string(text) != "hello" || asked.Load() != 2 {
		t.Fatalf("got %q, %v after %d questions", text, err, asked.Load())
	}
}

// TestListenerFilterComesAndGoes applies filters and their pools while requests go on.
func TestListenerFilterComesAndGoes(t *testing.T) {
	var asked atomic.Int64
	endpoints := tierEndpoints(t, map[string][]config.Endpoint{"auth": {judge(t, &asked)}})
	open := plainSnapshot(tiers(), endpoints)
	b := start(t, open)
	for range 3 {
		if got := b.get("http://shop.org/x"); got.StatusCode != 200 {
			t.Fatalf("without a filter: got %d", got.StatusCode)
		}
		closed := open
		closed.Root.Listeners = []config.Listener{open.Root.Listeners[0]}
		b.apply(guarded(closed, config.Auth{Pool: "auth"}))
		if got := b.get("http://shop.org/x"); got.StatusCode != 401 {
			t.Fatalf("with a filter: got %d", got.StatusCode)
		}
		if got := b.get("http://shop.org/x", "Authorization", "good"); got.StatusCode != 200 {
			t.Fatalf("with a filter: got %d", got.StatusCode)
		}
		b.apply(open)
	}
}
