package filter

import (
	"net"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/router"
)

// Location gives the target of a redirect, and false when the path cannot be edited as asked.
func Location(req *router.Request, result router.Result, redirect *config.Redirect) (string, bool) {
	path, ok := EditPath(req.Path, result.Prefix, redirect.Path)
	if !ok {
		return "", false
	}
	scheme := redirect.Scheme
	if scheme == "" {
		scheme = strings.ToLower(string(result.Listener.Protocol))
	}
	host := redirect.Hostname
	if host == "" {
		host = req.Host
	}
	location := scheme + "://" + authority(host, scheme, redirectPort(redirect, result.Listener)) + path
	if req.RawQuery != "" {
		location += "?" + req.RawQuery
	}
	return location, true
}

// redirectPort derives the port: as asked, else the default of the scheme that was asked for, else the listener's.
func redirectPort(redirect *config.Redirect, listener *config.Listener) int32 {
	switch {
	case redirect.Port != 0:
		return redirect.Port
	case redirect.Scheme != "":
		return defaultPort(redirect.Scheme)
	}
	return listener.Port
}

func authority(host, scheme string, port int32) string {
	if port == 0 || port == defaultPort(scheme) {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), strconv.Itoa(int(port)))
}

func defaultPort(scheme string) int32 {
	switch scheme {
	case "http":
		return 80
	case "https":
		return 443
	}
	return 0
}
