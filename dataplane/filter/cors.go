package filter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// CORS is config.CORS in the form in which it is asked. It is safe for concurrent use.
type CORS struct {
	origins                           []origin
	any, credentials                  bool
	anyMethod, anyHeader, anyExposed  bool
	methods, headers, expose, seconds string
}

// origin is an allowed origin, in lower case and without the default port of its scheme.
type origin struct {
	// before and after are what is around the labels that a wildcard is for; without a wildcard before is all of it.
	before, after string
	wildcard      bool
}

// NewCORS makes a CORS of what the configuration says.
func NewCORS(c *config.CORS) *CORS {
	made := &CORS{credentials: c.Credentials}
	for _, text := range c.Origins {
		if text == "*" {
			made.any = true
			continue
		}
		before, after, wildcard := strings.Cut(withoutDefaultPort(strings.ToLower(text)), "*")
		made.origins = append(made.origins, origin{before, after, wildcard})
	}
	made.methods, made.anyMethod = list(c.Methods)
	made.headers, made.anyHeader = list(c.Headers)
	made.expose, made.anyExposed = list(c.Expose)
	if c.MaxAge > 0 {
		made.seconds = strconv.Itoa(int(c.MaxAge))
	}
	return made
}

// list joins values, unless one of them is "*".
func list(values []string) (joined string, wildcard bool) {
	if slices.Contains(values, "*") {
		return "*", true
	}
	return strings.Join(values, ", "), false
}

func withoutDefaultPort(text string) string {
	switch {
	case strings.HasPrefix(text, "http://"):
		return strings.TrimSuffix(text, ":80")
	case strings.HasPrefix(text, "https://"):
		return strings.TrimSuffix(text, ":443")
	}
	return text
}

// Allows says whether answers may be read by scripts of an origin, the value of an Origin field.
func (c *CORS) Allows(text string) bool {
	if c.any {
		return text != ""
	}
	text = withoutDefaultPort(strings.ToLower(text))
	for i := range c.origins {
		if c.origins[i].fits(text) {
			return true
		}
	}
	return false
}

func (o *origin) fits(text string) bool {
	if !o.wildcard {
		return text == o.before
	}
	rest, ok := strings.CutPrefix(text, o.before)
	if !ok {
		return false
	}
	labels, ok := strings.CutSuffix(rest, o.after)
	return ok && labels != "" && strings.Trim(labels, "abcdefghijklmnopqrstuvwxyz0123456789-._") == "" && labels[0] != '.'
}

// Preflight writes the answer to a question what may be asked (Fetch standard, section 3.3.2): from an
// origin, with a method and headers.
func (c *CORS) Preflight(answer Header, from, method, headers string) {
	c.vary(answer)
	if c.anyMethod && c.credentials {
		answer.Add("Vary", "Access-Control-Request-Method")
	}
	if c.anyHeader {
		answer.Add("Vary", "Access-Control-Request-Headers")
	}
	if !c.Allows(from) {
		return
	}
	c.allow(answer, from)
	allowed := c.methods
	if c.anyMethod && c.credentials {
		allowed = method
	}
	set(answer, "Access-Control-Allow-Methods", allowed)
	if allowed = c.headers; c.anyHeader {
		allowed = headers // "*" would leave Authorization out
	}
	set(answer, "Access-Control-Allow-Headers", allowed)
	if !c.anyExposed || !c.credentials {
		set(answer, "Access-Control-Expose-Headers", c.expose)
	}
	set(answer, "Access-Control-Max-Age", c.seconds)
}

// Edit makes the headers of a response what the configuration says, whatever the backend said. The names are those of
// all headers of the response; they are asked for when all are exposed by their names.
func (c *CORS) Edit(response Header, from string, names func() string) {
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
	} {
		response.Del(name)
	}
	c.vary(response)
	if !c.Allows(from) {
		return
	}
	exposed := c.expose
	if c.anyExposed && c.credentials {
		exposed = names() // "*" is the name of a header where there are credentials
	}
	c.allow(response, from)
	set(response, "Access-Control-Expose-Headers", exposed)
}

// vary tells caches that the answer is for one origin.
func (c *CORS) vary(answer Header) {
	if !c.any || c.credentials {
		answer.Add("Vary", "Origin")
	}
}

func (c *CORS) allow(answer Header, from string) {
	if c.any && !c.credentials {
		from = "*"
	}
	answer.Set("Access-Control-Allow-Origin", from)
	if c.credentials {
		answer.Set("Access-Control-Allow-Credentials", "true")
	}
}

func set(answer Header, name, value string) {
	if value != "" {
		answer.Set(name, value)
	}
}
