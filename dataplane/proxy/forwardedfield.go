package proxy

import (
	"net/netip"
	"strings"
	"unsafe"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// forwardedField is the value of Forwarded (RFC 7239): what a trusted front says of the way here, and
// our own element. A front that says it with X-Forwarded-For alone is translated (section 7.4).
func (x *exchange) forwardedField(scheme string) string {
	b := x.forwarded[:0]
	if x.trusted {
		b = x.appendWay(b)
	}
	b = appendNode(append(b, "for="...), x.from.address)
	if host := x.req.Authority; strings.ContainsAny(host, ":[]") {
		b = append(append(append(b, `;host="`...), host...), '"')
	} else if host != "" {
		b = append(append(b, ";host="...), host...)
	}
	b = append(append(b, ";proto="...), scheme...)
	x.forwarded = b
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// appendWay adds the elements of those before us. What is not well-formed could hide our own element and is left out.
func (x *exchange) appendWay(b []byte) []byte {
	said := false
	for i := range x.req.Fields {
		if f := &x.req.Fields[i]; f.ID == message.Forwarded && f.Value != "" {
			said = true
			if closesQuotes(f.Value) {
				b = append(append(b, f.Value...), ", "...)
			}
		}
	}
	for i := 0; i < len(x.req.Fields) && !said; i++ {
		if f := &x.req.Fields[i]; f.ID == message.XForwardedFor {
			b = appendChain(b, f.Value)
		}
	}
	return b
}

// appendChain adds an element for each address of an X-Forwarded-For.
func appendChain(b []byte, chain string) []byte {
	for one := range strings.SplitSeq(chain, ",") {
		if one = strings.Trim(one, " \t"); one == "" {
			continue
		}
		address, _ := netip.ParseAddr(one) // "unknown" if it is none
		b = append(appendNode(append(b, "for="...), address), ", "...)
	}
	return b
}

// appendNode adds a node (section 6): an IPv6 address is in brackets, and quoted for them.
func appendNode(b []byte, address netip.Addr) []byte {
	switch address = address.Unmap().WithZone(""); {
	case !address.IsValid():
		return append(b, "unknown"...)
	case address.Is4():
		return address.AppendTo(b)
	}
	return append(address.AppendTo(append(b, `"[`...)), `]"`...)
}

// closesQuotes says whether every quoted string of a value ends in it.
func closesQuotes(value string) bool {
	quoted := false
	for i := 0; i < len(value); i++ {
		switch {
		case value[i] == '"':
			quoted = !quoted
		case value[i] == '\\' && quoted:
			i++
		}
	}
	return !quoted
}
