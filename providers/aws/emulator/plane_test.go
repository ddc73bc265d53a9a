package emulator_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestTrafficReachesHealthyTargets(t *testing.T) {
	c := start(t, quick())
	a, b := backend(t, named("a")), backend(t, named("b"))
	lb, tg := c.loadBalancer(t, "traffic"), c.targetGroup(t, "traffic")
	c.register(t, tg, targetOf(a), targetOf(b))
	if got := c.states(t, tg); got[0] != "unused" {
		t.Fatalf("targets of a group no listener uses are %v, want unused", got)
	}
	c.listener(t, *lb.LoadBalancerArn, 8080, forwardTo(group(tg, 1)))
	c.awaitHealthy(t, tg, 2)
	url := "http://" + c.address(t, lb, 8080)
	seen := map[string]int{}
	for range 10 {
		_, body, _ := get(t, url)
		seen[body]++
	}
	if seen["a"] != 5 || seen["b"] != 5 {
		t.Fatalf("ten requests went to %v, want five each", seen)
	}
}

func TestForwardedHeaders(t *testing.T) {
	c := start(t, quick())
	lb, _, _ := c.served(t, "headers", func(w http.ResponseWriter, req *http.Request) {
		fmt.Fprint(w, req.Host, "|", req.Header["X-Forwarded-For"], "|", req.Header.Get("X-Forwarded-Proto"), "|",
			req.Header.Get("X-Forwarded-Port"), "|", req.RequestURI, "|", req.Header.Get("X-Amzn-Trace-Id") != "")
	})
	ask := func() string {
		req := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.address(t, lb, 8080)+"/a%2Fb//c?x=1;y=%zz", nil))
		req.Host = "shop.test"
		req.Header.Set("X-Forwarded-For", "192.0.2.1")
		req.Header.Set("X-Forwarded-Proto", "gopher")
		resp := must[*http.Response](t)(http.DefaultClient.Do(req))
		defer resp.Body.Close()
		return string(must[[]byte](t)(io.ReadAll(resp.Body)))
	}
	if got, want := ask(), "shop.test|[192.0.2.1, 127.0.0.1]|http|8080|/a%2Fb//c?x=1;y=%zz|true"; got != want {
		t.Errorf("the target saw\n%s, want\n%s", got, want)
	}
	for mode, want := range map[string]string{"preserve": "|[192.0.2.1]|", "remove": "|[]|"} {
		_, err := c.elb.ModifyLoadBalancerAttributes(t.Context(), &elb.ModifyLoadBalancerAttributesInput{
			LoadBalancerArn: lb.LoadBalancerArn,
			Attributes:      []elbtypes.LoadBalancerAttribute{{Key: aws.String("routing.http.xff_header_processing.mode"), Value: aws.String(mode)}},
		})
		wantCode(t, err, "")
		if got := ask(); !strings.Contains(got, want) {
			t.Errorf("in mode %s the target saw %s, want %s", mode, got, want)
		}
	}
}

func TestTLSBySNI(t *testing.T) {
	c := start(t, quick())
	lb, tg, _ := c.served(t, "tls", func(w http.ResponseWriter, req *http.Request) { fmt.Fprint(w, req.Header.Get("X-Forwarded-Proto")) })
	def := c.importCertificate(t, selfSigned(t, "EC", "default.test"))
	wild := c.importCertificate(t, selfSigned(t, "EC", "*.shop.test"))
	exact := c.importCertificate(t, selfSigned(t, "EC", "api.shop.test"))
	arn := c.listener(t, *lb.LoadBalancerArn, 8443, forwardTo(group(tg, 1)), def)
	_, err := c.elb.AddListenerCertificates(t.Context(), &elb.AddListenerCertificatesInput{
		ListenerArn: aws.String(arn), Certificates: []elbtypes.Certificate{{CertificateArn: aws.String(wild)}, {CertificateArn: aws.String(exact)}},
	})
	wantCode(t, err, "")
	address := c.address(t, lb, 8443)
	serves := func(name string) string {
		conn := must[*tls.Conn](t)(tls.Dial("tcp", address, &tls.Config{ServerName: name, InsecureSkipVerify: true, NextProtos: []string{"h2"}}))
		defer conn.Close()
		if conn.ConnectionState().NegotiatedProtocol != "h2" {
			t.Error("h2 is not offered")
		}
		return conn.ConnectionState().PeerCertificates[0].DNSNames[0]
	}
	for name, want := range map[string]string{"": "default.test", "other.test": "default.test", "www.shop.test": "*.shop.test", "api.shop.test": "api.shop.test"} {
		if got := serves(name); got != want {
			t.Errorf("for %q it serves %s, want %s", name, got, want)
		}
	}
	rotated := selfSigned(t, "EC", "rotated.test")
	_, err = c.acm.ImportCertificate(t.Context(), &acm.ImportCertificateInput{CertificateArn: aws.String(def), Certificate: rotated.cert, PrivateKey: rotated.key})
	wantCode(t, err, "")
	if got := serves(""); got != "rotated.test" {
		t.Errorf("after import onto the same ARN it serves %s", got)
	}
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer client.CloseIdleConnections()
	resp := must[*http.Response](t)(client.Get("https://" + address))
	defer resp.Body.Close()
	if body := must[[]byte](t)(io.ReadAll(resp.Body)); resp.ProtoMajor != 2 || string(body) != "https" {
		t.Errorf("over HTTP/%d the target saw proto %s", resp.ProtoMajor, body)
	}
}

