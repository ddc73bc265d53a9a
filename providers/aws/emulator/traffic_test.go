package emulator_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

func quick() emulator.Options {
	return emulator.Options{
		Network: emulator.Network{VPCCIDR: "127.0.0.0/8"},
		Timing:  emulator.Timing{HealthInterval: 20 * time.Millisecond, Scale: 100},
	}
}

func backend(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func named(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) { fmt.Fprint(w, name) }
}

func targetOf(s *httptest.Server) elbtypes.TargetDescription {
	host, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	n, _ := strconv.Atoi(port)
	return elbtypes.TargetDescription{Id: aws.String(host), Port: aws.Int32(int32(n))}
}

func (c *cloud) register(t *testing.T, arn string, targets ...elbtypes.TargetDescription) {
	t.Helper()
	_, err := c.elb.RegisterTargets(t.Context(), &elb.RegisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: targets})
	wantCode(t, err, "")
}

func (c *cloud) states(t *testing.T, arn string) []string {
	t.Helper()
	out, err := c.elb.DescribeTargetHealth(t.Context(), &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(arn)})
	wantCode(t, err, "")
	var states []string
	for _, d := range out.TargetHealthDescriptions {
		states = append(states, string(d.TargetHealth.State))
	}
	return states
}

func (c *cloud) awaitHealthy(t *testing.T, arn string, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d healthy targets", n), func() bool {
		healthy := 0
		for _, s := range c.states(t, arn) {
			if s == "healthy" {
				healthy++
			}
		}
		return healthy == n
	})
}

func (c *cloud) address(t *testing.T, lb elbtypes.LoadBalancer, port int) string {
	t.Helper()
	ip, ok := c.Resolve(*lb.DNSName)
	if !ok {
		t.Fatal("the load balancer has no address")
	}
	return net.JoinHostPort(ip, strconv.Itoa(port))
}

func get(t *testing.T, url string) (int, string, http.Header) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}

// served is a load balancer with one healthy target behind port 8080; it answers the target group and the listener too.
func (c *cloud) served(t *testing.T, name string, h http.HandlerFunc) (lb elbtypes.LoadBalancer, tg, listener string) {
	t.Helper()
	lb, tg = c.loadBalancer(t, name), c.targetGroup(t, name)
	c.register(t, tg, targetOf(backend(t, h)))
	listener = c.listener(t, *lb.LoadBalancerArn, 8080, forwardTo(group(tg, 1)))
	c.awaitHealthy(t, tg, 1)
	return lb, tg, listener
}
