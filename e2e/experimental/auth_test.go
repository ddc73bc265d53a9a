package experimental

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/e2e/ground"
)

// forged is what a client says that only the service may say, and what it may say for itself.
var forged = []string{
	"X-User", "root", "X-Auth-Path", "/forged", "X-Role", "admin", "X-Tenant", "blue", "X-Other", "kept",
}

// externalAuth asks a service over HTTP and over gRPC, with and without a body, and while there is none.
func externalAuth(t *testing.T, g *ground.Ground) {
	s := open(t, g, "external-auth")
	c := s.client(t)
	start := c.eventually(t, "/open/", is(http.StatusOK)).answer.Number
	c.eventually(t, "/http/", is(http.StatusOK), "Authorization", "Bearer alice")
	c.eventually(t, "/grpc/", is(http.StatusOK), "Authorization", "Bearer alice")
	passed := int64(2)
	for _, protocol := range []string{"/http", "/grpc"} {
		passed += authAllows(t, c, protocol)
		authDenies(t, c, protocol)
		passed += authSeesBodies(t, c, protocol)
	}
	passed += authWithoutService(t, s, c)
	if got := c.get(t, "/open/").answer.Number - start; got != passed+1 {
		t.Errorf("the backend got %d requests, want the %d that passed and the last one", got, passed)
	}
}

// authAllows sends a request that passes and looks at what reaches the service and the backend.
func authAllows(t *testing.T, c *client, protocol string) (passed int64) {
	t.Helper()
	got := c.get(t, protocol+"/x?q=1", append([]string{"Authorization", "Bearer alice"}, forged...)...)
	want := map[string]string{
		"X-User": "alice", "X-Auth-Body": "0", "X-Other": "kept", "X-Tenant": "blue", "Authorization": "Bearer alice",
		"X-Auth-Path": "/check/http/x?q=1", "X-Auth-Headers": "authorization,x-tenant", "X-Role": "admin",
	}
	if protocol == "/grpc" {
		want["X-Auth-Path"] = "/grpc/x?q=1"
		delete(want, "X-Role")
		if got.header.Get("X-Checked") != "yes" {
			t.Errorf("%s: the response lacks what the service adds to it: %v", protocol, got.header)
		}
	}
	if got.status != http.StatusOK {
		t.Fatalf("%s: got %d, %s", protocol, got.status, got.body)
	}
	for _, name := range []string{"X-User", "X-Auth-Path", "X-Auth-Body", "X-Auth-Headers", "X-Role", "X-Tenant", "X-Other", "Authorization"} {
		var values []string
		if value, ok := want[name]; ok {
			values = []string{value}
		}
		if !slices.Equal(got.answer.Headers[name], values) {
			t.Errorf("%s: the backend got %s %q, want %q", protocol, name, got.answer.Headers[name], values)
		}
	}
	return 1
}

// authDenies sends requests that do not pass.
func authDenies(t *testing.T, c *client, protocol string) {
	t.Helper()
	denied := c.get(t, protocol+"/x", forged...)
	if denied.status != http.StatusUnauthorized || denied.header.Get("WWW-Authenticate") != `Bearer realm="examples"` || denied.body != "who are you?\n" {
		t.Errorf("%s: the client does not get the service's answer: %d, %v, %q", protocol, denied.status, denied.header, denied.body)
	}
	if broken := c.get(t, protocol+"/x", "Authorization", "Bearer broken"); broken.status != http.StatusServiceUnavailable {
		t.Errorf("%s: a service that fails lets through: %d", protocol, broken.status)
	}
}

// authSeesBodies sends bodies as large as may be forwarded, and larger.
func authSeesBodies(t *testing.T, c *client, protocol string) (passed int64) {
	t.Helper()
	for size, want := range map[int]int{1: http.StatusOK, 1024: http.StatusOK, 1025: http.StatusRequestEntityTooLarge, 100_000: http.StatusRequestEntityTooLarge} {
		got := c.send(t, http.MethodPost, protocol+"/x", strings.Repeat("b", size), "Authorization", "Bearer alice")
		if got.status != want {
			t.Errorf("%s: a body of %d bytes is answered %d, want %d", protocol, size, got.status, want)
		}
		if want != http.StatusOK {
			continue
		}
		passed++
		if seen := got.answer.Headers["X-Auth-Body"]; got.answer.Body != int64(size) || !slices.Equal(seen, []string{strconv.Itoa(size)}) {
			t.Errorf("%s: of %d bytes the service got %v, the backend %d", protocol, size, seen, got.answer.Body)
		}
	}
	return passed
}

// authWithoutService takes the service away and brings it back: all the while nobody passes unasked.
func authWithoutService(t *testing.T, s *scene, c *client) (passed int64) {
	t.Helper()
	counted := func(want int) func(reply) string {
		return func(got reply) string {
			switch {
			case got.status == http.StatusOK && slices.Equal(got.answer.Headers["X-User"], []string{"alice"}):
				passed++
			case got.status != http.StatusServiceUnavailable:
				t.Errorf("neither the service's yes nor 503: %d, %s", got.status, got.body)
			}
			return is(want)(got)
		}
	}
	s.kubectl(t, "scale", "deployment/auth", "--replicas=0")
	for _, protocol := range []string{"/http/", "/grpc/"} {
		c.eventually(t, protocol, counted(http.StatusServiceUnavailable), "Authorization", "Bearer alice")
	}
	for range 20 {
		for _, protocol := range []string{"/http/", "/grpc/"} {
			if complaint := counted(http.StatusServiceUnavailable)(c.get(t, protocol, "Authorization", "Bearer alice")); complaint != "" {
				t.Errorf("%s: without a service to ask: %s", protocol, complaint)
			}
		}
		passed++
		if got := c.get(t, "/open/"); got.status != http.StatusOK {
			t.Errorf("a rule without the filter suffers too: %d", got.status)
		}
	}
	s.scale(t, "auth", 1)
	for _, protocol := range []string{"/http/", "/grpc/"} {
		c.eventually(t, protocol, counted(http.StatusOK), "Authorization", "Bearer alice")
	}
	return passed
}
