package emulator_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

func TestFaults(t *testing.T) {
	cases := map[string]struct {
		reason string
		fault  emulator.Fault
		want   string // of four calls: x for an error, . for none
		made   int
	}{
		"next":          {"a bare fault hits the next call", emulator.Fault{Code: "AccessDenied"}, "x...", 3},
		"two of four":   {"hits are spread", emulator.Fault{Code: "AccessDenied", Count: 2, Of: 4}, ".x.x", 2},
		"third":         {"a fault can let calls pass first", emulator.Fault{Code: "AccessDenied", Of: 3}, "..x.", 3},
		"for good":      {"a negative count lasts", emulator.Fault{Code: "AccessDenied", Count: -1}, "xxxx", 0},
		"other action":  {"other actions are left alone", emulator.Fault{Action: "DeleteListener", Code: "AccessDenied"}, "....", 4},
		"other service": {"other services are left alone", emulator.Fault{Service: "ec2", Code: "AccessDenied"}, "....", 4},
		"lost response": {"the call takes effect all the same", emulator.Fault{LoseResponse: true}, "x...", 4},
		"lost request":  {"the call does not take effect", emulator.Fault{DropRequest: true}, "x...", 3},
		"500, done":     {"an error does not mean that nothing happened", emulator.Fault{Code: "InternalFailure", Status: 500, TakeEffect: true}, "x...", 4},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := control(t)
			wantCode(t, c.Inject(tc.fault), "")
			got := ""
			for i := range 4 {
				_, err := c.elb.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{
					Name: aws.String(fmt.Sprintf("lb-%d", i)), Subnets: []string{publicA, publicB},
				})
				if err != nil {
					got += "x"
				} else {
					got += "."
				}
			}
			if made := c.Count()["load-balancer"]; got != tc.want || made != tc.made {
				t.Errorf("calls went %s and made %d, want %s and %d: %s", got, made, tc.want, tc.made, tc.reason)
			}
		})
	}
}

func TestSDKRetriesALostResponse(t *testing.T) {
	c := control(t)
	retrying := dial(c.Server, credentials("AKIDTEST"), 3)
	wantCode(t, c.Inject(emulator.Fault{Action: "CreateLoadBalancer", LoseResponse: true}), "")
	retrying.loadBalancer(t, "once")
	if calls, n := len(c.Calls("CreateLoadBalancer")), c.Count()["load-balancer"]; calls != 2 || n != 1 {
		t.Errorf("%d calls made %d load balancers, want 2 and 1", calls, n)
	}
	wantCode(t, c.Inject(emulator.Fault{Action: "CreateSecurityGroup", LoseResponse: true}), "")
	_, err := retrying.ec2.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("g"), Description: aws.String("d")})
	wantCode(t, err, "InvalidGroup.Duplicate") // not idempotent: the caller has to look
}

func TestThrottle(t *testing.T) {
	c := control(t, func(o *emulator.Options) {
		o.Throttle = map[string]emulator.Rate{
			"DescribeLoadBalancers": {PerSecond: 0.001, Burst: 2}, "ec2": {PerSecond: 0.001, Burst: 1}, "wafv2": {PerSecond: 0.001, Burst: 1},
		}
	})
	elbCall := func() error {
		_, err := c.elb.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{})
		return err
	}
	ec2Call := func() error { _, err := c.ec2.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{}); return err }
	wafCall := func() error {
		_, err := c.waf.ListWebACLs(t.Context(), &wafv2.ListWebACLsInput{Scope: "REGIONAL"})
		return err
	}
	for _, step := range []struct {
		call func() error
		code string
	}{
		{elbCall, ""},
		{elbCall, ""},
		{elbCall, "Throttling"},
		{ec2Call, ""},
		{ec2Call, "RequestLimitExceeded"},
		{wafCall, ""},
		{wafCall, "ThrottlingException"},
	} {
		wantCode(t, step.call(), step.code)
	}
}

