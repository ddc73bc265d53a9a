package try

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Curl is the request as a line for a shell, sent to address whatever DNS says. ca is the file with the
// certificate to trust; "" for the system's.
func (r Request) Curl(address, ca string) string {
	words := []string{"curl", "-sS"}
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
	words = append(words, quote(scheme+"://"+host+r.Path))
	line := strings.Join(words, " ")
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
