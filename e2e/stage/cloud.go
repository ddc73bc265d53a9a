package stage

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/fleetgate/fleetgate/e2e/testbed/daemon"
)

const (
	emulatorName = "aws-emulator"
	emulatorPort = "4566"
	// Region is where the scenario's load balancers are.
	Region = "eu-central-1"
	// emulated is the access key and its secret: the emulator takes any.
	emulated = "emulated"
)

// Cloud is the emulated AWS, a process on this machine.
type Cloud struct {
	// Endpoint is what AWS_ENDPOINT_URL is set to; pods reach it too.
	Endpoint string
}

// Config is an SDK configuration for this cloud.
func (c Cloud) Config() aws.Config {
	return aws.Config{
		Region:       Region,
		BaseEndpoint: aws.String(c.Endpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(emulated, emulated, ""),
	}
}

// Resolve returns the address of the load balancer with that DNS name.
func (c Cloud) Resolve(ctx context.Context, dnsName string) (string, error) {
	return c.Admin(ctx, http.MethodGet, "resolve?dns="+url.QueryEscape(dnsName), "")
}

// Admin asks the emulator itself: what it has, which faults to make.
func (c Cloud) Admin(ctx context.Context, method, path, body string) (string, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.Endpoint+"/_emulator/"+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return "", fmt.Errorf("emulator: %s %s: %s: %s", method, path, response.Status, answer)
	}
	return strings.TrimSpace(string(answer)), nil
}

// startCloud starts the emulator on the host's address, which nodes and pods reach, as a daemon of the
// testbed, so that whatever removes the testbed stops it too.
func (s *Stage) startCloud(ctx context.Context) error {
	host := s.Fleet.HostIP.String()
	s.Cloud = Cloud{Endpoint: "http://" + net.JoinHostPort(host, emulatorPort)}
	if s.Fleet.Daemons().Alive(emulatorName) {
		return nil
	}
	program, err := filepath.Abs(filepath.Join(s.options.Bin, "aws-emulator"))
	if err != nil {
		return err
	}
	network := s.Fleet.Options().Network
	err = s.Fleet.Daemons().Start(daemon.Spec{
		Name: emulatorName, Path: program,
		Args: []string{
			"--listen", net.JoinHostPort(host, emulatorPort), "--state", s.scratch("aws.json"),
			"--vpc-cidr", network.String(), "--source", host, "--health-interval", "250ms", "--time-scale", "10",
			"--subnet", "subnet-0a000001," + network.String() + ",a,public", "--subnet", "subnet-0a000002,10.255.1.0/24,b,public",
			"--subnet", "subnet-0b000001," + network.String() + ",a,internal", "--subnet", "subnet-0b000002,10.255.2.0/24,b,internal",
		},
	})
	if err != nil {
		return err
	}
	return s.awaitCloud(ctx)
}

func (s *Stage) awaitCloud(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		if _, err := s.Cloud.Admin(ctx, http.MethodGet, "resources", ""); err == nil {
			return nil
		} else if ctx.Err() != nil {
			return fmt.Errorf("the emulator does not answer: %w\n%s", err, s.Fleet.Daemons().Tail(emulatorName))
		}
		time.Sleep(50 * time.Millisecond)
	}
}
