// Command proxy serves the listeners of one Gateway in one cluster.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/rest"

	"github.com/fleetgate/fleetgate/cmd/leaks"
	"github.com/fleetgate/fleetgate/dataplane/admin"
	"github.com/fleetgate/fleetgate/dataplane/heap"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
	"github.com/fleetgate/fleetgate/dataplane/source"
)

type flags struct {
	name, namespace, pod, admin, accessLog, api string
	drainWait, drainTimeout, idleTimeout        time.Duration
	sessionTimeout                              time.Duration
	maxSessions                                 int
}

func main() {
	var f flags
	flag.StringVar(&f.name, "name", "", "name of the proxy Deployment: the value of the label that its ProxyConfigs have")
	flag.StringVar(&f.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "namespace of the proxy")
	flag.StringVar(&f.pod, "pod-name", os.Getenv("POD_NAME"), "name of this pod")
	flag.StringVar(&f.admin, "admin-addr", ":15021", "address of /ready, /live, /metrics and /config")
	flag.StringVar(&f.accessLog, "access-log", "stdout", "where requests are logged: stdout, stderr, off, or a file")
	flag.StringVar(&f.api, "api-server", "", "URL of an API server that asks for no credentials, such as kubectl proxy; default that of the pod's ServiceAccount")
	flag.DurationVar(&f.drainWait, "drain-wait", 20*time.Second, "how long to go on serving after SIGTERM; longer than the front takes to stop sending")
	flag.DurationVar(&f.drainTimeout, "drain-timeout", 30*time.Second, "how long requests in flight may take after that")
	flag.DurationVar(&f.idleTimeout, "idle-timeout", 90*time.Second, "how long a client connection may be idle; longer than the front's idle timeout")
	flag.DurationVar(&f.sessionTimeout, "udp-session-timeout", 2*time.Minute, "how long a session of UDP may be silent on both sides")
	flag.IntVar(&f.maxSessions, "max-udp-sessions", 16384, "how many sessions of UDP there may be, on all ports; each takes a local port and a descriptor")
	flag.Parse()
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	if err := errors.Join(run(f, logger), leaks.Check()); err != nil {
		logger.Error("proxy failed", "error", err)
		os.Exit(1)
	}
}

func run(f flags, logger *slog.Logger) error {
	log, err := openLog(f.accessLog)
	if err != nil {
		return err
	}
	metrics := admin.NewMetrics()
	p := proxy.New(proxy.Options{
		IdleTimeout: f.idleTimeout, DrainWait: f.drainWait, DrainTimeout: f.drainTimeout,
		SessionTimeout: f.sessionTimeout, MaxSessions: f.maxSessions,
		AccessLog: log, Observer: metrics, Log: logger,
	})
	keeper := heap.New(func() bool { return p.Connections()+p.Sessions() > 0 })
	defer keeper.Close()
	follow, err := source.New(source.Options{
		Config: apiServer(f.api), Name: f.name, Namespace: f.namespace, Pod: f.pod, Log: logger,
		Apply: func(s proxy.Snapshot) error { defer keeper.Built(); return p.Apply(s) },
	})
	if err != nil {
		return err
	}
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", f.admin)
	if err != nil {
		return fmt.Errorf("admin port: %w", err)
	}
	return serve(p, follow, listener, admin.Handler(admin.Options{Ready: p.Ready, Dump: p.Dump, Metrics: metrics}))
}

// serve runs until SIGTERM and through the drain. The source goes on meanwhile, because endpoints
// change while the front still sends; a second signal ends it all at once.
func serve(p *proxy.Proxy, follow *source.Source, listener net.Listener, handler http.Handler) error {
	signals, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(signals, stop)
	background, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { follow.Run(background); ended <- nil }()
	go func() { ended <- admin.Serve(background, listener, handler) }()
	err := p.Run(signals)
	cancel()
	for range cap(ended) {
		if failed := <-ended; failed != nil {
			err = failed
		}
	}
	return err
}

// apiServer is where configuration comes from; nil for the pod's own.
func apiServer(url string) *rest.Config {
	if url == "" {
		return nil
	}
	return &rest.Config{Host: url}
}

func openLog(where string) (io.Writer, error) {
	switch where {
	case "off", "":
		return nil, nil
	case "stdout":
		return os.Stdout, nil
	case "stderr":
		return os.Stderr, nil
	}
	file, err := os.OpenFile(where, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	return file, nil
}
