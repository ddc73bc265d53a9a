package tool

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// H2load is requests of HTTP/2, several at a time on each connection.
type H2load struct {
	Connections, Streams int
	// TLS is HTTP/2 over TLS; without it, the server must know that HTTP/2 comes.
	TLS bool
	// Call, if not "", is a file with a message of gRPC: requests are calls then, instead of GETs.
	Call string
}

// Command implements Tool.
func (h H2load) Command(target Target, duration time.Duration) []string {
	scheme := "http"
	if h.TLS {
		scheme = "https"
	}
	arguments := []string{
		"h2load", "-t1", "-c" + strconv.Itoa(h.Connections), "-m" + strconv.Itoa(h.Streams), "-D" + strconv.Itoa(seconds(duration)),
		"--connect-to=" + target.Address.String(),
	}
	if h.Call != "" {
		arguments = append(arguments, "-d", h.Call, "-H", "content-type: application/grpc", "-H", "te: trailers")
	}
	return append(arguments, fmt.Sprintf("%s://%s%s", scheme, target.Host, target.Path))
}

var (
	h2loadRequests = regexp.MustCompile(`(?m)^requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout`)
	h2loadStatus   = regexp.MustCompile(`(?m)^status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx`)
)

// Parse implements Tool.
func (H2load) Parse(output string) (r Report, err error) {
	requests, status := h2loadRequests.FindStringSubmatch(output), h2loadStatus.FindStringSubmatch(output)
	if requests == nil || status == nil {
		return r, errOutput
	}
	// "failed" is the sum of "errored" and answers that are neither 2xx nor 3xx.
	r.Done, r.Errors = number(requests[2]), number(requests[3])+number(status[2])
	if r.Errors > 0 {
		r.First = requests[0] + "; " + status[0]
	}
	return r, nil
}
