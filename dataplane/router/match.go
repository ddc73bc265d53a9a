package router

import (
	"fmt"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// entry is one match of a rule, ready to be tested. Its path is known from where it stands.
type entry struct {
	rule *Rule
	// predicates are nil when the path is all that is asked for, which is most often so.
	predicates *predicates
}

// predicates are what a match asks for beside its path.
type predicates struct {
	method  string
	headers []value
	query   []value
}

// value is a predicate on a header or a query parameter.
type value struct {
	name, want string
	regex      *regexp.Regexp
}

// draft compiles a match of a rule. An error means that the match can never be true.
func (b *builder) draft(rule *Rule, order int) (draft, error) {
	match := &rule.Config.Matches[order]
	c := draft{entry: entry{rule: rule}, kind: match.PathKind, path: match.Path, order: order}
	var err error
	if c.predicates, err = b.predicates(match); err != nil {
		return c, err
	}
	switch match.PathKind {
	case config.PathExact:
		c.path, err = NormalPath(match.Path)
	case config.PathPrefix:
		c.path, err = NormalPath(match.Path)
		c.path = strings.TrimSuffix(c.path, "/")
	case config.PathMethod:
		c.path, err = normalMethod(match.Path)
	case config.PathRegex:
		_, err = b.compile(match.Path)
	default:
		err = fmt.Errorf("unknown kind %q", match.PathKind)
	}
	if err != nil {
		return c, fmt.Errorf("path %q: %w", match.Path, err)
	}
	return c, nil
}

func (b *builder) predicates(match *config.Match) (*predicates, error) {
	if match.Method == "" && len(match.Headers) == 0 && len(match.Query) == 0 {
		return nil, nil
	}
	p := &predicates{method: match.Method}
	var err error
	if p.headers, err = b.values(match.Headers, textproto.CanonicalMIMEHeaderKey); err != nil {
		return nil, fmt.Errorf("header %w", err)
	}
	if p.query, err = b.values(match.Query, func(name string) string { return name }); err != nil {
		return nil, fmt.Errorf("query parameter %w", err)
	}
	return p, nil
}

func (b *builder) values(matches []config.ValueMatch, canonical func(string) string) ([]value, error) {
	if len(matches) == 0 {
		return nil, nil
	}
	values := make([]value, 0, len(matches))
	for _, m := range matches {
		v := value{name: canonical(m.Name), want: m.Value}
		if m.Regex {
			compiled, err := b.compile(m.Value)
			if err != nil {
				return nil, fmt.Errorf("%q: %w", m.Name, err)
			}
			v.regex = compiled.regex
		}
		values = append(values, v)
	}
	return values, nil
}

// nothing is asked for by predicates that are nil.
var nothing predicates

func (p *predicates) orNothing() *predicates {
	if p == nil {
		return &nothing
	}
	return p
}

// fits tests everything but the path.
func (e *entry) fits(req *Request) bool {
	return e.predicates == nil || e.predicates.fit(req)
}

func (p *predicates) fit(req *Request) bool {
	if p.method != "" && p.method != req.Method {
		return false
	}
	for i := range p.headers {
		got, ok := req.Header.Value(p.headers[i].name)
		if !ok || !p.headers[i].fits(got) {
			return false
		}
	}
	for i := range p.query {
		if !p.query[i].fitsQuery(req.RawQuery) {
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
