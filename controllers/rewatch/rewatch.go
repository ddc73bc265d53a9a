// Package rewatch has watches that return as soon as their API server does. Left alone, client-go asks ever more rarely while
// it is away, and sees nothing for up to a minute after it is back.
package rewatch

import (
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
)

// pace is how long a watch waits before it asks again: up to two seconds, with jitter.
var pace = wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 1 << 30, Cap: 1300 * time.Millisecond}

// Client gives a client whose requests to watch what was listed before ask again until the API server answers, whatever it
// answers, or their context ends. All other requests are as they were. Each try has the credentials of its time, which those
// of a rest.Config.Wrap would not have.
func Client(of *http.Client) *http.Client {
	out := *of
	if out.Transport == nil {
		out.Transport = http.DefaultTransport
	}
	out.Transport = &transport{out.Transport}
	return &out
}

type transport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !resumes(r) {
		return t.next.RoundTrip(r)
	}
	for wait := pace; ; {
		response, err := t.next.RoundTrip(r)
		if err == nil || !isAway(err) {
			return response, err
		}
		timer := time.NewTimer(wait.Step())
		select {
		case <-timer.C:
		case <-r.Context().Done():
			timer.Stop()
			return nil, err
		}
	}
}

// resumes says that a request goes on with a watch. One that begins with the list is not: who waits for that wants to
// know why there is none.
func resumes(r *http.Request) bool {
	if r.Method != http.MethodGet {
		return false
	}
	query := r.URL.Query()
	isTrue := func(name string) bool {
		value, err := strconv.ParseBool(query.Get(name))
		return err == nil && value
	}
	return isTrue("watch") && !isTrue("sendInitialEvents")
}

// isAway says that there was nobody to answer, rather than somebody with the wrong certificate.
func isAway(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial" || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) ||
		utilnet.IsHTTP2ConnectionLost(err) || utilnet.IsTimeout(err)
}
