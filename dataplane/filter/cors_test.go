package filter_test

import (
	"net/textproto"
	"reflect"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/filter"
)

func TestOrigins(t *testing.T) {
	cases := []struct {
		reason, origin string
		allowed        []string
		want           bool
	}{
		{"exact", "https://a.org", []string{"https://b.org", "https://a.org"}, true},
		{"another scheme", "http://a.org", []string{"https://a.org"}, false},
		{"case does not matter", "HTTPS://A.org", []string{"https://a.ORG"}, true},
		{"a port that goes without saying", "https://a.org:443", []string{"https://a.org"}, true},
		{"said by the configuration", "http://a.org", []string{"http://a.org:80"}, true},
		{"another port", "https://a.org:8443", []string{"https://a.org"}, false},
		{"the same port", "https://a.org:8443", []string{"https://a.org:8443"}, true},
		{"a label", "https://www.bar.com", []string{"https://*.bar.com"}, true},
		{"labels", "https://a.www.bar.com", []string{"https://*.bar.com"}, true},
		{"no label", "https://bar.com", []string{"https://*.bar.com"}, false},
		{"an empty label", "https://.bar.com", []string{"https://*.bar.com"}, false},
		{"another domain that ends so", "https://foobar.com", []string{"https://*.bar.com"}, false},
		{"no hostname", "https://evil.org/.bar.com", []string{"https://*.bar.com"}, false},
		{"a user", "https://evil.org:a@x.bar.com", []string{"https://*.bar.com"}, false},
		{"a wildcard is not for ports", "https://a.bar.com:1", []string{"https://*.bar.com"}, false},
		{"all hosts of a scheme", "https://a.org", []string{"https://*"}, true},
		{"with their default port", "https://a.org:1", []string{"https://*"}, false},
		{"a port of all hosts", "https://a.org:1", []string{"https://*:1"}, true},
		{"any", "null", []string{"*"}, true},
		{"none is no origin", "", []string{"*"}, false},
		{"nobody is allowed", "https://a.org", nil, false},
	}
	for _, c := range cases {
		if got := filter.NewCORS(&config.CORS{Origins: c.allowed}).Allows(c.origin); got != c.want {
			t.Errorf("%s: %q by %q: got %v", c.reason, c.origin, c.allowed, got)
		}
	}
}

func TestPreflight(t *testing.T) {
	all := []string{"*"}
	cases := []struct {
		name string
		cors config.CORS
		want textproto.MIMEHeader
	}{
		{
			"lists",
			config.CORS{Origins: []string{"https://a.org"}, Methods: []string{"GET", "PUT"}, Headers: []string{"x-a", "x-b"}, Expose: []string{"x-c"}, Credentials: true, MaxAge: 5},
			textproto.MIMEHeader{
				"Vary": {"Origin"}, "Access-Control-Allow-Origin": {"https://a.org"}, "Access-Control-Allow-Methods": {"GET, PUT"}, "Access-Control-Allow-Headers": {"x-a, x-b"},
				"Access-Control-Expose-Headers": {"x-c"}, "Access-Control-Allow-Credentials": {"true"}, "Access-Control-Max-Age": {"5"},
			},
		},
		{"refused", config.CORS{Origins: []string{"https://b.org"}, Methods: []string{"GET"}, Credentials: true}, textproto.MIMEHeader{"Vary": {"Origin"}}},
		{
			"any",
			config.CORS{Origins: all, Methods: all, Headers: all, Expose: all},
			textproto.MIMEHeader{
				"Vary": {"Access-Control-Request-Headers"}, "Access-Control-Allow-Origin": {"*"}, "Access-Control-Allow-Methods": {"*"},
				"Access-Control-Allow-Headers": {"x-1, x-2"}, "Access-Control-Expose-Headers": {"*"},
			},
		},
		{
			"any with credentials",
			config.CORS{Origins: all, Methods: all, Headers: all, Expose: all, Credentials: true},
			textproto.MIMEHeader{
				"Vary": {"Origin", "Access-Control-Request-Method", "Access-Control-Request-Headers"}, "Access-Control-Allow-Origin": {"https://a.org"},
				"Access-Control-Allow-Methods": {"PUT"}, "Access-Control-Allow-Headers": {"x-1, x-2"}, "Access-Control-Allow-Credentials": {"true"},
			},
		},
	}
	for _, c := range cases {
		got := textproto.MIMEHeader{}
		filter.NewCORS(&c.cors).Preflight(got, "https://a.org", "PUT", "x-1, x-2")
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}
