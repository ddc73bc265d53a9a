package experimental

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/e2e/backend/responder"
	"github.com/fleetgate/fleetgate/e2e/ground"
)

// patience is how long what a controller or a kubelet does may take on a busy machine.
const patience = 2 * time.Minute

// scene is an example that is applied, in the namespace of its name.
type scene struct {
	*ground.Ground

	namespace string
	// address is that of the Gateway.
	address string
}

// open applies an example, what the test needs besides, and the backends, and waits until its Gateway is programmed.
func open(t *testing.T, g *ground.Ground, example string, besides ...any) *scene {
	t.Helper()
	s := &scene{Ground: g, namespace: example}
	t.Cleanup(func() { s.close(t) })
	s.kubectl(t, "apply", "--server-side", "-f", "examples/experimental/"+example+".yaml")
	for _, object := range besides {
		s.apply(t, object)
	}
	s.kubectl(t, "apply", "--server-side", "-f", "examples/experimental/backends.yaml")
	s.kubectl(t, "wait", "gateways.gateway.networking.k8s.io/web", "--for=condition=Programmed", "--timeout="+patience.String())
	s.kubectl(t, "wait", "deployments", "--all", "--for=condition=Available", "--timeout="+patience.String())
	s.address = s.kubectl(t, "get", "gateways.gateway.networking.k8s.io", "web", "-o", "jsonpath={.status.addresses[0].value}")
	return s
}

// close logs what explains a failure, and removes the example.
func (s *scene) close(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), downTimeout)
	defer cancel()
	if t.Failed() {
		for _, args := range [][]string{
			{"get", "gateways.gateway.networking.k8s.io,httproutes,pods,endpointslices", "-o", "wide"},
			{"get", "httproutes", "-o", "jsonpath={.items[*].status}"},
			{"logs", "-l", "gateway.networking.k8s.io/gateway-name=web", "--prefix", "--tail=10"},
		} {
			out, err := s.Kubectl(ctx, nil, append([]string{"-n", s.namespace}, args...)...)
			t.Log(strings.Join(args, " "), err, "\n"+out)
		}
	}
	for _, what := range [][]string{{"gateways.gateway.networking.k8s.io", "--all", "--timeout=1m"}, {"namespace", s.namespace, "--wait=false"}} {
		if _, err := s.Kubectl(ctx, nil, append([]string{"delete", "-n", s.namespace}, what...)...); err != nil {
			t.Error(err)
		}
	}
}

func (s *scene) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.Kubectl(t.Context(), nil, append([]string{"-n", s.namespace}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// apply applies an object.
func (s *scene) apply(t *testing.T, object any) {
	t.Helper()
	text, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Kubectl(t.Context(), text, "-n", s.namespace, "apply", "--server-side", "-f", "-"); err != nil {
		t.Fatal(err)
	}
}

// scale sets the number of pods of a Deployment and waits until so many are ready.
func (s *scene) scale(t *testing.T, deployment string, pods int) {
	t.Helper()
	s.kubectl(t, "scale", "deployment/"+deployment, fmt.Sprintf("--replicas=%d", pods))
	s.kubectl(t, "rollout", "status", "deployment/"+deployment, "--timeout="+patience.String())
}

// client speaks to one address over connections of its own.
type client struct {
	http *http.Client
	// url is scheme and address.
	url   string
	dials atomic.Int64
}

func (s *scene) client(t *testing.T) *client { return newClient(t, s.address) }

func newClient(t *testing.T, address string) *client {
	t.Helper()
	c := &client{url: "http://" + net.JoinHostPort(address, "80")}
	transport := &http.Transport{MaxIdleConnsPerHost: 1, DialContext: func(ctx context.Context, network, target string) (net.Conn, error) {
		c.dials.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, target)
	}}
	t.Cleanup(transport.CloseIdleConnections)
	c.http = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	return c
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
	// answer is the backend's, if it was the backend that answered.
	answer responder.Answer
}

// get sends a request with headers, which are names and values in turn. It fails the test where nothing comes back.
func (c *client) get(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	return c.send(t, http.MethodGet, path, "", headers...)
}

func (c *client) send(t *testing.T, method, path, body string, headers ...string) reply {
	t.Helper()
	got, err := c.try(t.Context(), method, path, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (c *client) try(ctx context.Context, method, path, body string, headers ...string) (got reply, err error) {
	request, err := http.NewRequestWithContext(ctx, method, c.url+path, strings.NewReader(body))
	if err != nil {
		return got, err
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			request.Host = headers[i+1]
			continue
		}
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.http.Do(request)
	if err != nil {
		return got, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return got, err
	}
	got = reply{status: response.StatusCode, header: response.Header, body: string(text)}
	if response.Header.Get("Content-Type") == "application/json" {
		err = json.Unmarshal(text, &got.answer)
	}
	return got, err
}

// eventually asks until the reply is as check wants it; check says what is wrong with it.
func (c *client) eventually(t *testing.T, path string, check func(reply) string, headers ...string) reply {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		got, err := c.try(t.Context(), http.MethodGet, path, "", headers...)
		complaint := fmt.Sprint(err)
		if err == nil {
			if complaint = check(got); complaint == "" {
				return got
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %s: %d %v %.300s", path, complaint, got.status, got.header, got.body)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// is wants a status.
func is(status int) func(reply) string {
	return func(got reply) string {
		if got.status != status {
			return fmt.Sprintf("want %d", status)
		}
		return ""
	}
}
