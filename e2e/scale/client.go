package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fleetgate/fleetgate/e2e/testbed/pki"
)

const requestTimeout = 10 * time.Second

// newHTTP is a client that reaches the Gateway whatever the host in the URL. With fresh each request has a connection of
// its own, whose certificate has to be trusted; else connections stay, and TLS speaks HTTP/2.
func (s *stand) newHTTP(fresh bool) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.authority.Cert)
	return &http.Client{
		Timeout: requestTimeout,
		Transport: &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
			DisableKeepAlives: fresh, ForceAttemptHTTP2: !fresh, MaxIdleConnsPerHost: workers,
			DialContext: func(ctx context.Context, network, target string) (net.Conn, error) {
				_, port, err := net.SplitHostPort(target)
				if err != nil {
					return nil, err
				}
				return (&net.Dialer{}).DialContext(ctx, network, net.JoinHostPort(s.address, port))
			},
		},
	}
}

// get sends a request and reads the whole answer; it returns the status.
func get(ctx context.Context, c *http.Client, url string) (int, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	response, err := c.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, fmt.Errorf("reading the body: %w", err)
	}
	return response.StatusCode, nil
}

// rotate gives the TLS listener a new certificate of the same authority.
func (s *stand) rotate(ctx context.Context) error {
	pair, err := s.authority.Issue(pki.Request{CommonName: "web", DNSNames: []string{"*.example.com"}})
	if err != nil {
		return err
	}
	secret := &corev1.Secret{ObjectMeta: object("web")}
	data := map[string][]byte{corev1.TLSCertKey: pair.Cert, corev1.TLSPrivateKeyKey: pair.Key}
	if err := s.Get(ctx, client.ObjectKeyFromObject(secret), secret); err != nil {
		if client.IgnoreNotFound(err) != nil {
			return err
		}
		secret.Type, secret.Data = corev1.SecretTypeTLS, data
		return s.Create(ctx, secret)
	}
	secret.Data = data
	return s.Update(ctx, secret)
}
