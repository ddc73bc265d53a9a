package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/bench/measure"
)

// handshakes makes a connection of TLS 1.3 for each request, without resumption.
func handshakes(ctx context.Context, options Options) Result {
	h := &handshaker{
		Options: options, started: time.Now(),
		dialer: tls.Dialer{
			NetDialer: &net.Dialer{Timeout: grace},
			Config: &tls.Config{
				ServerName: options.Host, MinVersion: tls.VersionTLS13, NextProtos: []string{"http/1.1"},
				// The one group that all peers have: no peer pays for another one.
				CurvePreferences:   []tls.CurveID{tls.X25519},
				InsecureSkipVerify: true, //nolint:gosec // the certificate is the harness's own; the signature is checked all the same
			},
		},
	}
	var workers sync.WaitGroup
	for range options.Connections {
		workers.Go(func() { h.work(ctx) })
	}
	workers.Wait()
	h.result.setLatencies(&h.latencies)
	return h.result
}

type handshaker struct {
	Options

	started   time.Time
	dialer    tls.Dialer
	mutex     sync.Mutex
	latencies measure.Histogram
	result    Result
}

func (h *handshaker) work(ctx context.Context) {
	for end := h.started.Add(h.Warmup + h.Duration); ; {
		begin := time.Now()
		if begin.After(end) || ctx.Err() != nil {
			return
		}
		h.note(begin, h.visit(ctx))
	}
}

func (h *handshaker) note(begin time.Time, err error) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if err != nil {
		if h.result.Errors == 0 {
			h.result.First = err.Error()
		}
		h.result.Errors++
		return
	}
	h.result.Done++
	if begin.Sub(h.started) >= h.Warmup {
		h.latencies.Add(time.Since(begin))
	}
}

var (
	errResumed = errors.New("the session was resumed")
	errAnswer  = errors.New("not the answer that was wanted")
)

func (h *handshaker) visit(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	conn, err := h.dialer.DialContext(ctx, "tcp", h.Address.String())
	if err != nil {
		return fmt.Errorf("handshake: %w", err)
	}
	defer conn.Close()
	if secure, ok := conn.(*tls.Conn); ok && secure.ConnectionState().DidResume {
		return errResumed
	}
	_ = conn.SetDeadline(time.Now().Add(grace)) // an error shows when it is used
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", h.Path, h.Host); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	text, err := io.ReadAll(conn)
	if err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	var a answer
	if taken, over, err := a.read(text, "200"); err != nil || !over || taken != len(text) {
		return fmt.Errorf("%w: %.80q", errAnswer, strings.TrimSpace(string(text)))
	}
	return nil
}
