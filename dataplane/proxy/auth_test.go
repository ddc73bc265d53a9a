package proxy_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

// authSnapshot is a rule whose requests a service judges.
func authSnapshot(t *testing.T, auth config.Auth, service ...config.Endpoint) proxy.Snapshot {
	t.Helper()
	rule := prefixRule("n/r", "/", "a")
	auth.Pool = "auth"
	rule.Filters.Auth = &auth
	return plainSnapshot([]config.Rule{rule}, map[string][]config.Endpoint{"auth": service, "a": {backend(t, echo("a"))}})
}

func TestHTTPAuth(t *testing.T) {
	type asked struct {
		method, target, host, body string
		header                     http.Header
	}
	var last atomic.Pointer[asked]
	service := backend(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		last.Store(&asked{r.Method, r.RequestURI, r.Host, string(body), r.Header})
		w.Header().Set("X-User", "alice")
		w.Header().Add("X-Group", "one")
		w.Header().Add("X-Group", "two")
		switch r.Header.Get("Authorization") {
		case "good":
		case "login":
			w.Header().Set("Location", "https://login.org/")
			w.WriteHeader(http.StatusFound)
		case "other":
			w.WriteHeader(http.StatusAccepted)
		case "broken":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, "who are you?")
		}
	})
	b := start(t, authSnapshot(t, config.Auth{Path: "/check", RequestHeaders: []string{"x-tenant"}, ResponseHeaders: []string{"x-user", "x-role"}}, service))
	t.Run("allowed", func(t *testing.T) {
		got := b.do(http.MethodPost, "http://shop.org/x?q=1", strings.NewReader("body"), "Authorization", "good", "X-Tenant", "t", "X-Other", "o",
			"X-User", "mallory", "X-Role", "admin", "X-Forwarded-For", "6.6.6.6")
		s := got.seen(t)
		if s.Body != "body" || s.Target != "/x?q=1" || s.Header.Get("X-User") != "alice" || s.Header.Get("X-Group") != "" || s.Header.Get("X-Other") != "o" {
			t.Fatalf("got %+v", s)
		}
		if len(s.Header["X-User"]) != 1 || s.Header.Get("X-Role") != "" {
			t.Fatalf("a client does not say itself what the service is to say: got %v", s.Header)
		}
		a := last.Load()
		if a.method != "POST" || a.target != "/check/x?q=1" || a.host != "shop.org" || a.body != "" || a.header.Get("X-Tenant") != "t" || a.header.Get("Authorization") != "good" {
			t.Fatalf("got %+v", a)
		}
		for _, name := range []string{"X-Other", "X-User", "X-Forwarded-For", "Content-Type"} {
			if a.header.Get(name) != "" {
				t.Fatalf("the service is told what it asked for: got %v", a.header)
			}
		}
	})
	cases := []struct {
		name, reason, authorization string
		status                      int
		header, value, body, why    string
	}{
		{"denied", "the client gets the service's answer", "", 401, "WWW-Authenticate", "Basic", "who are you?", "auth_denied"},
		{"login", "", "login", 302, "Location", "https://login.org/", "", "auth_denied"},
		{"other", "only 200 is a yes", "other", 403, "X-User", "", "forbidden\n", "auth_denied"},
		{"broken", "it fails closed", "broken", 503, "X-User", "", "service unavailable\n", "auth_unavailable"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := b.get("http://shop.org/"+c.name, "Authorization", c.authorization)
			if got.StatusCode != c.status || got.Header.Get(c.header) != c.value || got.body != c.body || b.last("/" + c.name)["reason"] != c.why {
				t.Fatalf("%s: got %d, %v, %q, %v", c.reason, got.StatusCode, got.Header, got.body, b.last("/"+c.name))
			}
		})
	}
	t.Run("gRPC client", func(t *testing.T) {
		if got := b.do(http.MethodPost, "http://shop.org/g", nil, "Content-Type", "application/grpc"); got.StatusCode != 200 || got.Header.Get("Grpc-Status") != "16" {
			t.Fatalf("got %d, %v", got.StatusCode, got.Header)
		}
	})
	t.Run("all headers", func(t *testing.T) {
		b := start(t, authSnapshot(t, config.Auth{}, service))
		s := b.do(http.MethodPost, "http://shop.org/x", strings.NewReader("{}"), "Authorization", "good", "Content-Type", "application/json", "X-Group", "mine").seen(t)
		if s.Header.Get("X-User") != "alice" || strings.Join(s.Header["X-Group"], ",") != "one,two" || s.Header.Get("Content-Type") != "application/json" || s.Body != "{}" {
			t.Fatalf("got %+v", s)
		}
	})
	t.Run("body", func(t *testing.T) {
		b := start(t, authSnapshot(t, config.Auth{MaxBody: 1000}, service))
		for size, want := range map[int]int{0: 200, 1: 200, 1000: 200, 1001: 413, 100_000: 413} {
			sent := strings.Repeat("x", size)
			for _, body := range []io.Reader{strings.NewReader(sent), io.MultiReader(strings.NewReader(sent))} {
				got := b.do(http.MethodPost, "http://shop.org/x", body, "Authorization", "good")
				if got.StatusCode != want || want == 200 && (got.seen(t).Body != sent || last.Load().body != sent) {
					t.Fatalf("%d bytes: got %d, %v", size, got.StatusCode, b.last("/x"))
				}
			}
		}
	})
}

