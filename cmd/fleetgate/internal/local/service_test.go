package local_test

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/local"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

const serviceExample = "../../../../examples/service"

func TestTheServiceExampleIsAnswered(t *testing.T) {
	for i, c := range []struct {
		mode    local.Mode
		members []string
	}{
		{local.Emulator, []string{"local"}},
		{local.Emulator, []string{"east", "west"}},
		{local.Plain, []string{"local"}},
	} {
		t.Run(string(c.mode)+" "+strings.Join(c.members, " and "), func(t *testing.T) {
			t.Parallel()
			r := start(t, local.Options{Path: serviceExample, Mode: c.mode, Members: c.members, Listen: loopback(10 + i)})
			if len(r.report.Rows)+len(r.report.Faults) > 0 {
				t.Errorf("to mend: %v %v", r.report.Rows, r.report.Faults)
			}
			if g := r.report.Gateways; len(g) != 1 || len(g[0].Names) != len(c.members) || g[0].Address == "" {
				t.Errorf("gateways %+v, want one with an address of each member", g)
			}
			r.routesOfEachKind(t)
		})
	}
}

// routesOfEachKind sends what the lines of a report say.
func (r *running) routesOfEachKind(t *testing.T) {
	t.Helper()
	for title, service := range map[string]string{"echo/web, / → web": "web", "GRPCRoute/echo/calls, /echo.Echo/Try → calls": "calls"} {
		q, got := r.find(t, title), responder.Answer{}
		if q.Kind == "GRPCRoute" {
			got = r.call(t, q)
		} else if status := r.send(t, r.client(q.Address), q, &got); status != http.StatusOK {
			t.Errorf("%s: status %d", title, status)
		}
		if got.Service != service {
			t.Errorf("%s: answered by %q", title, got.Service)
		}
	}
	queue, stream := r.find(t, "TLSRoute/echo/queue, TLS for queue.echo.example.com → queue"), r.find(t, "TCPRoute/echo/stream, ")
	if got := greet(t, r.handshake(t, queue)); got.Service != "queue" {
		t.Errorf("over TLS %+v answers", got)
	}
	if got := greet(t, dial(t, "tcp", stream)); got.Service != "queue" {
		t.Errorf("over TCP %+v answers", got)
	}
	if got := ping(t, r.find(t, "UDPRoute/echo/datagrams, ")); got.Service != "datagrams" || got.Text != "hello" {
		t.Errorf("over UDP %+v answers", got)
	}
}

// call calls a method of gRPC as the line does.
func (r *running) call(t *testing.T, q local.Request) responder.Answer {
	t.Helper()
	client := r.client(q.Address)
	if transport, ok := client.Transport.(*http.Transport); ok {
		transport.ForceAttemptHTTP2 = true
	}
	target := "https://" + net.JoinHostPort(q.Host, strconv.Itoa(int(q.Port))) + q.Path
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader("\x00\x00\x00\x00\x02{}"))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range q.Headers {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || len(body) < 5 || res.Trailer.Get("Grpc-Status") != "0" {
		t.Fatalf("got %q, trailer %v, %v", body, res.Trailer, err)
	}
	return decoded[responder.Answer](t, body[5:])
}

func (r *running) handshake(t *testing.T, q local.Request) net.Conn {
	t.Helper()
	transport, ok := r.client(q.Address).Transport.(*http.Transport)
	if !ok {
		t.Fatal("the client is another one")
	}
	config := transport.TLSClientConfig.Clone()
	config.ServerName = q.Host
	return tls.Client(dial(t, "tcp", q), config)
}

func dial(t *testing.T, network string, q local.Request) net.Conn {
	t.Helper()
	at := net.JoinHostPort(q.Address, strconv.Itoa(int(q.Port)))
	c, err := (&net.Dialer{Timeout: 20 * time.Second}).DialContext(t.Context(), network, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return c
}

// greet sends the greeting of the lines and reads the answer.
func greet(t *testing.T, c net.Conn) responder.Answer {
	t.Helper()
	if _, err := io.WriteString(c, "GET / HTTP/1.0\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return decoded[responder.Answer](t, body)
}

// ping sends datagrams until one is answered: the first ones may find no route yet.
func ping(t *testing.T, q local.Request) responder.Datagram {
	t.Helper()
	c := dial(t, "udp", q)
	in := make([]byte, 2048)
	for range 20 {
		if _, err := io.WriteString(c, "hello"); err != nil {
			t.Fatal(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		if n, err := c.Read(in); err == nil {
			return decoded[responder.Datagram](t, in[:n])
		}
	}
	t.Fatal("no datagram came back")
	return responder.Datagram{}
}

func decoded[T any](t *testing.T, data []byte) T {
	t.Helper()
	var out T
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatalf("%v in %q", err, data)
	}
	return out
}

// write puts a file into a folder.
func write(t *testing.T, dir, file, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAFolderMayHoldGatewaysOfBothClasses(t *testing.T) {
	t.Parallel()
	dir := copySeed(t)
	for _, file := range []string{"10-infrastructure", "20-gateway", "30-routes", "90-backends"} {
		data, err := os.ReadFile(filepath.Join(serviceExample, file+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, file+"-service.yaml", string(data))
	}
	r := start(t, local.Options{Path: dir, Mode: local.Emulator, Members: []string{"local"}})
	if len(r.report.Rows)+len(r.report.Faults) > 0 || len(r.report.Gateways) != 3 {
		t.Errorf("to mend: %v %v; gateways %+v", r.report.Rows, r.report.Faults, r.report.Gateways)
	}
	r.routesOfEachKind(t)
	r.eachLine(t)

	edit(t, dir, "20-gateway-service.yaml", "gatewayClassName: edge", "gatewayClassName: company-aws-alb")
	r.report = await(t, r.next, nil)
	if rows := fmt.Sprint(r.report.Rows); !strings.Contains(rows, "listener tcp") || !strings.Contains(rows, "UnsupportedProtocol") {
		t.Errorf("a class that carries HTTP alone takes the listener of TCP: %s", rows)
	}
	var got responder.Answer
	if q := r.find(t, "echo/web, / → web"); r.send(t, r.client(q.Address), q, &got) != http.StatusOK || got.Service != "web" {
		t.Errorf("after the Gateway went over to another class, %+v answers", got)
	}
}
