// Command nethttp is the baseline of a benchmark: httputil.ReverseProxy on net/http, as one would
// write a proxy with the standard library, with a pool of connections that is large enough.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	listen, backend, certificate, key, accessLog string
	h2c                                          bool
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "", "address to listen on")
	flag.StringVar(&o.backend, "backend", "", "address of the backend")
	flag.StringVar(&o.certificate, "certificate", "", "certificate file, for TLS")
	flag.StringVar(&o.key, "key", "", "key file")
	flag.StringVar(&o.accessLog, "access-log", "", "file of the access log")
	flag.BoolVar(&o.h2c, "h2c", false, "HTTP/2 without TLS on both sides")
	flag.Parse()
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "nethttp:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	handler, err := withLog(newProxy(o), o.accessLog)
	if err != nil {
		return err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Addr: o.listen, Handler: handler, Protocols: protocols, ReadHeaderTimeout: 10 * time.Second}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if o.certificate != "" {
		err = server.ListenAndServeTLS(o.certificate, o.key)
	} else {
		err = server.ListenAndServe()
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func newProxy(o options) http.Handler {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!o.h2c)
	protocols.SetUnencryptedHTTP2(o.h2c)
	target := &url.URL{Scheme: "http", Host: o.backend}
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		Transport: &http.Transport{Protocols: protocols, DisableCompression: true, MaxIdleConnsPerHost: 2048, IdleConnTimeout: time.Minute},
		ErrorLog:  log.New(os.Stderr, "", 0),
	}
}

// withLog writes a line for each request.
func withLog(next http.Handler, path string) (http.Handler, error) {
	if path == "" {
		return next, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		next.ServeHTTP(w, r)
		fmt.Fprintf(file, "%s %s %s %q %q %v\n", start.Format(time.RFC3339), r.RemoteAddr, r.Method, r.Host, r.URL.Path, time.Since(start))
	}), nil
}
