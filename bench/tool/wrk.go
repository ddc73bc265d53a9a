package tool

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// Wrk is GETs of HTTP/1.1 on connections that stay, one after the other.
type Wrk struct {
	Connections int
	TLS         bool
}

// Command implements Tool.
func (w Wrk) Command(target Target, duration time.Duration) []string {
	scheme := "http"
	if w.TLS {
		scheme = "https"
	}
	return []string{
		"wrk", "-t1", "-c" + strconv.Itoa(w.Connections), "-d" + strconv.Itoa(seconds(duration)) + "s", "--timeout", "5s", "--latency",
		"-H", "Host: " + target.Host, fmt.Sprintf("%s://%s%s", scheme, target.Address, target.Path),
	}
}

var (
	wrkRequests = regexp.MustCompile(`(?m)^\s*(\d+) requests in `)
	wrkSockets  = regexp.MustCompile(`Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)`)
	wrkStatus   = regexp.MustCompile(`Non-2xx or 3xx responses: (\d+)`)
	wrkQuantile = regexp.MustCompile(`(?m)^\s*(50|99)%\s+([\d.]+)(us|ms|s)\s*$`)
)

// Parse implements Tool.
func (Wrk) Parse(output string) (r Report, err error) {
	done := wrkRequests.FindStringSubmatch(output)
	if done == nil {
		return r, errOutput
	}
	r.Done = number(done[1])
	for _, pattern := range []*regexp.Regexp{wrkSockets, wrkStatus} {
		found := pattern.FindStringSubmatch(output)
		if found == nil {
			continue
		}
		for _, count := range found[1:] {
			r.Errors += number(count)
		}
		if r.First == "" && r.Errors > 0 {
			r.First = found[0]
		}
	}
	for _, line := range wrkQuantile.FindAllStringSubmatch(output, -1) {
		latency, err := time.ParseDuration(line[2] + line[3])
		if err != nil {
			return r, errOutput
		}
		if line[1] == "50" {
			r.P50 = latency
		} else {
			r.P99 = latency
		}
	}
	return r, nil
}

// number is a number that a pattern has found.
func number(digits string) int64 {
	n, _ := strconv.ParseInt(digits, 10, 64)
	return n
}
