package emulator_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func (c *cloud) deregister(t *testing.T, arn string, target elbtypes.TargetDescription) {
	t.Helper()
	_, err := c.elb.DeregisterTargets(t.Context(), &elb.DeregisterTargetsInput{TargetGroupArn: aws.String(arn), Targets: []elbtypes.TargetDescription{target}})
	wantCode(t, err, "")
}

func TestHealth(t *testing.T) {
	c := start(t, quick())
	var broken atomic.Bool
	lb, tg, _ := c.served(t, "health", func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/ready" && broken.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, "sick")
	})
	well := targetOf(backend(t, named("well")))
	c.register(t, tg, well)
	c.awaitHealthy(t, tg, 2)
	broken.Store(true)
	c.awaitHealthy(t, tg, 1)
	url := "http://" + c.address(t, lb, 8080)
	for range 10 {
		if _, body, _ := get(t, url); body != "well" {
			t.Fatal("an unhealthy target got a request while there was a healthy one")
		}
	}
	c.deregister(t, tg, well)
	if _, body, _ := get(t, url); body != "sick" {
		t.Error("a group without healthy targets must fail open")
	}
	broken.Store(false)
	c.awaitHealthy(t, tg, 1)
}

func TestDraining(t *testing.T) {
	c := start(t, quick())
	entered, release := make(chan struct{}), make(chan struct{})
	old := backend(t, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/slow" {
			close(entered)
			<-release
		}
		fmt.Fprint(w, "old")
	})
	lb, tg := c.loadBalancer(t, "drain"), c.targetGroup(t, "drain")
	c.register(t, tg, targetOf(old))
	c.listener(t, *lb.LoadBalancerArn, 8080, forwardTo(group(tg, 1)))
	c.awaitHealthy(t, tg, 1)
	url := "http://" + c.address(t, lb, 8080)
	slow := make(chan string)
	go func() {
		resp, err := http.Get(url + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		slow <- string(body)
	}()
	<-entered
	c.register(t, tg, targetOf(backend(t, named("new"))))
	c.awaitHealthy(t, tg, 2)
	c.deregister(t, tg, targetOf(old)) // 300 s, a hundred times faster
	if !slices.Contains(c.states(t, tg), "draining") {
		t.Errorf("states are %v, want one draining", c.states(t, tg))
	}
	for range 10 {
		if _, body, _ := get(t, url); body != "new" {
			t.Fatal("a draining target got a new request")
		}
	}
	close(release)
	if got := <-slow; got != "old" {
		t.Errorf("the request in flight got %q", got)
	}
	eventually(t, "the deregistration delay to pass", func() bool { return len(c.states(t, tg)) == 1 })
}

func TestDeletedLoadBalancerStopsListening(t *testing.T) {
	c := start(t, quick())
	lb, _, _ := c.served(t, "gone", named("in"))
	address := c.address(t, lb, 8080)
	_, err := c.elb.DeleteLoadBalancer(t.Context(), &elb.DeleteLoadBalancerInput{LoadBalancerArn: lb.LoadBalancerArn})
	wantCode(t, err, "")
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("a deleted load balancer still listens")
	}
}

func TestUpgrade(t *testing.T) {
	c := start(t, quick())
	lb, _, _ := c.served(t, "upgrade", func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("Upgrade") == "" {
			return // a health check
		}
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"))
		_, _ = io.Copy(conn, rw)
	})
	conn := must[net.Conn](t)(net.Dial("tcp", c.address(t, lb, 8080)))
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprintf(conn, "GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	r := bufio.NewReader(conn)
	if resp := must[*http.Response](t)(http.ReadResponse(r, nil)); resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the upgrade is answered with %d", resp.StatusCode)
	}
	fmt.Fprint(conn, "ping\n")
	if line := must[string](t)(r.ReadString('\n')); line != "ping\n" {
		t.Errorf("the echo is %q", line)
	}
}

func TestStreaming(t *testing.T) {
	c := start(t, quick())
	lb, _, _ := c.served(t, "stream", func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/ready" {
			return
		}
		_, _ = io.WriteString(w, "first\n")
		_ = http.NewResponseController(w).Flush()
		<-req.Context().Done() // until the client ends it
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req := must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.address(t, lb, 8080), nil))
	resp := must[*http.Response](t)(http.DefaultClient.Do(req))
	defer resp.Body.Close()
	if line := must[string](t)(bufio.NewReader(resp.Body).ReadString('\n')); line != "first\n" {
		t.Errorf("the first line of a stream is %q", line)
	}
}

func TestSecurityGroupsAreEnforced(t *testing.T) {
	opts := quick()
	opts.DataPlane.EnforceSecurityGroups = true
	c := start(t, opts)
	lb, _, _ := c.served(t, "guarded", named("in"))
	id := c.securityGroup(t, "front")
	_, err := c.elb.SetSecurityGroups(t.Context(), &elb.SetSecurityGroupsInput{LoadBalancerArn: lb.LoadBalancerArn, SecurityGroups: []string{id}})
	wantCode(t, err, "")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := client.Get("http://" + c.address(t, lb, 8080)); err == nil {
		resp.Body.Close()
		t.Error("a client came in that no rule admits")
	}
	_, err = c.ec2.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: aws.String(id), IpPermissions: []ec2types.IpPermission{tcp(8080, "127.0.0.0/8")},
	})
	wantCode(t, err, "")
	if _, body, _ := get(t, "http://"+c.address(t, lb, 8080)); body != "in" {
		t.Errorf("an admitted client got %q", body)
	}
}
