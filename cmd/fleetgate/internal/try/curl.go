package try

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/internal/ir"
)

// Line is the request as a line for a shell, sent to address whatever DNS says. ca is the file with the
// certificate to trust; "" for the system's.
func (r Request) Line(address, ca string) string {
	switch r.Kind {
	case ir.TLSRoute:
		return r.handshake(address, ca)
	case ir.TCPRoute, ir.UDPRoute:
		return r.raw(address)
	}
	return r.curl(address, ca)
}

func (r Request) curl(address, ca string) string {
	words := []string{"curl", "-sS"}
	if r.Kind == ir.GRPCRoute {
		words = append(words, version2(r.TLS))
	}
	scheme, usual := "http", int32(80)
	if r.TLS {
		scheme, usual = "https", 443
		if ca != "" {
			words = append(words, "--cacert", quote(ca))
		}
	}
	port := strconv.Itoa(int(r.Port))
	words = append(words, "--resolve", r.Host+":"+port+":"+bracket(address))
	if r.Method != "" && r.Method != http.MethodGet {
		words = append(words, "-X", r.Method)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		words = append(words, "-H", quote(name+": "+r.Headers[name]))
	}
	if r.FreshID {
		words = append(words, "-H", `"X-Request-Id: $RANDOM-$RANDOM"`)
	}
	host := r.Host
	if r.Port != usual {
		host = net.JoinHostPort(host, port)
	}
	if r.Kind == ir.GRPCRoute {
		words = append(words, "--data-binary", "@-")
	}
	words = append(words, quote(scheme+"://"+host+r.Path))
	line := strings.Join(words, " ")
	if r.Kind == ir.GRPCRoute {
		line = emptyMessage + " | " + line + " | " + withoutFrame
	}
	return r.often(line)
}

// often repeats a line, and counts answers, as the request asks for.
func (r Request) often(line string) string {
	if r.Repeat > 1 {
		line = fmt.Sprintf("for i in $(seq %d); do %s; done", r.Repeat, line)
	}
	if r.Field != "" {
		line += fmt.Sprintf(` | grep -o '"%s":"[^"]*"' | sort | uniq -c`, r.Field)
	}
	return line
}

func bracket(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}

// quote makes text one word of a shell.
func quote(text string) string {
	if strings.ContainsFunc(text, special) {
		return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
	}
	return text
}

func special(c rune) bool {
	return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,", c)
}
