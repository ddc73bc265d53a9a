package peer

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Has says whether a proxy that is built only when it is asked for is there: Traefik. Others count as there.
func (e *Environment) Has(kind Kind) bool {
	if kind != Traefik {
		return true
	}
	_, err := os.Stat(e.Program(kind))
	return err == nil
}

// Program is the path of a proxy that is among our own programs.
func (e *Environment) Program(kind Kind) string { return filepath.Join(e.Programs, string(kind)) }

// writeTraefik writes the configuration of the process and that of the routes.
func (p *plan) writeTraefik() error {
	if err := p.write("traefik.yml"); err != nil {
		return err
	}
	return p.write("traefik-routes.yml")
}

// Priority is that of the i-th route of a table, from 0: the first has the highest, the last has 1.
func (p *plan) Priority(i int) int { return max(len(p.Hosts), len(p.Paths)) - i }

// lastRoute is the host and the path of a request that only the last route of the table takes.
func (p *plan) lastRoute() (host, path string) {
	host, path = p.Hosts[len(p.Hosts)-1], "/"
	if len(p.Paths) > 0 {
		path = p.Paths[len(p.Paths)-1] + "/"
	}
	return host, path + "1k"
}

// awaitRoutes waits until a proxy that accepts connections before it has routes has them: until it no
// longer answers that there is no such route.
func (p *Process) awaitRoutes(ctx context.Context, host, path string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errTimeout)
	defer cancel()
	for {
		status, err := statusLine(ctx, p.Address, host, path)
		if err == nil && !strings.Contains(status, " 404 ") {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s has no routes: %q, %v: %w: %s", p.Kind, status, err, context.Cause(ctx), p.Messages()) //nolint:errorlint // the cause is the error
		case <-p.done:
			return fmt.Errorf("%s ended: %w: %s", p.Kind, p.failed, p.Messages())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// statusLine asks on a connection of its own and gives the first line of the answer.
func statusLine(ctx context.Context, address netip.AddrPort, host, path string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp4", address.String())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}
