package proxy

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// pick chooses an endpoint, one that was not tried before if there is one. It is nil when the pool
// has none, or none with room.
func (x *exchange) pick(now time.Time) *balance.Endpoint {
	if x.token != nil {
		if endpoint := x.pickByToken(now); endpoint != nil {
			return endpoint
		}
	}
	if x.pool.Config.Balance == config.BalanceHash {
		if key := x.key(&x.pool.Config.HashOn); key != "" {
			endpoint, _ := x.pool.PickBy(now, balance.Key(key), x.tried) // nil says it
			return endpoint
		}
	}
	return x.pool.Pick(now, x.tried)
}

// key is what the request has in common with others that are to go to the same endpoint; "" when it
// lacks it.
func (x *exchange) key(on *config.HashOn) string {
	switch {
	case on.Header != "":
		return firstValue(x.req.Fields, on.Header)
	case on.Cookie != "":
		return cookie(x.req.Fields, on.Cookie)
	}
	return x.clientAddress()
}

func firstValue(fields []message.Field, name string) string {
	for i := range fields {
		if f := &fields[i]; len(f.Name) == len(name) && strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// cookie gives the value of a cookie (RFC 6265 section 4.2.1); HTTP/2 may bring them in several fields.
func cookie(fields []message.Field, name string) string {
	for i := range fields {
		f := &fields[i]
		if len(f.Name) != len("cookie") || !strings.EqualFold(f.Name, "cookie") {
			continue
		}
		for pair := range strings.SplitSeq(f.Value, ";") {
			if key, value, ok := strings.Cut(strings.Trim(pair, " \t"), "="); ok && key == name {
				return value
			}
		}
	}
	return ""
}

// clientAddress is the address of the connection; of a trusted front's, the last address in
// X-Forwarded-For that is not a trusted one's itself.
func (x *exchange) clientAddress() string {
	if !x.trusted {
		return x.client.addressText
	}
	for _, f := range slices.Backward(x.req.Fields) {
		if f.ID != message.XForwardedFor {
			continue
		}
		for rest := f.Value; rest != ""; {
			at := strings.LastIndexByte(rest, ',')
			last := strings.Trim(rest[at+1:], " \t")
			rest = rest[:max(at, 0)]
			if address, err := netip.ParseAddr(last); err != nil || !contain(x.state.trusted, address.Unmap()) {
				return last
			}
		}
	}
	return x.client.addressText
}
