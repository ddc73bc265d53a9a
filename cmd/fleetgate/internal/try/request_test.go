package try

import (
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

func one(t *testing.T, rule config.Rule) Request {
	t.Helper()
	rule.Route = "shop/front"
	all := All(ir.IR{
		Gateways: []*ir.Gateway{{
			Namespace: "infra", Name: "gw",
			Listeners: []ir.Listener{{Name: "web", Port: 443, Protocol: "HTTPS", Serves: true}},
		}},
		Routes: ir.RoutesOf([]*ir.Route{{
			Kind:      ir.HTTPRoute,
			Namespace: "shop", Name: "front",
			Gateways: []ir.RouteGateway{{
				Gateway: "infra/gw", Hosts: []ir.RouteHost{{Listener: "web", Hostname: "*.shop.example"}}, Rules: []config.Rule{rule},
			}},
		}}),
	})
	if len(all) != 1 {
		t.Fatalf("%d requests: %+v", len(all), all)
	}
	return all[0]
}

func TestRequestsShowTheirRule(t *testing.T) {
	everything := []config.Match{{PathKind: config.PathPrefix, Path: "/pay"}}
	for _, c := range []struct {
		name        string
		rule        config.Rule
		title, curl string
	}{
		{
			"a canary is asked often and its answers counted",
			config.Rule{Matches: everything, Backends: []config.Backend{{Pool: "shop/a:80", Weight: 90}, {Pool: "shop/b:80", Weight: 10}}},
			"shop/front, /pay → a (weight 90), b (weight 10)",
			`for i in $(seq 100); do curl -sS --cacert ca.pem --resolve demo.shop.example:443:127.0.0.9 https://demo.shop.example/pay; done | grep -o '"service":"[^"]*"' | sort | uniq -c`,
		},
		{
			"a header's expression gets a value that it matches",
			config.Rule{
				Matches:  []config.Match{{PathKind: config.PathPrefix, Path: "/", Headers: []config.ValueMatch{{Name: "user-agent", Value: ".*Mobile.*", Regex: true}}}},
				Backends: []config.Backend{{Pool: "shop/mobile:80", Weight: 1}},
			},
			"shop/front, /, user-agent: Mobile → mobile",
			`curl -sS --cacert ca.pem --resolve demo.shop.example:443:127.0.0.9 -H 'user-agent: Mobile' https://demo.shop.example/`,
		},
		{
			"a retry is provoked",
			config.Rule{Matches: everything, Retry: &config.Retry{Attempts: 3}, Backends: []config.Backend{{Pool: "shop/p:80", Weight: 1}}},
			"shop/front, /pay → p, the first 2 attempts fail and are tried again",
			`curl -sS --cacert ca.pem --resolve demo.shop.example:443:127.0.0.9 -H 'X-Fail-Times: 2' -H "X-Request-Id: $RANDOM-$RANDOM" https://demo.shop.example/pay`,
		},
		{
			"another team's backend is named with its namespace",
			config.Rule{Matches: everything, Backends: []config.Backend{{Pool: "back/b:80", Weight: 1}}},
			"shop/front, /pay → b of namespace back",
			`curl -sS --cacert ca.pem --resolve demo.shop.example:443:127.0.0.9 https://demo.shop.example/pay`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := one(t, c.rule)
			if got.Title != c.title {
				t.Errorf("title %q, want %q", got.Title, c.title)
			}
			if line := got.Line("127.0.0.9", "ca.pem"); line != c.curl {
				t.Errorf("line\n%s\nwant\n%s", line, c.curl)
			}
		})
	}
}

func TestSampleIsMatchedOrNotGiven(t *testing.T) {
	for expression, want := range map[string]string{
		".*Mobile.*": "Mobile", "^v[0-9]+$": "v1", "a|b": "a", "(?i)beta": "beta", "[": "", `\p{Greek}{7}`: "",
	} {
		if got, ok := sample(expression); got != want || ok != (want != "") {
			t.Errorf("sample(%q) = %q, %v; want %q", expression, got, ok, want)
		}
	}
}
