package router

import (
	"cmp"
	"slices"
	"strings"
)

// byPrecedence orders the matches of one path: the first that fits wins. See config.Rule.
func byPrecedence(a, b entry) int {
	return cmp.Or(
		cmp.Compare(rank(b.method != ""), rank(a.method != "")),
		cmp.Compare(len(b.headers), len(a.headers)),
		cmp.Compare(len(b.query), len(a.query)),
		cmp.Compare(a.rule.Config.Created, b.rule.Config.Created),
		strings.Compare(a.rule.Config.Route, b.rule.Config.Route),
		cmp.Compare(a.rule.Config.Index, b.rule.Config.Index),
		cmp.Compare(a.order, b.order),
	)
}

// byExpression orders regular expressions: the longest first.
func byExpression(a, b entry) int {
	return cmp.Or(cmp.Compare(len(b.path), len(a.path)), byPrecedence(a, b))
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sortEntries(entries []entry) {
	slices.SortStableFunc(entries, byPrecedence)
}
