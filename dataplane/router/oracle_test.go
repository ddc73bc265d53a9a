package router

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// oracle finds the rule the slow and plain way: it lists every match of every host, drops what
// does not fit, and sorts the rest by the precedence of config.Rule's comment.
func oracle(root config.Root, chunks []*config.Chunk, port int32, req *Request) (route string, index int, ok bool) {
	listener := oracleListener(root, port, req.Host)
	if listener == "" {
		return "", 0, false
	}
	var found []candidate
	for _, chunk := range chunks {
		for h := range chunk.Hosts {
			host := &chunk.Hosts[h]
			if host.Listener != listener || !oracleHost(host.Hostname, req.Host) {
				continue
			}
			for r := range host.Rules {
				for m := range host.Rules[r].Matches {
					c := candidate{host, &host.Rules[r], &host.Rules[r].Matches[m], m}
					if c.fits(req) {
						found = append(found, c)
					}
				}
			}
		}
	}
	if len(found) == 0 {
		return "", 0, false
	}
	slices.SortStableFunc(found, candidate.compare)
	return found[0].rule.Route, found[0].rule.Index, true
}

type candidate struct {
	host  *config.Host
	rule  *config.Rule
	match *config.Match
	order int
}

func specificity(hostname string) int {
	switch {
	case hostname == "":
		return 0
	case strings.HasPrefix(hostname, "*."):
		return len(hostname)
	}
	return 1000
}

func oracleListener(root config.Root, port int32, host string) string {
	name, best := "", -1
	for _, l := range root.Listeners {
		if l.Port == port && oracleHost(l.Hostname, host) && specificity(l.Hostname) > best {
			name, best = l.Name, specificity(l.Hostname)
		}
	}
	return name
}

func oracleHost(pattern, host string) bool {
	if pattern == "" || pattern == host {
		return true
	}
	suffix, ok := strings.CutPrefix(pattern, "*")
	return ok && strings.HasSuffix(host, suffix) && len(host) > len(suffix)
}

func (c candidate) fits(req *Request) bool {
	m := c.match
	if m.Method != "" && m.Method != req.Method || !oraclePath(m, req.Path) {
		return false
	}
	for _, h := range m.Headers {
		got, ok := req.Header.Value(h.Name)
		if !ok || !oracleValue(h, got) {
			return false
		}
	}
	query, _ := url.ParseQuery(req.RawQuery)
	for _, q := range m.Query {
		if !query.Has(q.Name) || !oracleValue(q, query.Get(q.Name)) {
			return false
		}
	}
	return true
}

func oraclePath(m *config.Match, path string) bool {
	switch m.PathKind {
	case config.PathExact:
		return path == m.Path
	case config.PathPrefix:
		prefix := strings.TrimSuffix(m.Path, "/")
		return path == prefix || strings.HasPrefix(path, prefix+"/")
	case config.PathMethod:
		segments := strings.Split(path, "/")
		return len(segments) == 3 && segments[0] == "" && segments[1] != "" && segments[2] == m.Path
	}
	return oracleValue(config.ValueMatch{Value: m.Path, Regex: true}, path)
}

func oracleValue(m config.ValueMatch, got string) bool {
	if !m.Regex {
		return m.Value == got
	}
	return regexp.MustCompile("^(?:" + m.Value + ")$").MatchString(got)
}

func (c candidate) compare(d candidate) int {
	return cmp.Or(
		cmp.Compare(specificity(d.host.Hostname), specificity(c.host.Hostname)),
		cmp.Compare(c.host.Tier, d.host.Tier),
		cmp.Compare(kindRank(c.match), kindRank(d.match)),
		cmp.Compare(pathLength(d.match), pathLength(c.match)),
		cmp.Compare(rank(d.match.Method != ""), rank(c.match.Method != "")),
		cmp.Compare(len(d.match.Headers), len(c.match.Headers)),
		cmp.Compare(len(d.match.Query), len(c.match.Query)),
		cmp.Compare(c.rule.Created, d.rule.Created),
		cmp.Compare(c.rule.Route, d.rule.Route),
		cmp.Compare(c.rule.Index, d.rule.Index),
		cmp.Compare(c.order, d.order),
	)
}

func kindRank(m *config.Match) int {
	if m.PathKind == config.PathPrefix && m.Path == "/" {
		return 10 // after everything else
	}
	return slices.Index([]config.PathKind{config.PathExact, config.PathRegex, config.PathPrefix, config.PathMethod}, m.PathKind)
}

func pathLength(m *config.Match) int {
	if m.PathKind == config.PathPrefix {
		return len(strings.TrimSuffix(m.Path, "/"))
	}
	return len(m.Path)
}
