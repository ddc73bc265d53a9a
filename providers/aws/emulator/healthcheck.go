package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// startCheck checks a target until its check is ended. The caller holds mu.
func (p *pool) startCheck(m *member) {
	ctx, cancel := context.WithCancel(context.Background()) // ended by endCheck
	m.stopCheck = cancel
	check, protocol, version := p.spec.check, p.spec.protocol, p.spec.version
	target := targetURL(check, m)
	interval, timeout := p.plane.opts.Timing.healthPace(check)
	p.plane.running.Go(func() {
		client := &http.Client{
			Transport:     p.plane.transport(check.Protocol+"/check/"+protocol, version, timeout),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			result := probe(ctx, client, check, timeout, target)
			if ctx.Err() != nil {
				return
			}
			p.judge(m, result)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	})
}

// healthPace is a check's interval and timeout in the emulator's time. The timeout is not scaled below a second:
// a busy machine is not an unhealthy target.
func (t Timing) healthPace(check healthCheck) (interval, timeout time.Duration) {
	interval = max(t.scaled(time.Duration(check.Interval)*time.Second), 10*time.Millisecond)
	if t.HealthInterval > 0 {
		interval = t.HealthInterval
	}
	return interval, max(t.scaled(time.Duration(check.Timeout)*time.Second), time.Second)
}

// probe answers an empty health if the target passes, and else the state it would be in.
func probe(ctx context.Context, client *http.Client, check healthCheck, timeout time.Duration, url string) health {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return health{"unhealthy", "Target.FailedHealthChecks", err.Error()}
	}
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	req.Close = true // every check finds out anew whether the target accepts connections
	resp, err := client.Do(req)
	var timedOut net.Error
	switch {
	case errors.As(err, &timedOut) && timedOut.Timeout():
		return health{"unhealthy", "Target.Timeout", "Request timed out"}
	case err != nil:
		return health{"unhealthy", "Target.FailedHealthChecks", "Health checks failed"}
	}
	_ = resp.Body.Close() // only the code counts
	if check.HTTPCode != "" && !codeMatches(check.HTTPCode, resp.StatusCode) {
		return health{
			"unhealthy", "Target.ResponseCodeMismatch",
			fmt.Sprintf("Health checks failed with these codes: [%d]", resp.StatusCode),
		}
	}
	return health{}
}