func TestWeights(t *testing.T) {
	c := start(t, quick())
	lb, stable, arn := c.served(t, "stable", named("stable"))
	canary := c.targetGroup(t, "canary")
	c.register(t, canary, targetOf(backend(t, named("canary"))))
	shift := func(stableWeight, canaryWeight int32) {
		_, err := c.elb.ModifyListener(t.Context(), &elb.ModifyListenerInput{
			ListenerArn: aws.String(arn), DefaultActions: forwardTo(group(stable, stableWeight), group(canary, canaryWeight)),
		})
		wantCode(t, err, "")
	}
	shift(90, 10)
	c.awaitHealthy(t, canary, 1)
	seen := map[string]int{}
	for range 500 {
		_, body, _ := get(t, "http://"+c.address(t, lb, 8080))
		seen[body]++
	}
	// Six standard deviations of 6.7 each: never by chance.
	if n := seen["canary"]; n < 10 || n > 90 || seen["stable"]+n != 500 {
		t.Errorf("of 500 requests at 90:10 %v", seen)
	}
	shift(0, 1)
	for range 20 {
		if _, body, _ := get(t, "http://"+c.address(t, lb, 8080)); body != "canary" {
			t.Fatal("a group with weight 0 got a request")
		}
	}
}

func TestErrorsOfItsOwn(t *testing.T) {
	c := start(t, quick())
	lb, tg := c.loadBalancer(t, "errors"), c.targetGroup(t, "errors")
	c.listener(t, *lb.LoadBalancerArn, 8080, forwardTo(group(tg, 1)))
	if code, _, _ := get(t, "http://"+c.address(t, lb, 8080)); code != http.StatusServiceUnavailable {
		t.Errorf("without targets it answers %d, want 503", code)
	}
	c.register(t, tg, elbtypes.TargetDescription{Id: aws.String("127.0.0.1"), Port: aws.Int32(1)})
	if code, _, _ := get(t, "http://"+c.address(t, lb, 8080)); code != http.StatusBadGateway {
		t.Errorf("with a dead target it answers %d, want 502", code)
	}
	c.listener(t, *lb.LoadBalancerArn, 8081, []elbtypes.Action{{
		Type:           elbtypes.ActionTypeEnumRedirect,
		RedirectConfig: &elbtypes.RedirectActionConfig{Protocol: aws.String("HTTPS"), Port: aws.String("443"), StatusCode: elbtypes.RedirectActionStatusCodeEnumHttp301},
	}})
	ip, _ := c.Resolve(*lb.DNSName)
	if code, _, h := get(t, "http://"+c.address(t, lb, 8081)+"/a/b?c=d"); code != 301 || h.Get("Location") != "https://"+ip+":443/a/b?c=d" {
		t.Errorf("the redirect is %d to %s", code, h.Get("Location"))
	}
	c.listener(t, *lb.LoadBalancerArn, 8082, []elbtypes.Action{{
		Type:                elbtypes.ActionTypeEnumFixedResponse,
		FixedResponseConfig: &elbtypes.FixedResponseActionConfig{StatusCode: aws.String("404"), MessageBody: aws.String("nope"), ContentType: aws.String("text/plain")},
	}})
	if code, body, _ := get(t, "http://"+c.address(t, lb, 8082)); code != 404 || body != "nope" {
		t.Errorf("the fixed response is %d %q", code, body)
	}
}
