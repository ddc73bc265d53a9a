package ir_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fleetgate/fleetgate/internal/ir"
)

func TestLastGood(t *testing.T) {
	good, spoilt, never := ir.Certificate{Secret: "n/good"}, ir.Certificate{Secret: "n/spoilt", Spoilt: true}, ir.Certificate{Secret: "n/never", Spoilt: true}
	for _, c := range []struct {
		name, reason string
		port         ir.FrontPort
		want         string
	}{
		{"plain", "a port without TLS has no certificate to lose", ir.FrontPort{Port: 80}, "80 []"},
		{"good", "what can be read is served", ir.FrontPort{Port: 443, Certificates: []ir.Certificate{good}}, "443 [n/good]"},
		{"spoilt beside good", "the first is the default, and stays it", ir.FrontPort{Port: 443, Certificates: []ir.Certificate{spoilt, good}}, "443 [n/spoilt n/good]"},
		{"never good beside good", "there is nothing to go on with", ir.FrontPort{Port: 443, Certificates: []ir.Certificate{never, good}}, "443 [n/good]"},
		{
			"never good beside one that is found", "a listener of the port serves without Secrets",
			ir.FrontPort{Port: 443, Certificates: []ir.Certificate{never}, DiscoverHostnames: []ir.DiscoverHostname{{Listener: "l", Hostname: "h"}}},
			"443 []",
		},
		{"spoilt", "the port goes on", ir.FrontPort{Port: 443, Spoilt: true, Certificates: []ir.Certificate{never, spoilt}}, "443 [n/spoilt]"},
		{"never good", "a listener is not made for what was never good", ir.FrontPort{Port: 443, Spoilt: true, Certificates: []ir.Certificate{never}}, ""},
	} {
		before := slices.Clone(c.port.Certificates)
		front := ir.Front{Ports: []ir.FrontPort{c.port}}
		got := ""
		for _, port := range front.LastGood(func(secret string) bool { return secret == "n/spoilt" }).Ports {
			names := []string{}
			for _, certificate := range port.Certificates {
				names = append(names, certificate.Secret)
			}
			got += fmt.Sprint(port.Port, " ", names)
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q: %s", c.name, got, c.want, c.reason)
		}
		if fmt.Sprint(before) != fmt.Sprint(front.Ports[0].Certificates) {
			t.Errorf("%s: the front was changed", c.name)
		}
	}
}
