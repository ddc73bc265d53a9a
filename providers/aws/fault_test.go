package aws_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

// settle makes passes until nothing is left to do.
func settle(t *testing.T, p providers.Provider, front ir.Front) providers.Result {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		got, err := providers.Reconcile(context.Background(), p, front)
		if err == nil && got.Pending == "" && len(got.Steps) == 0 {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("not settled: %v, pending %q, steps %v", err, got.Pending, got.Steps)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func destroy(t *testing.T, p providers.Provider, front ir.Front) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		done, pending, err := providers.Destroy(context.Background(), p, front)
		if done && err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not destroyed: %v, pending %q", err, pending)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestMissingCredentials(t *testing.T) {
	for _, v := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"} {
		t.Setenv(v, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	t.Setenv("AWS_CONFIG_FILE", filepath.Join(t.TempDir(), "none"))
	c := startEmulator(t, nil)
	p := c.open(t, func(o *aws.Options) { o.Credentials = nil })
	_, err := providers.Reconcile(t.Context(), p, testFront(t))
	terminal, ok := providers.AsTerminal(err)
	if !ok || !strings.Contains(terminal.Message, "no AWS credentials") {
		t.Errorf("without credentials: %v", err)
	}
	if calls := c.emulator.Calls(); len(calls) > 0 {
		t.Errorf("AWS was called without credentials: %v", calls)
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name, reason string
		fault        emulator.Fault
		check        func(error) bool
		want         string
		goesOn       string
	}{
		{
			name: "denied", reason: "the message names the permission",
			fault: emulator.Fault{Action: "CreateLoadBalancer", Count: -1, Code: "AccessDenied", Status: 403},
			check: terminal, want: "AWS denies elasticloadbalancing:CreateLoadBalancer", goesOn: "TargetGroup",
		},
		{
			name: "denied in EC2", reason: "EC2 has a code of its own for it",
			fault: emulator.Fault{Action: "CreateSecurityGroup", Count: -1, Code: "UnauthorizedOperation", Status: 403},
			check: terminal, want: "AWS denies ec2:CreateSecurityGroup", goesOn: "TargetGroup",
		},
		{
			name: "quota", reason: "the message names the quota",
			fault: emulator.Fault{Action: "CreateLoadBalancer", Count: -1, Code: "TooManyLoadBalancers"},
			check: terminal, want: "Application Load Balancers per Region", goesOn: "WebACL",
		},
		{
			name: "ACM quota", reason: "its code is on the SDK's list of throttles, and is none",
			fault: emulator.Fault{Action: "ImportCertificate", Count: -1, Code: "LimitExceededException"},
			check: terminal, want: "AWS Certificate Manager", goesOn: "TargetGroup",
		},
		{
			name: "throttled", reason: "the caller learns when to come back",
			fault: emulator.Fault{Action: "CreateTargetGroup", Count: -1, Code: "Throttling"},
			check: func(err error) bool { e, ok := providers.AsThrottled(err); return ok && e.After > 0 },
			want:  "limits our calls", goesOn: "SecurityGroup",
		},
		{
			name: "expired credentials", reason: "a token that expired is no fault of the ALBConfig",
			fault: emulator.Fault{Action: "CreateSecurityGroup", Count: -1, Code: "ExpiredToken", Status: 403},
			check: terminal, want: "does not accept the operator's credentials", goesOn: "TargetGroup",
		},
		{
			name: "WAF fails", reason: "WAF is off the load balancer's critical path",
			fault: emulator.Fault{Action: "CreateWebACL", Count: -1, Code: "WAFLimitsExceededException"},
			check: terminal, want: "AWS WAF", goesOn: "Listener",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := startEmulator(t, nil)
			p, front := c.open(t, nil), testFront(t)
			c.inject(t, tt.fault)
			var last error
			for range 6 {
				_, last = providers.Reconcile(t.Context(), p, front)
				time.Sleep(30 * time.Millisecond)
			}
			if last == nil || !tt.check(last) || !strings.Contains(last.Error(), tt.want) {
				t.Errorf("%s: got %v, want %q", tt.reason, last, tt.want)
			}
			if c.counts(t, front.Owner)[tt.goesOn] == 0 {
				t.Errorf("%s: the rest did not go on: %v", tt.reason, c.counts(t, front.Owner))
			}
			c.emulator.ClearFaults()
			settle(t, p, front)
			destroy(t, p, front)
			if left := c.owned(t, front.Owner); len(left) > 0 {
				t.Errorf("left after destroying: %v", left)
			}
		})
	}
}

func terminal(err error) bool { _, ok := providers.AsTerminal(err); return ok }

func TestEmulatorKilledHalfway(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.json")
	front := testFront(t)
	reference := startEmulator(t, nil)
	settle(t, reference.open(t, nil), front)
	want := reference.owned(t, front.Owner)
	for _, action := range []string{"CreateLoadBalancer", "CreateSecurityGroup", "AuthorizeSecurityGroupIngress", "ImportCertificate", "CreateListener", "CreateTargetGroup", "CreateWebACL"} {
		t.Run(action, func(t *testing.T) {
			keep := func(o *emulator.Options) { o.StateFile = file + action }
			c := startEmulator(t, keep)
			p := c.open(t, nil)
			c.inject(t, emulator.Fault{Action: action, Latency: emulator.Duration(time.Hour)})
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				for range 20 {
					if _, err := providers.Reconcile(ctx, p, front); err != nil {
						return
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			for len(c.emulator.Calls(action)) == 0 && ctx.Err() == nil {
				time.Sleep(5 * time.Millisecond)
			}
			c.emulator.Close()
			cancel()
			<-done
			again := startEmulator(t, keep)
			settle(t, again.open(t, nil), front)
			if got := again.owned(t, front.Owner); !slices.Equal(got, want) {
				t.Errorf("after its return there is not exactly one of everything:\ngot  %q\nwant %q", got, want)
			}
		})
	}
}

func TestForeignLoadBalancerOfOurName(t *testing.T) {
	c := startEmulator(t, nil)
	front := testFront(t)
	p := c.open(t, nil)
	settle(t, p, front)
	name := awssdk.ToString(c.loadBalancer(t).LoadBalancerName)
	destroy(t, p, front)
	_, err := c.elb.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{
		Name: &name, Scheme: elbtypes.LoadBalancerSchemeEnumInternal,
		Subnets: []string{"subnet-0000000000000002a", "subnet-0000000000000002b"},
	})
	if err != nil {
		t.Skipf("the emulator's subnets are others: %v", err)
	}
	_, err = providers.Reconcile(t.Context(), p, front)
	if !terminal(err) || !strings.Contains(err.Error(), "not our tags") {
		t.Errorf("a foreign load balancer of our name: %v", err)
	}
}

func (c cloud) loadBalancer(t *testing.T) elbtypes.LoadBalancer {
	t.Helper()
	got, err := c.elb.DescribeLoadBalancers(context.Background(), &elb.DescribeLoadBalancersInput{})
	if err != nil || len(got.LoadBalancers) != 1 {
		t.Fatalf("not one load balancer: %v, %v", got, err)
	}
	return got.LoadBalancers[0]
}

func TestFirewallManagerIsLeftAlone(t *testing.T) {
	c := startEmulator(t, nil)
	front := testFront(t)
	front.ALB.WAFEnabled = false
	p := c.open(t, nil)
	settle(t, p, front)
	arn, err := c.emulator.AttachFirewallManagerACL(testRegion, *c.loadBalancer(t).LoadBalancerArn)
	if err != nil {
		t.Fatal(err)
	}
	front.ALB.WAFEnabled = true
	got := settle(t, p, front)
	if len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Message, arn) {
		t.Errorf("the problem does not name the foreign web ACL: %v", got.Problems)
	}
	if calls := c.emulator.Calls("AssociateWebACL", "DisassociateWebACL"); len(calls) > 0 {
		t.Errorf("a foreign association was touched: %v", calls)
	}
	front.ALB.WAFEnabled = false
	settle(t, p, front)
	if calls := c.emulator.Calls("DisassociateWebACL"); len(calls) > 0 {
		t.Errorf("a foreign association was taken away when WAF was switched off: %v", calls)
	}
}

func TestDeletionProtectionIsRespected(t *testing.T) {
	c := startEmulator(t, nil)
	front := testFront(t)
	front.ALB.Attributes = map[string]string{"deletion_protection.enabled": "true"}
	p := c.open(t, nil)
	settle(t, p, front)
	var err error
	for range 3 {
		_, _, err = providers.Destroy(t.Context(), p, front)
	}
	if !terminal(err) || !strings.Contains(err.Error(), "deletion protection") {
		t.Errorf("destroying under deletion protection: %v", err)
	}
	if c.counts(t, front.Owner)["LoadBalancer"] != 1 {
		t.Error("the load balancer is gone")
	}
}

func TestWAFHoldsUpNothing(t *testing.T) {
	tests := []struct {
		name, reason string
		enabled      bool
		fault        emulator.Fault
		pending      string
	}{
		{
			name: "throttled", reason: "the load balancer is served meanwhile", enabled: true,
			fault: emulator.Fault{Service: "wafv2", Count: -1, Code: "ThrottlingException"}, pending: "AWS WAF to tell its state",
		},
		{
			name: "slow", reason: "a pass waits a few seconds at most", enabled: true,
			fault: emulator.Fault{Service: "wafv2", Count: -1, Latency: emulator.Duration(time.Minute)}, pending: "AWS WAF to tell its state",
		},
		{
			name: "denied and not wanted", reason: "an operator without WAF permissions serves fronts without WAF",
			fault: emulator.Fault{Service: "wafv2", Count: -1, Code: "AccessDeniedException"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := startEmulator(t, nil)
			p, front := c.open(t, nil), testFront(t)
			front.ALB.WAFEnabled = tt.enabled
			c.inject(t, tt.fault)
			var got providers.Result
			for range 4 {
				var err error
				if got, err = providers.Reconcile(t.Context(), p, front); err != nil {
					t.Fatal(err)
				}
				time.Sleep(60 * time.Millisecond)
			}
			if !got.Active || !strings.Contains(got.Pending, tt.pending) || tt.pending == "" && got.Pending != "" {
				t.Errorf("%s: active %v, pending %q", tt.reason, got.Active, got.Pending)
			}
			c.emulator.ClearFaults()
			settle(t, p, front)
			if n := c.counts(t, front.Owner)["WebACL"]; tt.enabled != (n == 1) {
				t.Errorf("afterwards there are %d web ACLs", n)
			}
		})
	}
}

func TestOwnRateLimitsLeaveRoomForOneGateway(t *testing.T) {
	c := startEmulator(t, nil)
	p, front := c.open(t, func(o *aws.Options) { o.NoRateLimit, o.CacheTTL = false, 0 }), testFront(t)
	settle(t, p, front)
}
