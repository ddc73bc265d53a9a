package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP does the listener's default action.
func (g *gate) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	c := g.config.Load()
	switch c.listener.action.Type {
	case "redirect":
		c.redirect(w, req)
	case "fixed-response":
		f := c.listener.action.FixedResponseConfig
		w.Header().Set("Server", "awselb/2.0")
		if f.ContentType != "" {
			w.Header().Set("Content-Type", f.ContentType)
		}
		w.WriteHeader(status(f.StatusCode))
		_, _ = io.WriteString(w, f.MessageBody) // a client that went away is its own business
	default:
		g.forward(c, w, req)
	}
}

// refuse answers as a load balancer answers for itself.
func refuse(w http.ResponseWriter, code int) {
	w.Header().Set("Server", "awselb/2.0")
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, "<html><head><title>%d %s</title></head><body><center><h1>%[1]d %[2]s</h1></center></body></html>\n",
		code, http.StatusText(code)) // a client that went away is its own business
}

// redirect fills in the placeholders of a redirect action.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
func (c *gateConfig) redirect(w http.ResponseWriter, req *http.Request) {
	rd := c.listener.action.RedirectConfig
	host := req.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	protocol := "HTTP"
	if c.listener.secure {
		protocol = "HTTPS"
	}
	fill := strings.NewReplacer("#{protocol}", protocol, "#{host}", host, "#{port}", strconv.Itoa(c.listener.port),
		"#{path}", strings.TrimPrefix(req.URL.EscapedPath(), "/"), "#{query}", req.URL.RawQuery)
	protocol, port := strings.ToLower(fill.Replace(rd.Protocol)), fill.Replace(rd.Port)
	to := protocol + "://" + fill.Replace(rd.Host) + ":" + port + fill.Replace(rd.Path)
	if query := fill.Replace(rd.Query); query != "" {
		to += "?" + query
	}
	w.Header().Set("Server", "awselb/2.0")
	w.Header().Set("Location", to)
	w.WriteHeader(status(rd.StatusCode))
}

// chooseGroup draws a target group by weight. Health plays no part: a weighted forward does not fail over.
func chooseGroup(groups []weightedGroup) (string, bool) {
	total := 0
	for _, one := range groups {
		total += *one.Weight
	}
	if total == 0 {
		return "", false
	}
	n := rand.IntN(total)
	for _, one := range groups {
		if n -= *one.Weight; n < 0 {
			return one.TargetGroupArn, true
		}
	}
	return "", false // never: n is below the sum of weights
}

func (g *gate) forward(c *gateConfig, w http.ResponseWriter, req *http.Request) {
	arn, ok := chooseGroup(c.listener.action.ForwardConfig.TargetGroups)
	to := g.plane.pool(arn)
	if !ok || to == nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	m, spec := to.pick()
	if m == nil {
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	// A target that has drained, or whose group is gone, is cut off.
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	defer m.onGone(cancel)()
	proxy := &httputil.ReverseProxy{
		Transport:     g.plane.transport(spec.protocol, spec.version, c.front.idle),
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite: func(pr *httputil.ProxyRequest) {
			pr.Out.URL.Scheme = strings.ToLower(spec.protocol)
			pr.Out.URL.Host = m.address
			pr.Out.URL.RawQuery = pr.In.URL.RawQuery // the proxy would drop what it cannot parse
			pr.Out.Host = pr.In.Host
			c.forwardedHeaders(pr)
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			g.plane.opts.Log.Warn("a request failed", "target", m.address, "error", err)
			refuse(w, failureStatus(err))
		},
	}
	proxy.ServeHTTP(w, req.WithContext(ctx))
}

func failureStatus(err error) int {
	var timeout net.Error
	var dial *net.OpError
	switch {
	case errors.As(err, &dial) && dial.Op == "dial" && !dial.Timeout():
		return http.StatusBadGateway
	case errors.As(err, &timeout) && timeout.Timeout():
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// forwardedHeaders are those that a load balancer sets.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func (c *gateConfig) forwardedHeaders(pr *httputil.ProxyRequest) {
	const xff = "X-Forwarded-For"
	prior := pr.In.Header.Values(xff)
	client, _, _ := net.SplitHostPort(pr.In.RemoteAddr)
	switch c.front.xff {
	case "preserve":
		if len(prior) > 0 {
			pr.Out.Header[xff] = prior
		}
	case "remove":
	default:
		pr.Out.Header.Set(xff, strings.Join(append(append([]string{}, prior...), client), ", "))
	}
	proto := "http"
	if c.listener.secure {
		proto = "https"
	}
	pr.Out.Header.Set("X-Forwarded-Proto", proto)
	pr.Out.Header.Set("X-Forwarded-Port", strconv.Itoa(c.listener.port))
	for _, passed := range []string{"Forwarded", "X-Forwarded-Host"} { // ReverseProxy removes them; a load balancer does not
		if values := pr.In.Header.Values(passed); len(values) > 0 {
			pr.Out.Header[passed] = values
		}
	}
	root := "Root=1-" + fmt.Sprintf("%08x", time.Now().Unix()) + "-" + randomHex(24)
	if prior := pr.In.Header.Get("X-Amzn-Trace-Id"); prior != "" {
		root = "Self=" + strings.TrimPrefix(root, "Root=") + ";" + prior
	}
	pr.Out.Header.Set("X-Amzn-Trace-Id", root)
}

// targetURL is where a target's health is asked for.
func targetURL(check healthCheck, m *member) string {
	host := m.address
	if check.Port != "traffic-port" {
		host = net.JoinHostPort(m.target.ID, check.Port)
	}
	u := url.URL{Scheme: strings.ToLower(check.Protocol), Host: host}
	path, query, _ := strings.Cut(check.Path, "?")
	u.Path, u.RawQuery = path, query
	return u.String()
}
