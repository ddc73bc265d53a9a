package peer

import (
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

func environment(t *testing.T) *Environment {
	t.Helper()
	return &Environment{
		Programs: "/programs", Dir: t.TempDir(), CPUs: "0",
		HTTP: netip.MustParseAddrPort("127.0.0.1:8081"), GRPC: netip.MustParseAddrPort("127.0.0.1:8082"),
	}
}

func TestConfigurations(t *testing.T) {
	for _, c := range []struct {
		name, reason string
		file         string
		setup        Setup
		want, lacks  []string
	}{
		{
			name: "nginx", reason: "tuned, with connections to the backend kept", file: "nginx.conf",
			want:  []string{"worker_processes 1;", "access_log off;", "keepalive 128;", "server 127.0.0.1:8081;", `proxy_set_header Connection "";`, "X-Request-Id $request_id"},
			lacks: []string{"ssl", "http2", "grpc_pass", "<no value>"},
		},
		{
			name: "nginx, lean", reason: "nothing is told that need not be", file: "nginx.conf", setup: Setup{Lean: true},
			want: []string{"proxy_pass"}, lacks: []string{"X-"},
		},
		{
			name: "nginx, TLS", reason: "1.3 and HTTP/2", file: "nginx.conf", setup: Setup{TLS: true},
			want: []string{" ssl http2;", "ssl_protocols TLSv1.3;", "/certificate.pem;"},
		},
		{
			name: "nginx, calls", reason: "HTTP/2 on both sides", file: "nginx.conf", setup: Setup{GRPC: true},
			want: []string{" http2;", "grpc_pass grpc://backend;", "server 127.0.0.1:8082;", "grpc_set_header X-Forwarded-For"}, lacks: []string{"proxy_pass"},
		},
		{
			name: "nginx, WebSocket", reason: "upgrades are passed on, with the other fields", file: "nginx.conf", setup: Setup{WebSocket: true},
			want: []string{"location = /ws", "proxy_set_header Upgrade $http_upgrade;"},
		},
		{
			name: "nginx, hosts", reason: "a server each", file: "nginx.conf", setup: Setup{Hosts: 3, Workers: 2},
			want: []string{"worker_processes 2;", "server_name host-000000.bench.example;", "server_name host-000002.bench.example;"},
		},
		{
			name: "nginx, paths", reason: "a location each", file: "nginx.conf", setup: Setup{Paths: 3},
			want: []string{"location /path-000002/ {"}, lacks: []string{"location / {"},
		},
		{
			name: "nginx, log", reason: "buffered, as ours is", file: "nginx.conf", setup: Setup{AccessLog: true},
			want: []string{"/access.log combined buffer="}, lacks: []string{"access_log off"},
		},
		{
			name: "haproxy", reason: "tuned, with connections to the backend shared", file: "haproxy.cfg",
			want:  []string{"nbthread 1", "http-reuse always", "no log", "server backend 127.0.0.1:8081 ", "map("},
			lacks: []string{"ssl", "proto h2", "<no value>", "map_beg"},
		},
		{
			name: "haproxy, all", reason: "what nginx is told too", file: "haproxy.cfg", setup: Setup{TLS: true, Paths: 2, AccessLog: true, LargeBodies: true},
			want: []string{"ssl crt", "alpn h2,http/1.1", "X-Forwarded-Proto https", "map_beg(", "log fd@1", "tune.bufsize"},
		},
		{
			name: "haproxy, calls", reason: "HTTP/2 on both sides", file: "haproxy.cfg", setup: Setup{GRPC: true},
			want: []string{" proto h2\n", "127.0.0.1:8082 proto h2"},
		},
		{
			name: "traefik", reason: "tuned, with nothing said of the machine and nothing logged", file: "traefik.yml",
			want: []string{
				`address: "127.0.0.1:`, "checkNewVersion: false", "sendAnonymousUsage: false", "accessLogs: false", "metrics: false", "tracing: false",
				`filename: "/dir/traefik-routes.yml"`, "idleTimeout: 1h",
			},
			lacks: []string{"api:", "accessLog:", "<no value>"},
		},
		{
			name: "traefik, hosts", reason: "a router each, the last one tried last", file: "traefik-routes.yml", setup: Setup{Hosts: 3},
			want: []string{
				"route-0:\n      rule: \"Host(`host-000000.bench.example`)\"\n      priority: 3\n", "rule: \"Host(`host-000002.bench.example`)\"\n      priority: 1\n",
				`url: "http://127.0.0.1:8081"`, "maxIdleConnsPerHost: 1024", "idleConnTimeout: 1h",
			},
			lacks: []string{"PathPrefix", "<no value>"},
		},
		{
			name: "traefik, paths", reason: "a router each, all of one host", file: "traefik-routes.yml", setup: Setup{Paths: 3},
			want: []string{
				"rule: \"Host(`host-000000.bench.example`) && PathPrefix(`/path-000000/`)\"\n      priority: 3\n",
				"PathPrefix(`/path-000002/`)\"\n      priority: 1\n",
			},
			lacks: []string{"Host(`host-000000.bench.example`)\"\n"},
		},
	} {
		p, err := environment(t).plan(c.setup, "/dir")
		if err != nil {
			t.Fatal(err)
		}
		text, err := p.render(c.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range c.want {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: lacks %q: %s\n%s", c.name, want, c.reason, text)
			}
		}
		for _, lacks := range c.lacks {
			if strings.Contains(string(text), lacks) {
				t.Errorf("%s: has %q: %s\n%s", c.name, lacks, c.reason, text)
			}
		}
	}
}

func TestRoutesOfHAProxy(t *testing.T) {
	dir := t.TempDir()
	p, err := environment(t).plan(Setup{Paths: 2}, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.writeHAProxy(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(dir + "/routes.map")
	if err != nil || string(text) != "/path-000000/ backend\n/path-000001/ backend\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestCommands(t *testing.T) {
	e := environment(t)
	e.Profile = "cpu.prof"
	p, err := e.plan(Setup{TLS: true, Hosts: 1000, AccessLog: true}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[Kind][]string{
		Ours:    {"/programs/fleetgate", "1000", "-certificate", "-access-log", "cpu.prof"},
		NetHTTP: {"/programs/nethttp", "-key", "127.0.0.1:8081"},
		Nginx:   {"nginx", p.Dir + "/nginx.conf"},
		HAProxy: {"haproxy", p.Dir + "/haproxy.cfg"},
		Traefik: {"/programs/traefik", "--configFile=" + p.Dir + "/traefik.yml"},
	} {
		got, err := e.command(kind, &p)
		for _, argument := range want {
			if err != nil || !slices.Contains(got, argument) {
				t.Errorf("%s: %v, %v lacks %s", kind, got, err, argument)
			}
		}
	}
	if _, err := e.command("none", &p); err == nil {
		t.Error("there is no such proxy")
	}
	if got := Pinned("0", []string{"x"}); !slices.Equal(got, []string{"taskset", "-c", "0", "x"}) {
		t.Errorf("%v", got)
	}
}

func TestFailedStart(t *testing.T) {
	e := environment(t)
	e.CPUs, e.Programs = "", "/bin"
	if err := os.WriteFile(e.Dir+"/nethttp", []byte("#!/bin/sh\necho 'panic: no' >&2\nexit 3\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	e.Programs = e.Dir
	if _, err := e.Start(t.Context(), NetHTTP, Setup{TLS: true}); err == nil || !strings.Contains(err.Error(), "panic: no") {
		t.Errorf("%v: a proxy that ends says why", err)
	}
}
