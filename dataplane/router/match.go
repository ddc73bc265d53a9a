package router

import (
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// entry is one match of a rule, ready to be tested.
type entry struct {
	rule *Rule
	// order is the match's number in the rule.
	order   int
	method  string
	headers []value
	query   []value
	// path is the path in normal form, a prefix without its trailing slash, or the regular expression.
	path string
	// regex and literal, the text that every path which fits begins with, are for PathRegex only.
	regex   *regexp.Regexp
	literal string
}

// value is a predicate on a header or a query parameter.
type value struct {
	name, want string
	regex      *regexp.Regexp
}

// newEntry compiles a match. An error means that the match can never be true.
func newEntry(rule *Rule, order int, match *config.Match) (entry, error) {
	e := entry{rule: rule, order: order, method: match.Method, path: match.Path}
	var err error
	if e.headers, err = newValues(match.Headers, textproto.CanonicalMIMEHeaderKey); err != nil {
		return e, fmt.Errorf("header %w", err)
	}
	if e.query, err = newValues(match.Query, strings.Clone); err != nil {
		return e, fmt.Errorf("query parameter %w", err)
	}
	switch match.PathKind {
	case config.PathExact:
		e.path, err = NormalPath(match.Path)
	case config.PathPrefix:
		e.path, err = NormalPath(match.Path)
		e.path = strings.TrimSuffix(e.path, "/")
	case config.PathRegex:
		err = e.compile()
	default:
		err = fmt.Errorf("unknown kind %q", match.PathKind)
	}
	if err != nil {
		return e, fmt.Errorf("path %q: %w", match.Path, err)
	}
	return e, nil
}

func (e *entry) compile() error {
	loose, err := regexp.Compile(e.path)
	if err != nil {
		return err
	}
	if e.regex, err = whole(e.path); err != nil {
		return err
	}
	// A leading "^" hides the literal, so look behind it.
	if strings.HasPrefix(e.path, "^") {
		if bare, err := regexp.Compile(e.path[1:]); err == nil && !strings.Contains(e.path, "|") {
			loose = bare
		}
	}
	e.literal, _ = loose.LiteralPrefix()
	return nil
}

func newValues(matches []config.ValueMatch, canonical func(string) string) ([]value, error) {
	if len(matches) == 0 {
		return nil, nil
	}
	values := make([]value, 0, len(matches))
	for _, m := range matches {
		v := value{name: canonical(m.Name), want: m.Value}
		if m.Regex {
			var err error
			if v.regex, err = whole(m.Value); err != nil {
				return nil, fmt.Errorf("%q: %w", m.Name, err)
			}
		}
		values = append(values, v)
	}
	return values, nil
}

// whole compiles an expression that must match all of a text.
func whole(expression string) (*regexp.Regexp, error) {
	if _, err := regexp.Compile(expression); err != nil {
		return nil, err
	}
	return regexp.Compile(`\A(?:` + expression + `)\z`)
}

// fits tests everything but the path.
func (e *entry) fits(req *Request) bool {
	if e.method != "" && e.method != req.Method {
		return false
	}
	for i := range e.headers {
		got, ok := req.Header.Value(e.headers[i].name)
		if !ok || !e.headers[i].fits(got) {
			return false
		}
	}
	for i := range e.query {
		if !e.query[i].fitsQuery(req.RawQuery) {
			return false
		}
	}
	return true
}

func (v *value) fits(got string) bool {
	if v.regex != nil {
		return v.regex.MatchString(got)
	}
	return got == v.want
}

func (v *value) fitsQuery(raw string) bool {
	got, ok := queryValue(raw, v.name)
	if !ok {
		return false
	}
	if v.regex != nil {
		return v.regex.MatchString(decoded(got))
	}
	return equalDecoded(got, v.want)
}

// fitsPath tests the path of a regular expression.
func (e *entry) fitsPath(path string) bool {
	return strings.HasPrefix(path, e.literal) && e.regex.MatchString(path)
}
