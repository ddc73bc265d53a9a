package emulator_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/wafv2"
	"github.com/aws/smithy-go"

	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

const (
	testRegion = "eu-central-1"
	vpcID      = "vpc-00000000000000001"
	publicA    = "subnet-0000000000000001a"
	publicB    = "subnet-0000000000000001b"
	internalA  = "subnet-0000000000000002a"
	internalB  = "subnet-0000000000000002b"
)

// cloud is an emulator with the real clients on it.
type cloud struct {
	*emulator.Server
	cfg aws.Config
	elb *elb.Client
	ec2 *ec2.Client
	acm *acm.Client
	waf *wafv2.Client
	sts *sts.Client
}

// start runs an emulator in which nothing takes time unless the options say so.
func start(t *testing.T, opts emulator.Options) *cloud {
	t.Helper()
	for _, d := range []*time.Duration{&opts.Timing.Provisioning, &opts.Timing.InterfaceLinger, &opts.Timing.WebACLUnavailable} {
		if *d == 0 {
			*d = -1
		}
	}
	s, err := emulator.Start(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return dial(s, credentials("AKIDTEST"), 1)
}

// control is an emulator without a data plane.
func control(t *testing.T, edits ...func(*emulator.Options)) *cloud {
	t.Helper()
	opts := emulator.Options{DataPlane: emulator.DataPlane{Disabled: true}}
	for _, edit := range edits {
		edit(&opts)
	}
	return start(t, opts)
}

func credentials(key string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: key, SecretAccessKey: "secret"}, nil
	})
}

func dial(s *emulator.Server, creds aws.CredentialsProvider, attempts int) *cloud {
	cfg := aws.Config{Region: testRegion, Credentials: creds, BaseEndpoint: aws.String(s.URL), RetryMaxAttempts: attempts}
	return &cloud{
		s, cfg, elb.NewFromConfig(cfg), ec2.NewFromConfig(cfg), acm.NewFromConfig(cfg), wafv2.NewFromConfig(cfg), sts.NewFromConfig(cfg),
	}
}

// wantCode checks the code of an error; no code means no error.
func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var api smithy.APIError
	switch {
	case code == "" && err != nil:
		t.Fatalf("unexpected error: %v", err)
	case code != "" && (!errors.As(err, &api) || api.ErrorCode() != code):
		t.Fatalf("error is %v, want code %s", err, code)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (c *cloud) loadBalancer(t *testing.T, name string) elbtypes.LoadBalancer {
	t.Helper()
	out, err := c.elb.CreateLoadBalancer(t.Context(), &elb.CreateLoadBalancerInput{
		Name: aws.String(name), Subnets: []string{publicA, publicB}, SecurityGroups: []string{"sg-12345678"},
	})
	return must[*elb.CreateLoadBalancerOutput](t)(out, err).LoadBalancers[0]
}

func (c *cloud) targetGroup(t *testing.T, name string) string {
	t.Helper()
	out, err := c.elb.CreateTargetGroup(t.Context(), &elb.CreateTargetGroupInput{
		Name: aws.String(name), Protocol: elbtypes.ProtocolEnumHttp, Port: aws.Int32(8080), VpcId: aws.String(vpcID),
		TargetType: elbtypes.TargetTypeEnumIp, HealthCheckPath: aws.String("/ready"), HealthCheckIntervalSeconds: aws.Int32(5),
		HealthCheckTimeoutSeconds: aws.Int32(2),
	})
	return *must[*elb.CreateTargetGroupOutput](t)(out, err).TargetGroups[0].TargetGroupArn
}

func forwardTo(groups ...elbtypes.TargetGroupTuple) []elbtypes.Action {
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, ForwardConfig: &elbtypes.ForwardActionConfig{TargetGroups: groups}}}
}

func group(arn string, weight int32) elbtypes.TargetGroupTuple {
	return elbtypes.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weight)}
}

func (c *cloud) listener(t *testing.T, lb string, port int32, actions []elbtypes.Action, certs ...string) string {
	t.Helper()
	in := &elb.CreateListenerInput{
		LoadBalancerArn: aws.String(lb), Port: aws.Int32(port), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: actions,
	}
	for _, arn := range certs {
		in.Protocol = elbtypes.ProtocolEnumHttps
		in.Certificates = append(in.Certificates, elbtypes.Certificate{CertificateArn: aws.String(arn)})
	}
	out, err := c.elb.CreateListener(t.Context(), in)
	return *must[*elb.CreateListenerOutput](t)(out, err).Listeners[0].ListenerArn
}

// keyPair is a self-signed certificate.
type keyPair struct{ cert, key []byte }

func selfSigned(t *testing.T, algorithm string, names ...string) keyPair {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	var public, private any
	if algorithm == "RSA" {
		k := must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, 2048))
		public, private = k.Public(), k
	} else {
		k := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		public, private = k.Public(), k
	}
	der := must[[]byte](t)(x509.CreateCertificate(rand.Reader, template, template, public, private))
	key := must[[]byte](t)(x509.MarshalPKCS8PrivateKey(private))
	return keyPair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	}
}

func (c *cloud) importCertificate(t *testing.T, kp keyPair) string {
	t.Helper()
	out, err := c.acm.ImportCertificate(t.Context(), &acm.ImportCertificateInput{Certificate: kp.cert, PrivateKey: kp.key})
	return *must[*acm.ImportCertificateOutput](t)(out, err).CertificateArn
}

// eventually waits for a condition and says what it was when it does not come.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
