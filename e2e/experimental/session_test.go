package experimental

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/ground"
)

const (
	sessionPods     = 6
	sessionVisitors = 100
	// sessionAge is the absoluteTimeout of examples/experimental/session-persistence.yaml.
	sessionAge = time.Hour
)

// sessionPersistence follows visitors who are known by a cookie and by a header.
func sessionPersistence(t *testing.T, g *ground.Ground) {
	s := open(t, g, "session-persistence")
	s.scale(t, "app", sessionPods)
	for _, by := range []session{{path: "/cookie", take: takeCookie, bring: bringCookie}, {path: "/header", take: takeHeader, bring: bringHeader}} {
		visitors := by.settle(t, s)
		by.losePod(t, s, visitors)
	}
	cookieAttributes(t, s)
	sessionsEnd(t, s)
}

// session is how a visitor is known again.
type session struct {
	path string
	// take is the token that a reply brings, "" for none; bring gives the headers that carry it.
	take  func(reply) string
	bring func(token string) []string
}

func takeCookie(got reply) string {
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Name == "shop" {
			return c.Value
		}
	}
	return ""
}

func bringCookie(token string) []string { return []string{"Cookie", "other=1; shop=" + token} }

func takeHeader(got reply) string       { return got.header.Get("X-Session") }
func bringHeader(token string) []string { return []string{"X-Session", token} }

// visitor is somebody who comes back.
type visitor struct {
	by    session
	token string
	pod   string
	// moves is how often another pod answered than before.
	moves int
}

// visit asks once more and notes who answered.
func (v *visitor) visit(t *testing.T, c *client) {
	t.Helper()
	var headers []string
	if v.token != "" {
		headers = v.by.bring(v.token)
	}
	got := c.get(t, v.by.path, headers...)
	if got.status != http.StatusOK {
		t.Errorf("%s: a visitor of %s got %d, %s", v.by.path, v.pod, got.status, got.body)
		return
	}
	if token := v.by.take(got); token != "" {
		v.token = token
	}
	if v.pod != "" && v.pod != got.answer.Pod {
		v.moves++
	}
	v.pod = got.answer.Pod
}

// settle has visitors come in and stay, over connections that go to one proxy or the other.
func (by session) settle(t *testing.T, s *scene) []*visitor {
	t.Helper()
	var visitors []*visitor
	pods := map[string]int{}
	clients := []*client{s.client(t), s.client(t), s.client(t), s.client(t)}
	for _, c := range clients {
		by.sees(t, s, c)
	}
	for range sessionVisitors {
		v := &visitor{by: by}
		for _, c := range clients {
			v.visit(t, c)
		}
		if v.moves != 0 || v.token == "" {
			t.Errorf("%s: a visitor with the token %q moved %d times in %d visits", by.path, v.token, v.moves, len(clients))
		}
		pods[v.pod]++
		visitors = append(visitors, v)
	}
	if len(pods) != sessionPods {
		t.Errorf("%s: visitors settled on %d of %d pods: %v", by.path, len(pods), sessionPods, pods)
	}
	return visitors
}

// sees waits until every pod answers a client without a session: then the proxy that it is connected to knows them all.
func (by session) sees(t *testing.T, s *scene, c *client) {
	t.Helper()
	missing := strings.Fields(s.kubectl(t, "get", "pods", "-l", "app=app", "-o", "jsonpath={.items[*].metadata.name}"))
	if len(missing) != sessionPods {
		t.Fatalf("the pods are %v, want %d", missing, sessionPods)
	}
	deadline := time.Now().Add(patience)
	for len(missing) > 0 {
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v never answered", by.path, missing)
		}
		got, err := c.try(t.Context(), http.MethodGet, by.path, "")
		if err == nil && got.status == http.StatusOK {
			missing = without(missing, []string{got.answer.Pod})
			continue
		}
		time.Sleep(50 * time.Millisecond) // the route is not there yet
	}
}

// losePod deletes a pod while its visitors and the others come back all the time: none sees an error, those of the pod
// move once and stay there, and nobody else moves.
func (by session) losePod(t *testing.T, s *scene, visitors []*visitor) {
	t.Helper()
	lost := visitors[0].pod
	var theirs int
	was := map[*visitor]string{}
	for _, v := range visitors {
		was[v] = v.pod
		if v.pod == lost {
			theirs++
		}
	}
	gone := make(chan error, 1)
	go func() {
		_, err := s.Kubectl(t.Context(), nil, "-n", s.namespace, "delete", "pod", lost, "--timeout="+patience.String())
		gone <- err
	}()
	c := s.client(t)
	for done := false; !done; {
		select {
		case err := <-gone:
			if err != nil {
				t.Fatal(err)
			}
			done = true // once more, now that it is gone
		default:
		}
		for _, v := range visitors {
			v.visit(t, c)
		}
	}
	s.kubectl(t, "rollout", "status", "deployment/app", "--timeout="+patience.String())
	for _, v := range visitors {
		v.visit(t, c)
		want := 0
		if was[v] == lost {
			want = 1
		}
		if v.moves != want || v.pod == lost {
			t.Errorf("%s: a visitor of %s moved %d times while %s went, want %d", by.path, was[v], v.moves, lost, want)
		}
	}
	t.Logf("%s: %d of %d visitors moved when %s went", by.path, theirs, len(visitors), lost)
}

// cookieAttributes looks at the cookie as a browser would.
func cookieAttributes(t *testing.T, s *scene) {
	t.Helper()
	got := s.client(t).get(t, "/cookie")
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		if c.Name == "shop" && c.Path == "/cookie" && c.HttpOnly && !c.Secure && c.MaxAge == int(sessionAge.Seconds()) {
			return
		}
	}
	t.Errorf("not the cookie that was asked for: %v", got.header["Set-Cookie"])
}

// sessionsEnd shortens the sessions and waits for the end of one, which is in use all the while.
func sessionsEnd(t *testing.T, s *scene) {
	t.Helper()
	const short = 3 * time.Second
	s.kubectl(t, "patch", "httproute", "app", "--type=json", "-p",
		`[{"op": "replace", "path": "/spec/rules/0/sessionPersistence/absoluteTimeout", "value": "`+short.String()+`"}]`)
	c := s.client(t)
	begun := time.Now()
	first := c.eventually(t, "/cookie", func(got reply) string {
		for _, cookie := range (&http.Response{Header: got.header}).Cookies() {
			if cookie.MaxAge == int(short.Seconds()) {
				return ""
			}
		}
		begun = time.Now() // the session with the short life begins later than now
		return "its cookie lives longer"
	})
	c.eventually(t, "/cookie", func(got reply) string {
		if takeCookie(got) == "" {
			return "the session goes on"
		}
		return ""
	}, bringCookie(takeCookie(first))...)
	if lasted := time.Since(begun); lasted < short {
		t.Errorf("the session lasted %s, want %s at least", lasted, short)
	}
}
