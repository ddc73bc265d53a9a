package aws_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/providers"
	"github.com/fleetgate/fleetgate/providers/aws"
	"github.com/fleetgate/fleetgate/providers/aws/emulator"
)

const testRegion = "eu-central-1"

// cloud is an AWS endpoint under test.
type cloud struct {
	inspector
	endpoint string
	region   string
	emulator *emulator.Server // nil for others
}

// startEmulator is AWS with all its times cut short.
func startEmulator(t *testing.T, change func(*emulator.Options)) cloud {
	t.Helper()
	o := emulator.Options{
		Network: emulator.Network{SecurityGroups: []emulator.SecurityGroup{
			{ID: "sg-12345678", Name: "existing"},
			{ID: "sg-0000000000000ea57", Name: "nodes-east", Tags: map[string]string{"kubernetes.io/cluster/east": "owned"}, OpenPorts: []int{22}},
		}},
		Timing: emulator.Timing{
			Provisioning: 50 * time.Millisecond, InterfaceLinger: 50 * time.Millisecond, WebACLUnavailable: 50 * time.Millisecond, Scale: 1000,
		},
		DataPlane: emulator.DataPlane{Disabled: true},
		MaxPage:   5,
	}
	if change != nil {
		change(&o)
	}
	s, err := emulator.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return cloud{inspector: inspect(t, s.URL, testRegion), endpoint: s.URL, region: testRegion, emulator: s}
}

// open is a provider; options may be changed.
func (c cloud) open(t *testing.T, change func(*aws.Options)) providers.Provider {
	t.Helper()
	o := aws.Options{
		HubID: "hub-1", Region: c.region, Endpoint: c.endpoint, NoRateLimit: c.endpoint != "",
		CacheTTL: -1, ReplacementGrace: -1,
	}
	if c.endpoint != "" {
		o.Credentials = testCredentials
	}
	if change != nil {
		change(&o)
	}
	p, err := aws.New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Open implements providertest.Cloud.
func (c cloud) Open(t *testing.T) providers.Provider { return c.open(t, nil) }

// Owned implements providertest.Cloud.
func (c cloud) Owned(t *testing.T, owner ir.Owner) []string { return c.owned(t, owner) }

// Foreign implements providertest.Cloud.
func (c cloud) Foreign(t *testing.T, owner ir.Owner) string { return c.foreign(t, owner) }

// changingActions are all calls of the provider that change something.
var changingActions = []string{
	"CreateLoadBalancer", "DeleteLoadBalancer", "ModifyLoadBalancerAttributes", "SetSecurityGroups", "SetSubnets", "SetIpAddressType",
	"CreateTargetGroup", "ModifyTargetGroup", "ModifyTargetGroupAttributes", "DeleteTargetGroup", "RegisterTargets", "DeregisterTargets",
	"CreateListener", "ModifyListener", "DeleteListener", "AddListenerCertificates", "RemoveListenerCertificates", "AddTags",
	"CreateSecurityGroup", "DeleteSecurityGroup", "AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "CreateTags",
	"ImportCertificate", "AddTagsToCertificate", "DeleteCertificate",
	"CreateWebACL", "UpdateWebACL", "DeleteWebACL", "AssociateWebACL", "DisassociateWebACL", "TagResource",
}

// LoseAnswers implements providertest.Cloud.
func (c cloud) LoseAnswers(t *testing.T) bool {
	if c.emulator == nil {
		return false
	}
	c.emulator.ClearFaults()
	t.Cleanup(c.emulator.ClearFaults)
	for _, action := range changingActions {
		c.inject(t, emulator.Fault{Action: action, LoseResponse: true})
	}
	return true
}

func (c cloud) inject(t *testing.T, f emulator.Fault) {
	t.Helper()
	if err := c.emulator.Inject(f); err != nil {
		t.Fatal(err)
	}
}

// testFront is a front that has one of everything.
func testFront(t *testing.T) ir.Front {
	t.Helper()
	targets := []ir.TargetSet{
		{Member: "east", Weight: 90, Addresses: []string{"10.0.1.1", "10.0.1.2"}},
		{Member: "west", Weight: 10, Addresses: []string{"10.0.2.1"}},
	}
	return ir.Front{
		Owner: ir.Owner{Hub: "hub-1", UID: "0b0c0d0e-" + t.Name()[:1], Namespace: "default", Name: "shop"},
		ALB: &awsv1alpha1.ALBConfigSpec{
			Scheme: "internal", WAFEnabled: true, Tags: map[string]string{"team": "shop"},
			Attributes: map[string]string{"idle_timeout.timeout_seconds": "90"},
		},
		Members: []string{"east", "west"},
		Ports: []ir.FrontPort{
			{Port: 80, Protocol: ir.FrontHTTP, Targets: targets},
			{
				Port: 443, Protocol: ir.FrontHTTPS, Targets: targets,
				Certificates: []ir.Certificate{testCertificate(t, "default/shop", "shop.example.com"), testCertificate(t, "default/api", "api.example.com")},
			},
		},
		HealthPort: 15021, HealthPath: "/ready",
	}
}

// testCertificate is a Secret with a certificate that signs itself.
func testCertificate(t *testing.T, secret string, hostnames ...string) ir.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: hostnames[0]}, DNSNames: hostnames,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(der)
	return ir.Certificate{
		Secret: secret, Fingerprint: hex.EncodeToString(sum[:]), Hostnames: hostnames,
		CertPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		KeyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	}
}

// tagDefaultSubnets makes a default VPC's subnets ones that load balancers are put in.
func (c cloud) tagDefaultSubnets(t *testing.T) {
	t.Helper()
	got, err := c.ec2.DescribeSubnets(context.Background(), &ec2.DescribeSubnetsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Subnets {
		_, err := c.ec2.CreateTags(context.Background(), &ec2.CreateTagsInput{Resources: []string{*s.SubnetId}, Tags: []ec2types.Tag{
			{Key: awssdk.String("kubernetes.io/role/elb"), Value: awssdk.String("1")},
			{Key: awssdk.String("kubernetes.io/role/internal-elb"), Value: awssdk.String("1")},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}
