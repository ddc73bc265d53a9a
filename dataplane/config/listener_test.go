package config_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// TestRootsOfBeforeStayAsTheyWere keeps that what nobody asks for has no bytes, so that neither side of an update sees a change.
func TestRootsOfBeforeStayAsTheyWere(t *testing.T) {
	const before = `{"version":1,"gateway":"n/gw","generation":3,"listeners":[` +
		`{"name":"plain","port":80,"protocol":"HTTP"},` +
		`{"name":"secure","port":443,"protocol":"HTTPS","hostname":"a.org","tls":{"secrets":["n/a"]}}],"chunks":2}`
	var root config.Root
	if err := json.Unmarshal([]byte(before), &root); err != nil {
		t.Fatal(err)
	}
	empty := root
	empty.Listeners = append([]config.Listener(nil), root.Listeners...)
	empty.Listeners[1].TLS = &config.TLS{Secrets: []string{"n/a"}, Options: config.TLSOptions{CipherSuites: []string{}, ALPN: []string{}}}
	for name, value := range map[string]config.Root{"as read": root, "with empty lists": empty} {
		if got, err := json.Marshal(value); err != nil || string(got) != before {
			t.Fatalf("%s: got %s, %v", name, got, err)
		}
	}
}

func TestListenersAreReadBack(t *testing.T) {
	root := config.Root{
		Version: config.Version, Gateway: "n/gw", Forwarded: true,
		Listeners: []config.Listener{
			{Name: "passed", Port: 443, Protocol: config.TLSProtocol, Hostname: "p.org", TLS: &config.TLS{Secrets: []string{}, Passthrough: true}},
			{
				Name: "web", Port: 443, Protocol: config.HTTPS, ProxyProtocol: &config.ProxyProtocol{From: []string{"10.0.0.0/8"}},
				TLS: &config.TLS{
					Secrets:    []string{"n/a"},
					Options:    config.TLSOptions{MinVersion: "1.2", MaxVersion: "1.3", CipherSuites: []string{"x"}, ALPN: []string{"h2"}},
					ClientAuth: config.ClientAuth{Mode: config.ClientAuthRequired, CA: "pem"},
				},
			},
			{Name: "any", Port: 80, Protocol: config.HTTP, ProxyProtocol: &config.ProxyProtocol{}},
			{Name: "judged", Port: 81, Protocol: config.HTTP, Filters: []config.ListenerFilter{
				{Auth: &config.Auth{GRPC: true, Pool: "n/auth:80", MaxBody: 9, RequestHeaders: []string{"cookie"}}}, {Broken: "no such Service"},
			}},
		},
		Pools: []config.Pool{{Key: "n/auth:80", Namespace: "n", Service: "auth", Port: 80, TLS: &config.BackendTLS{Hostname: "a.org"}}},
	}
	data, sum, err := config.Encode(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := config.Decode[config.Root](data, sum)
	if err != nil || !reflect.DeepEqual(got, root) {
		t.Fatalf("got %+v, %v", got, err)
	}
}
