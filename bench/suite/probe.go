package suite

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/bench/tool"
)

// probe is what a proxy has to answer, whole and unchanged, before it is measured.
type probe struct {
	// size is how long the answer to a GET must be; 0 for no GET.
	size int
	// call asks for the echo of a message of gRPC instead.
	call bool
}

const probeTimeout = 10 * time.Second

var errProbe = errors.New("wrong answer")

func (p probe) run(ctx context.Context, target tool.Target, setup peer.Setup) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	client := newClient(target, setup)
	defer client.CloseIdleConnections()
	url := "http://" + target.Host + target.Path
	if setup.TLS {
		url = "https://" + target.Host + target.Path
	}
	switch {
	case p.call:
		return call(ctx, client, url)
	case p.size > 0:
		return get(ctx, client, url, p.size)
	}
	return nil
}

// newClient is a client that connects to the target whatever the URL says.
func newClient(target tool.Target, setup peer.Setup) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!setup.GRPC)
	protocols.SetUnencryptedHTTP2(setup.GRPC)
	return &http.Client{Transport: &http.Transport{
		Protocols: protocols,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, target.Address.String())
		},
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // the certificate is the harness's own
	}}
}

func get(ctx context.Context, client *http.Client, url string, size int) error {
	body, _, err := exchange(ctx, client, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if want := strings.Repeat("fleetgate.bench\n", size/16); string(body) != want {
		return fmt.Errorf("%w: a body of %d bytes, not %d", errProbe, len(body), size)
	}
	return nil
}

func call(ctx context.Context, client *http.Client, url string) error {
	message := CallMessage(64)
	body, trailer, err := exchange(ctx, client, http.MethodPost, url, message)
	if err != nil {
		return err
	}
	if !bytes.Equal(body, message) || trailer.Get("Grpc-Status") != "0" {
		return fmt.Errorf("%w: %q, trailers %v", errProbe, body, trailer)
	}
	return nil
}

// CallMessage is a message of gRPC with a payload of some size.
func CallMessage(size int) []byte {
	message := binary.BigEndian.AppendUint32([]byte{0}, uint32(size))
	return append(message, bytes.Repeat([]byte{'m'}, size)...)
}

func exchange(ctx context.Context, client *http.Client, method, url string, body []byte) ([]byte, http.Header, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if method == http.MethodPost {
		request.Header.Set("Content-Type", "application/grpc")
		request.Header.Set("TE", "trailers")
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%w: status %d", errProbe, response.StatusCode)
	}
	return text, response.Trailer, err
}