func TestStateSurvives(t *testing.T) {
	opts := quick()
	opts.StateFile = filepath.Join(t.TempDir(), "state.json")
	c := start(t, opts)
	lb, tg := c.loadBalancer(t, "kept"), c.targetGroup(t, "kept")
	c.register(t, tg, targetOf(backend(t, named("in"))))
	cert := c.importCertificate(t, selfSigned(t, "EC", "kept.test"))
	c.listener(t, *lb.LoadBalancerArn, 8080, forwardTo(group(tg, 1)))
	c.listener(t, *lb.LoadBalancerArn, 8443, forwardTo(group(tg, 1)), cert)
	address := c.address(t, lb, 8080)
	// Halfway through a create: it has taken effect, and the answer is under way for a minute.
	wantCode(t, c.Inject(emulator.Fault{Action: "CreateTargetGroup", Latency: emulator.Duration(time.Minute)}), "")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err := c.elb.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: aws.String("half"), Protocol: "HTTP", Port: aws.Int32(80), VpcId: aws.String(vpcID), TargetType: "ip",
	})
	if err == nil {
		t.Fatal("the create was answered")
	}
	before := fmt.Sprint(c.Resources())
	c.Close()
	c = start(t, opts)
	if after := fmt.Sprint(c.Resources()); after != before {
		t.Errorf("after a restart there is\n%s, before it there was\n%s", after, before)
	}
	if c.Count()["target-group"] != 2 {
		t.Error("the create that was halfway is lost")
	}
	c.awaitHealthy(t, tg, 1)
	if _, body, _ := get(t, "http://"+address); body != "in" {
		t.Errorf("after a restart the same address answers %q", body)
	}
}

func TestAccounts(t *testing.T) {
	c := control(t)
	who, err := c.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "")
	if *who.Account != emulator.DefaultAccount {
		t.Errorf("the account is %s", *who.Account)
	}
	role := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::210987654321:role/front"), RoleSessionName: aws.String("test")}
	role.ExternalId = aws.String("")
	if _, err := c.sts.AssumeRole(t.Context(), role); err == nil {
		t.Error("an empty ExternalId is an error")
	}
	role.ExternalId = nil
	out, err := c.sts.AssumeRole(t.Context(), role)
	wantCode(t, err, "")
	other := dial(c.Server, credentials(*out.Credentials.AccessKeyId), 1)
	who, err = other.sts.GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "")
	if *who.Account != "210987654321" || !strings.Contains(*who.Arn, "assumed-role/front/test") {
		t.Errorf("the assumed identity is %s", *who.Arn)
	}
	c.loadBalancer(t, "mine")
	seen, err := other.elb.DescribeLoadBalancers(t.Context(), &elb.DescribeLoadBalancersInput{})
	wantCode(t, err, "")
	if len(seen.LoadBalancers) != 0 {
		t.Error("one account sees another's load balancers")
	}
	resp := must[*http.Response](t)(http.Post(c.URL, "application/x-www-form-urlencoded", strings.NewReader("Action=DescribeVpcs")))
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("without credentials a call is answered with %d", resp.StatusCode)
	}
}

func TestAdmin(t *testing.T) {
	c := control(t)
	lb := c.loadBalancer(t, "lb")
	read := func(path string) string {
		resp := must[*http.Response](t)(http.Get(c.URL + "/_emulator/" + path))
		defer resp.Body.Close()
		return strings.TrimSpace(string(must[[]byte](t)(io.ReadAll(resp.Body))))
	}
	if ip, _ := c.Resolve(*lb.DNSName); read("resolve?dns="+*lb.DNSName) != ip || !strings.HasPrefix(ip, "127.") {
		t.Errorf("the load balancer resolves to %s", ip)
	}
	var counts map[string]int
	wantCode(t, json.Unmarshal([]byte(read("counts")), &counts), "")
	if len(counts) != 1 || counts["load-balancer"] != 1 {
		t.Errorf("counts are %v", counts)
	}
	if got := read("calls?action=CreateLoadBalancer"); strings.Count(got, `"action"`) != 1 {
		t.Errorf("the call log is %s", got)
	}
	post := func(path, body string) int {
		resp := must[*http.Response](t)(http.Post(c.URL+"/_emulator/"+path, "application/json", strings.NewReader(body)))
		resp.Body.Close()
		return resp.StatusCode
	}
	if code := post("faults", `{"action":"DescribeVpcs","code":"UnauthorizedOperation","status":403,"latency":"1ms"}`); code != http.StatusCreated {
		t.Errorf("a fault is answered with %d", code)
	}
	_, err := c.ec2.DescribeVpcs(t.Context(), &ec2.DescribeVpcsInput{})
	wantCode(t, err, "UnauthorizedOperation")
	if code := post("faults", `{"acton":"DescribeVpcs"}`); code != http.StatusBadRequest {
		t.Errorf("a misspelt fault is answered with %d", code)
	}
	post("reset", "")
	if got := read("resources"); got != "[]" {
		t.Errorf("after a reset there is %s", got)
	}
}
