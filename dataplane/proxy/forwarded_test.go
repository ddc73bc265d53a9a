package proxy_test

import (
	"slices"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

func TestForwardedField(t *testing.T) {
	const six = "PROXY TCP6 2001:db8::1 2001:db8::2 4000 80\r\n"
	front := []string{"127.0.0.0/8", "2001:db8::/32"}
	cases := []struct {
		name, reason string
		off          bool
		trusted      []string
		begin, head  string
		want         []string
	}{
		{"plain", "it is made from the connection", false, nil, "PROXY UNKNOWN\r\n", "Host: a\r\n", []string{"for=127.0.0.1;host=a;proto=http"}},
		{"quoted", "what is no token is quoted", false, nil, six, "Host: a:8080\r\n", []string{`for="[2001:db8::1]";host="a:8080";proto=http`}},
		{
			"replaced", "a client's own word does not count", false, nil, six, "Host: a\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n",
			[]string{`for="[2001:db8::1]";host=a;proto=http`},
		},
		{
			"appended", "a trusted front's does", false, front, six, "Host: a\r\nForwarded: for=1.2.3.4;by=\"_x, y\"\r\nForwarded: for=5.6.7.8\r\nX-Forwarded-Proto: https\r\n",
			[]string{`for=1.2.3.4;by="_x, y", for=5.6.7.8, for="[2001:db8::1]";host=a;proto=https`},
		},
		{
			"translated", "a front that has the older fields alone is understood", false, front, six,
			"Host: a\r\nX-Forwarded-For: 1.2.3.4, 2001:db8:1::1,me\r\n",
			[]string{`for=1.2.3.4, for="[2001:db8:1::1]", for=unknown, for="[2001:db8::1]";host=a;proto=http`},
		},
		{
			"open", "a quote that is left open would hide our own element", false, front, six, "Host: a\r\nForwarded: for=\"1.2.3.4\r\n",
			[]string{`for="[2001:db8::1]";host=a;proto=http`},
		},
		{"off", "who does not ask for it gets none", true, nil, six, "Host: a\r\nForwarded: for=1.2.3.4\r\n", nil},
		{"off, trusted", "but for what a trusted front says", true, front, six, "Host: a\r\nForwarded: for=1.2.3.4\r\n", []string{"for=1.2.3.4"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := frontedSnapshot(t, &config.ProxyProtocol{})
			s.Root.Forwarded, s.Root.TrustedProxies = !c.off, c.trusted
			b := start(t, s)
			_, got := b.speak(c.begin + "GET / HTTP/1.1\r\n" + c.head + "\r\n")
			if !slices.Equal(got.Header.Values("Forwarded"), c.want) {
				t.Fatalf("%s: got %q", c.reason, got.Header.Values("Forwarded"))
			}
		})
	}
}

// TestTraceContextPassesUnchanged keeps what https://www.w3.org/TR/trace-context asks of those who take no part in a trace.
func TestTraceContextPassesUnchanged(t *testing.T) {
	b := start(t, plainSnapshot([]config.Rule{prefixRule("n/r", "/one", "a"), prefixRule("n/r2", "/two", "h2c")}, map[string][]config.Endpoint{
		"a": {backend(t, echo("a"))}, "h2c": {backend(t, echo("h2c"))},
	}))
	const parent, stateOne, stateTwo = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7", "more=1"
	for _, path := range []string{"/one", "/two"} {
		got := b.get("http://a"+path, "traceparent", parent, "tracestate", stateOne, "tracestate", stateTwo).seen(t)
		if got.Header.Get("Traceparent") != parent || !slices.Equal(got.Header.Values("Tracestate"), []string{stateOne, stateTwo}) {
			t.Fatalf("%s: got %v", path, got.Header)
		}
	}
}