func TestAuthThatDoesNotAnswer(t *testing.T) {
	slow := backend(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Second):
		}
	})
	for _, grpc := range []bool{false, true} {
		for name, service := range map[string][]config.Endpoint{"none": nil, "dead": {dead(t)}, "slow": {slow}} {
			s := authSnapshot(t, config.Auth{GRPC: grpc}, service...)
			s.Chunks[0].Hosts[0].Rules[0].Timeouts.Request = 300
			b := start(t, s)
			if got := b.get("http://a/x"); got.StatusCode != 503 || b.last("/x")["reason"] != "auth_unavailable" {
				t.Fatalf("%s, gRPC %v: got %d, %v", name, grpc, got.StatusCode, b.last("/x"))
			}
		}
		b := start(t, authSnapshot(t, config.Auth{GRPC: grpc}, dead(t), allows(t, grpc)))
		for range 5 {
			if got := b.get("http://a/x"); got.StatusCode != 200 {
				t.Fatalf("another endpoint is asked: got %d, %v", got.StatusCode, b.last("/x"))
			}
		}
	}
}

// allows is a service that allows everything.
func allows(t *testing.T, grpc bool) config.Endpoint {
	t.Helper()
	return backend(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if grpc {
			answerCheck(w, nil)
		}
	})
}

// answerCheck answers a call with a message.
func answerCheck(w http.ResponseWriter, message []byte) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	_, _ = w.Write(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message))), message...))
	w.Header().Set("Grpc-Status", "0")
}

// part is a field of a message of protocol buffers that has bytes.
func part(field byte, parts ...string) string {
	text := strings.Join(parts, "")
	return string(append([]byte{field<<3 | 2}, byte(len(text)))) + text
}

func header(name, value string) string { return part(1, part(1, name), part(2, value)) }

func TestGRPCAuth(t *testing.T) {
	var asked atomic.Pointer[string]
	service := backend(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := fmt.Sprint(r.Proto, r.URL.Path, r.Header.Get("Content-Type"), string(body))
		asked.Store(&text)
		message := part(1, "\x08\x07") + part(2, part(1, "\x08\xad\x03"), part(2, header("X-Why", "tired")), part(3, "not now"))
		switch {
		case strings.Contains(text, "good"):
			message = part(1) + part(3, part(5, "x-gone"), part(2, header("x-user", "alice")), part(6, header("x-reply", "1")))
		case strings.Contains(text, "nonsense"):
			message = "\x00"
		}
		answerCheck(w, []byte(message))
	})
	b := start(t, authSnapshot(t, config.Auth{GRPC: true, MaxBody: 100}, service))
	got := b.do(http.MethodPost, "http://shop.org/x?q=1", strings.NewReader("the body"), "Authorization", "good", "X-Gone", "1", "X-User", "mallory")
	s := got.seen(t)
	if s.Header.Get("X-User") != "alice" || len(s.Header["X-User"]) != 1 || s.Header.Get("X-Gone") != "" || got.Header.Get("X-Reply") != "1" || s.Body != "the body" {
		t.Fatalf("got %+v, %v", s, got.Header)
	}
	for _, want := range []string{"HTTP/2.0/envoy.service.auth.v3.Authorization/Checkapplication/grpc", "127.0.0.1", "shop.org", "/x?q=1", "x-gone", "the body", "POST"} {
		if !strings.Contains(*asked.Load(), want) {
			t.Fatalf("the service was asked %q, want %q in it", *asked.Load(), want)
		}
	}
	got = b.get("http://shop.org/denied", "Authorization", "bad")
	if got.StatusCode != 429 || got.Header.Get("X-Why") != "tired" || got.body != "not now" || b.last("/denied")["reason"] != "auth_denied" {
		t.Fatalf("got %d, %v, %q", got.StatusCode, got.Header, got.body)
	}
	if got = b.get("http://shop.org/n", "Authorization", "nonsense"); got.StatusCode != 503 {
		t.Fatalf("got %d", got.StatusCode)
	}
}

// TestAuthComesAfterPreflights keeps that a question without credentials is answered.
func TestAuthComesAfterPreflights(t *testing.T) {
	s := authSnapshot(t, config.Auth{})
	s.Chunks[0].Hosts[0].Rules[0].Filters.CORS = &config.CORS{Origins: []string{"*"}}
	b := start(t, s)
	if got := b.do(http.MethodOptions, "http://a/x", nil, "Origin", "https://b.org", "Access-Control-Request-Method", "PUT"); got.StatusCode != 204 {
		t.Fatalf("got %d", got.StatusCode)
	}
	if got := b.get("http://a/x", "Origin", "https://b.org"); got.StatusCode != 503 || got.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("got %d, %v", got.StatusCode, got.Header)
	}
}
